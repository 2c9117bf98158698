import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { findAccount, updateAccount } from '../../src/store/accounts.ts';
import { listAudit } from '../../src/store/audit.ts';
import { listOutbox } from '../../src/store/outbox.ts';
import { account, enter as enterAt, known } from '../support/account.ts';
import { install, type Install } from '../support/install.ts';
import type { HttpBrowser, Page } from '../support/http-browser.ts';
import { person, profile } from '../support/journeys.ts';

const [jolanda, twin] = ['cak-active', 'cak-twin'].map((id) => person(id).account?.id ?? '') as [string, string];
const [email, theirEmail] = ['jolanda.vries@rietoever.example', 'jan.vries@veldzicht.example'];
const { email: _, ...details } = profile;

let sluis: Install;
beforeAll(async () => { sluis = await install(); }, 60_000);
afterAll(() => sluis?.stop());

const db = () => sluis.host('cak').database.db;
const enter = (...who: [id?: string, path?: string, browser?: HttpBrowser]) => enterAt(sluis, ...who);
const mails = async (to: string) => (await listOutbox(db(), { to, limit: 50 })).map(({ subject, code }) => ({ subject, code }));

describe('details', () => {
  test('are changed, recorded by name of the field only, and told by mail', async () => {
    const { browser, page } = await enter('cak-active', '/details');
    const wrong = await browser.post(`${account}/details`, { csrf: page.hidden['csrf'] ?? '', ...details, family_name: '', phone: '12', initials: '\u202e' });
    expect([wrong.status, wrong.problems]).toEqual([422, ['profile.initials.characters', 'profile.family_name.required', 'profile.phone.format']]);
    expect(wrong.html).toContain('value="12"');
    const saved = await browser.post(`${account}/details`, { csrf: page.hidden['csrf'] ?? '', ...details, family_name: 'O’Brien-van ’t Hoff', given_name: 'José', email: 'mallory@example.org' });
    expect([saved.status, new URL(saved.url).search]).toEqual([200, '?saved=details']);
    expect(await findAccount(db(), jolanda)).toMatchObject({ family_name: 'O’Brien-van ’t Hoff', given_name: 'José', email });
    const [row] = await listAudit(db(), { event: 'profile.changed', limit: 1 });
    expect(row).toMatchObject({ account_id: jolanda, actor: { id: jolanda }, detail: { fields: expect.arrayContaining(['family_name']) } });
    expect(JSON.stringify(row?.detail)).not.toContain('Brien');
    expect((await mails(email)).map(({ subject }) => subject)).toContain('Uw gegevens zijn gewijzigd');
  });

  test('the language of mails and pages', async () => {
    const { browser, page } = await enter('cak-active', '/details');
    const csrf = page.hidden['csrf'] ?? '';
    expect((await browser.post(`${account}/language`, { csrf, language: 'xx' })).problems).toEqual(['account.language.required']);
    expect((await browser.post(`${account}/language`, { csrf, language: 'en' })).html).toContain('Your language was saved');
    expect((await browser.get(`${account}/`)).html).toContain('Your account');
    await browser.post(`${account}/language`, { csrf, language: 'nl' });
  });
});

