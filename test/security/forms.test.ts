import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { listAccounts } from '../../src/store/accounts.ts';
import { listAudit } from '../../src/store/audit.ts';
import { listOutbox } from '../../src/store/outbox.ts';
import { findRun, type RunRow } from '../../src/store/runs.ts';
import { install, type Install } from '../support/install.ts';
import { arrive, brokerAnswer, depart, ib, login, loginCak, membershipOf, person, portals, profile, registerAt, throughBroker } from '../support/journeys.ts';

describe('forms', () => {
  let sluis: Install;
  beforeAll(async () => { sluis = await install(); }, 60_000);
  afterAll(() => sluis?.stop());

  const db = () => sluis.host(ib).database.db;
  const rowOf = async (url: string): Promise<RunRow | undefined> => findRun(db(), new URL(url).pathname.split('/')[3] ?? '');

  test.each<[string, (csrf: string) => Record<string, string>]>([
    ['no CSRF token', () => ({})],
    ['an empty CSRF token', () => ({ csrf: '' })],
    ['a wrong CSRF token', (csrf) => ({ csrf: `${csrf.slice(0, -1)}${csrf.endsWith('A') ? 'B' : 'A'}` })],
    ['a huge CSRF token', () => ({ csrf: 'A'.repeat(10_000) })],
  ])('a post with %s: page with the way back, nothing changed, nothing lost', async (_name, csrf) => {
    const browser = sluis.browser();
    const page = await arrive(browser);
    const before = await rowOf(page.url);
    const { csrf: token = '', ...hidden } = page.hidden;
    const refused = await browser.post(page.action, { ...hidden, broker: 'rpn', ...csrf(token) });
    expect([refused.status, refused.end]).toEqual([403, 'csrf']);
    expect(refused.html).toContain(`href="${new URL(page.url).pathname}"`);
    expect(await rowOf(page.url)).toEqual(before);
    expect((await throughBroker(sluis, browser, await browser.get(page.url), 'ib-user')).answer['code']).toBeTruthy();
  });

  test('the CSRF token of one run is worth nothing in another', async () => {
    const browser = sluis.browser();
    const [one, two] = [await arrive(browser), await arrive(browser)];
    expect((await browser.post(two.action, { ...two.hidden, csrf: one.hidden['csrf'] ?? '', broker: 'rpn' })).end).toBe('csrf');
  });

  test('a login form of another site cannot log somebody in as somebody else: without its page there is no token', async () => {
    const page = await sluis.browser().postOnly('/cak/login/none', { relation_number: '100231', username: 'jdevries', password: 'x' });
    expect([page.status, page.end]).toEqual([404, 'session_not_found']);
  });

  test('a post from a stale tab changes nothing and shows the current page', async () => {
    const browser = sluis.browser();
    const stale = await arrive(browser, 'portaal-zorg');
    const current = await throughBroker(sluis, browser, await browser.get(stale.url), 'ib-new');
    expect(current.step).toBe('profile');
    const before = await rowOf(stale.url);
    const shown = await browser.submit(stale, { broker: 'rpn' });
    expect([shown.status, shown.step]).toEqual([200, 'profile']);
    expect(await rowOf(stale.url)).toEqual(before);
  });

  test.each([['version', '999'], ['version', '-1'], ['version', 'abc'], ['version', '1e400'], ['binding', 'nope'], ['binding', '\u0000'], ['binding', '__proto__']])('a post with another %s (%s) changes nothing', async (name, value) => {
    const browser = sluis.browser();
    const page = await arrive(browser);
    const before = await rowOf(page.url);
    const shown = await browser.submit(page, { broker: 'rpn', [name]: value });
    expect([shown.status, shown.step, shown.problems]).toEqual([200, 'broker', []]);
    expect(await rowOf(page.url)).toEqual(before);
  });

  test('what was typed stays when something is wrong, in another language too, and strange characters do no harm', async () => {
    const browser = sluis.browser();
    const page = await login(sluis, browser, 'ib-new');
    const typed = { ...profile, family_name: '<b>"O\'Nguyễn"</b> & \u202eabc', email: 'nowhere', initials: 'C\u0000D' };
    const back = await browser.submit(page, typed);
    expect(back.status).toBe(200);
    expect(back.problems).toContain('profile.email.format');
    for (const shown of [back, await browser.get(`${back.url}?lang=en`)]) {
      expect(shown.html).toContain('value="nowhere"');
      expect(shown.html).toContain('&lt;b&gt;');
      expect(shown.html).not.toContain('<b>"');
    }
  });

  test.each([['huge values', 'x'.repeat(5000)], ['NUL', 'a\u0000b'], ['bidi', '\u202eabc\u2066'], ['a lone surrogate', '\ud800']])('%s in every field of the profile give a clear answer, never a failure', async (_name, value) => {
    const browser = sluis.browser();
    const page = await login(sluis, browser, 'ib-new');
    const back = await browser.submit(page, Object.fromEntries(Object.keys(profile).map((name) => [name, value])));
    expect([back.status, back.step]).toEqual([200, 'profile']);
    expect(back.problems.length).toBeGreaterThan(0);
  });

  test('a form sent ten times at once: one registration, one journal entry, one message', async () => {
    const browser = sluis.browser();
    const page = await login(sluis, browser, 'ib-plus');
    const before = (await listAccounts(db(), { limit: 1000 })).length;
    const all = await Promise.all(Array.from({ length: 10 }, () => browser.copy().submit(page, profile)));
    expect(new Set(all.map(({ status, step }) => `${status} ${step}`))).toEqual(new Set(['200 verification-code']));
    expect((await listAccounts(db(), { limit: 1000 })).length).toBe(before + 1);
    const journal = JSON.parse((await rowOf(page.url))?.journal ?? '[]') as { binding: string }[];
    expect(journal.filter(({ binding }) => binding === 'profile')).toHaveLength(1);
    const mails = await listOutbox(db(), { channel: 'mail' });
    expect(mails.filter(({ text }) => text.includes(profile.family_name))).toHaveLength(1);
    expect(await membershipOf(sluis, 'ib-plus')).toBeTruthy();
  });

  test('the same person registering in two tabs at once is registered once; both tabs end up at the code', async () => {
    const browser = sluis.browser();
    const pages = [await login(sluis, browser, 'ib-new-admin'), await login(sluis, browser, 'ib-new-admin')];
    const asked = await Promise.all(pages.map((page) => browser.submit(page, { administrator: 'yes' })));
    const before = (await listAccounts(db(), { limit: 1000 })).length;
    const done = await Promise.all(asked.map((page) => browser.submit(page, profile)));
    expect(done.map(({ status, step }) => `${status} ${step}`)).toEqual(['200 verification-code', '200 verification-code']);
    expect((await listAccounts(db(), { limit: 1000 })).length).toBe(before + 1);
  });

  test('two tabs at once: both complete, each with its own answer', async () => {
    const browser = sluis.browser();
    const tabs = [await arrive(browser, 'werk-en-inkomen', { state: 'tab-1' }), await arrive(browser, 'portaal-zorg', { state: 'tab-2' })];
    const answers = [];
    for (const tab of tabs) answers.push(await browser.postOnly(`/${ib}/saml/acs`, brokerAnswer(sluis, await depart(browser, tab, 'rpn'), person('ib-user'))));
    const [one, two] = [await browser.follow(answers[0]!), await browser.follow(answers[1]!)];
    expect([one.answer['state'], two.answer['state']]).toEqual(['tab-1', 'tab-2']);
    expect([one.answer['code'], two.answer['code']]).toEqual([expect.any(String), expect.any(String)]);
  });

  test('the back button after the login: no error of ours, and nobody is logged in a second time', async () => {
    const browser = sluis.browser();
    const page = await arrive(browser);
    const done = await throughBroker(sluis, browser, page, 'ib-user');
    expect(done.answer['code']).toBeTruthy();
    const completed = (await listAudit(db(), { event: 'login.completed' })).length;
    for (const back of [await browser.get(page.url), await browser.submit(page, { broker: 'rpn' })]) {
      expect([400, 410]).toContain(back.status);
      expect(back.html).toContain(`href="${portals}/werk-en-inkomen/"`);
      expect(back.location ?? '').not.toContain('code=');
    }
    expect((await listAudit(db(), { event: 'login.completed' })).length).toBe(completed);
  });

  test('a password is never shown again, neither is a code', async () => {
    const browser = sluis.browser();
    const page = await arrive(browser, 'mijn-cak-zakelijk');
    const wrong = await browser.submit(page, { relation_number: '100231', username: 'jdevries', password: 'Wrong-secret-77' });
    expect(wrong.problems).toEqual(['password.wrong']);
    expect(wrong.html).toContain('value="jdevries"');
    expect(wrong.html).not.toContain('Wrong-secret-77');
    expect((await loginCak(sluis.browser())).answer['code']).toBeTruthy();
    const code = sluis.browser();
    const refused = await code.submit((await registerAt(sluis, code, 'ib-new', 'portaal-zorg')).page, { code: 'QQQQ-QQQQ-QQ' });
    expect(refused.problems).toEqual(['verification-code.wrong']);
    expect(refused.html).not.toContain('QQQQ');
  });
});