describe('another address for mail', () => {
  const fresh = 'jolanda.nieuw@rietoever.example';
  const ask = async (browser: HttpBrowser, page: Page, address: string): Promise<Page> => browser.post(`${account}/details/email`, { csrf: page.hidden['csrf'] ?? '', email: address });
  const codeTo = async (address: string): Promise<string> => (await mails(address)).find(({ code }) => code)?.code ?? '';
  beforeEach(async () => {
    sluis.advance(3600);
    await updateAccount(db(), jolanda, { email });
    await db().deleteFrom('outbox').execute();
  });

  test('counts when the code that was sent there is typed; the old address is told', async () => {
    const { browser, page } = await enter('cak-active', '/details/email');
    expect((await ask(browser, page, 'no address')).problems).toEqual(['profile.email.format']);
    expect((await ask(browser, page, email.toUpperCase())).problems).toEqual(['account.email.same']);
    const typing = await ask(browser, page, fresh);
    expect(typing.html).toContain(fresh);
    expect((await findAccount(db(), jolanda))?.email).toBe(email);
    const fields = { csrf: typing.hidden['csrf'] ?? '', change: typing.hidden['change'] ?? '' };
    const wrong = await browser.post(`${account}/details/email`, { ...fields, code: 'AAAA-AAAA-AA' });
    expect([wrong.status, wrong.problems]).toEqual([422, ['account.email.wrong']]);
    const right = await browser.post(`${account}/details/email`, { ...fields, code: (await codeTo(fresh)).toLowerCase().replaceAll('-', ' ') });
    expect(new URL(right.url).search).toBe('?saved=email');
    expect((await findAccount(db(), jolanda))?.email).toBe(fresh);
    expect((await mails(email)).map(({ subject }) => subject)).toContain('Uw e-mailadres is gewijzigd');
    expect(await listAudit(db(), { event: 'email.changed', limit: 1 })).toMatchObject([{ account_id: jolanda, detail: {} }]);
    expect((await browser.post(`${account}/details/email`, { ...fields, code: await codeTo(fresh) })).problems).toEqual(['account.email.gone']);
  });

  test('another person\'s code and handle are worth nothing, and guesses are counted', async () => {
    const { browser, page } = await enter('cak-active', '/details/email');
    const typing = await ask(browser, page, fresh);
    const code = await codeTo(fresh);
    const { browser: other, page: theirs } = await enter('cak-twin', '/details/email');
    const stolen = await other.post(`${account}/details/email`, { csrf: theirs.hidden['csrf'] ?? '', change: typing.hidden['change'] ?? '', code });
    expect(stolen.problems).toEqual(['account.email.gone']);
    expect(stolen.html).not.toContain(fresh);
    expect((await other.get(`${account}/details/email?change=${typing.hidden['change']}`)).html).not.toContain(fresh);
    const fields = { csrf: typing.hidden['csrf'] ?? '', change: typing.hidden['change'] ?? '' };
    const guesses = await Promise.all(Array.from({ length: 20 }, (_one, n) => browser.post(`${account}/details/email`, { ...fields, code: `AAAA-AAAA-${20 + n}` })));
    expect(guesses.filter(({ problems }) => problems[0] === 'account.email.wrong')).toHaveLength(10);
    expect((await browser.post(`${account}/details/email`, { ...fields, code })).problems).toEqual(['account.email.wait']);
    expect((await findAccount(db(), twin))?.email).toBe(theirEmail);
  });

  test('nobody\'s mailbox is filled', async () => {
    const { browser, page } = await enter('cak-active', '/details/email');
    const answers = [];
    for (let n = 0; n < 6; n += 1) answers.push((await ask(browser, page, fresh)).status);
    expect(answers).toEqual([200, 200, 200, 200, 200, 429]);
    expect(await mails(fresh)).toHaveLength(5);
  });

  test('asks a login that is fresh, and comes back', async () => {
    const { browser, page } = await enter();
    sluis.advance(601);
    const again = await browser.get(`${account}/details/email`);
    expect(again.step).toBe('password');
    expect((await browser.get(`${account}/details`)).status).toBe(200);
    expect((await ask(browser, page, fresh)).step).toBe('password');
    expect(await mails(fresh)).toEqual([]);
    const back = await browser.submit(again, known('cak-active'));
    expect([back.status, new URL(back.url).pathname]).toEqual([200, `${account}/details/email`]);
    expect((await ask(browser, back, fresh)).html).toContain(fresh);
  });

  test('who logs in as somebody else on the way comes to their own page', async () => {
    const { browser } = await enter();
    sluis.advance(601);
    const back = await browser.submit(await browser.get(`${account}/details/email`), known('cak-twin'));
    expect(back.html).toContain(theirEmail);
    expect(back.html).not.toContain(email);
  });
});
