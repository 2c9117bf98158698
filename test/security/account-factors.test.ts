import { generateSync } from 'otplib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { hashGate } from '../../src/domain/passwords/gate.ts';
import { hashPassword } from '../../src/domain/passwords/hash.ts';
import { findPassword, putPassword } from '../../src/store/accounts.ts';
import { listAudit } from '../../src/store/audit.ts';
import { findFactors, listRecoveryCodes, replaceRecoveryCodes } from '../../src/store/factors.ts';
import { listOutbox } from '../../src/store/outbox.ts';
import { listSessions } from '../../src/store/sessions.ts';
import { account, enter as enterAt, known } from '../support/account.ts';
import { install, type Install } from '../support/install.ts';
import type { HttpBrowser, Page } from '../support/http-browser.ts';
import { ib, loginCak, person, throughBroker } from '../support/journeys.ts';

const [jolanda, twin] = ['cak-active', 'cak-twin'].map((id) => person(id).account?.id ?? '') as [string, string];
const email = 'jolanda.vries@rietoever.example';

let sluis: Install;
let hash: string;
beforeAll(async () => {
  sluis = await install();
  hash = await hashPassword(known('cak-active').password, sluis.host('cak').realm.login.argon2);
}, 60_000);
afterAll(() => sluis?.stop());
beforeEach(async () => {
  await db().deleteFrom('sessions').execute();
  await db().deleteFrom('counters').execute();
  await db().deleteFrom('password_history').execute();
  await db().deleteFrom('outbox').execute();
  await putPassword(db(), { account_id: jolanda, hash, changed_at: sluis.now() });
});

const db = () => sluis.host('cak').database.db;
const enter = (...who: [id?: string, path?: string, browser?: HttpBrowser]) => enterAt(sluis, ...who);
const subjects = async (to = email) => (await listOutbox(db(), { to, limit: 50 })).map(({ subject }) => subject);
const kinds = async (id = jolanda) => (await findFactors(db(), id)).map(({ kind }) => kind).toSorted();
const at = (page: Page): { path: string; search: URLSearchParams } => ({ path: new URL(page.url).pathname, search: new URL(page.url).searchParams });

describe('CAK-5 the password', () => {
  const change = (browser: HttpBrowser, page: Page, fields: Record<string, string>): Promise<Page> => browser.post(`${account}/password`, { csrf: page.hidden['csrf'] ?? '', ...fields });

  test('the present one is asked, each broken rule is named, and the new one counts; other sessions end', async () => {
    const { browser, page } = await enter('cak-active', '/password');
    const elsewhere = sluis.browser();
    await loginCak(elsewhere);
    expect(page.html).toContain('data-rule="new-password.short"');
    expect((await change(browser, page, {})).problems).toEqual(['account.password.required']);
    const current_password = known('cak-active').password;
    expect((await change(browser, page, { current_password: 'Fout-Woord-12', new_password: 'Nieuwe-Brug-41-Hoog' })).problems).toEqual(['account.password.wrong']);
    const broken = await change(browser, page, { current_password, new_password: 'jdevries' });
    expect([broken.status, broken.problems]).toEqual([422, expect.arrayContaining(['new-password.short', 'new-password.username', 'new-password.classes'])]);
    expect(broken.html).not.toContain(current_password);
    expect(await listSessions(db(), { accountId: jolanda })).toHaveLength(2);
    const done = await change(browser, page, { current_password, new_password: 'Nieuwe-Brug-41-Hoog' });
    expect([done.status, at(done).search.get('saved')]).toEqual([200, 'password']);
    expect(await listSessions(db(), { accountId: jolanda })).toHaveLength(1);
    expect((await listAudit(db(), { event: 'password.changed', limit: 1 }))[0]).toMatchObject({ account_id: jolanda, actor: { id: jolanda }, detail: { reason: 'own' } });
    expect(await subjects()).toEqual(['Uw wachtwoord is gewijzigd']);
    expect((await change(browser, page, { current_password: 'Nieuwe-Brug-41-Hoog', new_password: current_password })).problems).toEqual(['new-password.history']);
    expect((await enter()).page.problems).toEqual(['password.wrong']);
  });

  test('guesses at the present one wait as those of a login do: of fifty at once five are judged', async () => {
    const { browser, page } = await enter('cak-active', '/password');
    await db().deleteFrom('counters').execute();
    const answers = await Promise.all(Array.from({ length: 50 }, (_one, n) => change(browser, page, { current_password: `Fout-${n}`, new_password: 'Nieuwe-Brug-41-Hoog' })));
    const said = answers.flatMap(({ problems }) => problems);
    expect(said.filter((code) => code === 'account.password.wrong')).toHaveLength(5);
    expect(said).toContain('password.wait');
    expect((await findPassword(db(), jolanda))?.hash).toBe(hash);
    // who guesses here keeps nobody from logging in
    expect((await loginCak(sluis.browser())).problems).toEqual([]);
  });

  test('empty, huge and strange ones are refused by name; nothing is found for who has none', async () => {
    const { browser, page } = await enter('cak-active', '/password');
    const current_password = known('cak-active').password;
    for (const new_password of ['', ' ', 'x'.repeat(5000), '\u202egnirevo-41-X', '\u0000\u0000']) {
      const refused = await change(browser, page, { current_password, new_password });
      expect([refused.status, refused.problems.every((code) => code.startsWith('new-password.'))]).toEqual([422, true]);
    }
    const other = sluis.browser();
    const home = await throughBroker(sluis, other, await other.get(`/${ib}/account/`), 'ib-user');
    for (const way of ['password', 'questions', 'two-step', 'two-step/set-up', 'two-step/remove?kind=totp']) expect([way, (await other.get(`/${ib}/account/${way}`)).status]).toEqual([way, 404]);
    expect((await other.post(`/${ib}/account/password`, { csrf: home.hidden['csrf'] ?? '', current_password: 'x', new_password: 'y' })).status).toBe(404);
  });

  test('with a second factor the login must be fresh', async () => {
    const { browser, page } = await enter();
    sluis.advance(601);
    expect((await browser.get(`${account}/password`)).step).toBe('password');
    expect((await change(browser, page, { current_password: known('cak-active').password, new_password: 'Nieuwe-Brug-41-Hoog' })).step).toBe('password');
    expect((await findPassword(db(), jolanda))?.hash).toBe(hash);
  });
});

test('too busy to judge a form of passwords or answers: 503, and it may be sent again', async () => {
  const [{ browser, page }, answering] = [await enter('cak-active', '/password'), await enter('cak-active', '/questions')];
  let free = (): void => undefined;
  const hold = new Promise<void>((resolve) => { free = resolve; });
  const full = Array.from({ length: 200 }, () => hashGate.run(() => hold).catch(() => undefined));
  try {
    const csrf = page.hidden['csrf'] ?? '';
    const password = await browser.post(`${account}/password`, { csrf, current_password: known('cak-active').password, new_password: 'Nieuwe-Brug-41-Hoog' });
    const questions = await answering.browser.post(`${account}/questions`, {
      csrf: answering.page.hidden['csrf'] ?? '', question_1: 'first-street', answer_1: 'Dijkstraat', question_2: 'first-pet', answer_2: 'Bello', question_3: 'first-job', answer_3: 'Bakkerij Molen',
    });
    for (const { status, headers } of [password, questions]) expect([status, headers.get('retry-after')]).toEqual([503, '5']);
    expect([password.problems, questions.problems]).toEqual([['password.busy'], ['questions.busy']]);
  } finally {
    free();
    await Promise.all(full);
  }
});

describe('CAK-8 two-step verification', () => {
  const post = (browser: HttpBrowser, page: Page, way: string, fields: Record<string, string> = {}): Promise<Page> => browser.post(`${account}/two-step/${way}`, { csrf: page.hidden['csrf'] ?? '', ...fields });
  const secretOf = ({ html }: Page): string => [.../data-totp-secret>(.*?)<\/p>/.exec(html)?.[1]?.matchAll(/<span>(\w+)<\/span>/g) ?? []].map(([, part]) => part).join('');
  const codesOf = ({ html }: Page): string[] => [...html.matchAll(/<li>((?:[A-Z2-9]{4}-){2}[A-Z2-9]{4})<\/li>/g)].map(([, code = '']) => code);

  test('another app takes the place of the one that is there, after its code', async () => {
    const { browser, page } = await enter('cak-active', '/two-step');
    expect(page.html).toContain('data-factor="totp" data-there="yes"');
    const [before] = await findFactors(db(), jolanda);
    const shown = await post(browser, page, 'set-up', { method: 'totp' });
    const secret = secretOf(shown);
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(shown.html).toContain('class="sluis-qr"');
    const setup = shown.hidden['setup'] ?? '';
    expect((await post(browser, page, 'set-up', { setup, code: '' })).problems).toEqual(['second-factor.code.required']);
    expect((await post(browser, page, 'set-up', { setup, code: '000000' })).problems).toEqual(['second-factor.code.wrong']);
    expect((await findFactors(db(), jolanda))[0]?.secret).toBe(before?.secret);
    const done = await post(browser, page, 'set-up', { setup, code: generateSync({ secret, epoch: sluis.now() }) });
    expect(at(done).search.get('saved')).toBe('added');
    expect(await kinds()).toEqual(['totp']);
    expect((await findFactors(db(), jolanda))[0]?.secret).not.toBe(before?.secret);
    expect(await listAudit(db(), { event: 'factor.added', limit: 1 })).toMatchObject([{ account_id: jolanda, detail: { kind: 'totp', replaced: true } }]);
    expect((await subjects()).length).toBeGreaterThan(0);
    // the same form once more: there is nothing left to go on with
    expect(at(await post(browser, page, 'set-up', { setup, code: generateSync({ secret, epoch: sluis.now() }) })).path).toBe(`${account}/two-step`);
  });

  test('a form that is sent twice adds one, and the second answer says that recovery codes were shown', async () => {
    await replaceRecoveryCodes(db(), jolanda, []);
    const { browser, page } = await enter('cak-active', '/two-step');
    const shown = await post(browser, page, 'set-up', { method: 'totp' });
    const fields = { csrf: page.hidden['csrf'] ?? '', setup: shown.hidden['setup'] ?? '', code: generateSync({ secret: secretOf(shown), epoch: sluis.now() }) };
    const answers = await Promise.all([1, 2].map(() => browser.postOnly(`${account}/two-step/set-up`, fields)));
    const said = answers.map(({ location = '' }) => new URL(location, 'https://sluis.example').searchParams);
    expect(said.map((one) => one.get('saved')).toSorted()).toEqual(['added', null]);
    const [first, second] = answers.toSorted((one) => (one.location?.includes('added') ? -1 : 1));
    expect((await browser.get(second?.location ?? '')).html).toContain('Herstelcodes zijn maar 1 keer te zien');
    expect(codesOf(await browser.get(first?.location ?? ''))).toHaveLength(10);
  });

  test('a phone: a number that cannot be called, then the code that was sent', async () => {
    const { browser, page } = await enter('cak-active', '/two-step');
    const form = await post(browser, page, 'set-up', { method: 'sms' });
    expect((await post(browser, form, 'set-up', { phone: '' })).problems).toEqual(['second-factor.phone.required']);
    expect((await post(browser, form, 'set-up', { phone: '+1 900 555 0100' })).problems).toEqual(['second-factor.phone.not_dialable']);
    const typing = await post(browser, form, 'set-up', { phone: '06 00 00 02 99' });
    expect(typing.html).not.toContain('0600000299');
    const setup = typing.hidden['setup'] ?? '';
    const [sms] = await listOutbox(db(), { to: '+31600000299', limit: 1 });
    expect((await post(browser, typing, 'set-up', { setup, code: '999999' })).problems).toEqual(['second-factor.code.wrong']);
    const done = await post(browser, typing, 'set-up', { setup, code: sms?.code ?? '' });
    expect(at(done).search.get('saved')).toBe('added');
    expect(await kinds()).toEqual(['sms', 'totp']);
  });

  test('one is removed after a page that asks', async () => {
    const { browser, page } = await enter('cak-active', '/two-step');
    const question = await browser.get(`${account}/two-step/remove?kind=sms`);
    expect(await kinds()).toEqual(['sms', 'totp']);
    expect(at(await post(browser, question, 'remove', { kind: question.hidden['kind'] ?? '' })).search.get('saved')).toBe('removed');
    expect(await kinds()).toEqual(['totp']);
    expect((await post(browser, page, 'remove', { kind: 'sms' })).problems).toEqual(['second-factor.none']);
    expect((await post(browser, page, 'remove', { kind: '__proto__' })).problems).toEqual(['second-factor.none']);
  });

  test('new recovery codes are shown once, to who made them', async () => {
    const { browser, page } = await enter('cak-active', '/two-step');
    const made = await browser.postOnly(`${account}/two-step/codes`, { csrf: page.hidden['csrf'] ?? '' });
    const { browser: other } = await enter('cak-twin', '/two-step');
    expect(codesOf(await other.get(made.location ?? ''))).toEqual([]);
    const shown = await browser.get(made.location ?? '');
    expect(codesOf(shown)).toHaveLength(10);
    expect(codesOf(await browser.get(made.location ?? ''))).toEqual([]);
    expect(await listRecoveryCodes(db(), jolanda)).toHaveLength(10);
    expect(JSON.stringify(await db().selectFrom('tickets').selectAll().execute())).not.toContain(codesOf(shown)[0]);
    expect(await subjects()).toContain('Nieuwe herstelcodes');
  });

  test('nobody goes on with what another is setting up, and guesses are counted', async () => {
    const [{ browser, page }, { browser: other, page: theirs }] = [await enter('cak-active', '/two-step'), await enter('cak-twin', '/two-step')];
    const shown = await post(browser, page, 'set-up', { method: 'totp' });
    const [setup, secret] = [shown.hidden['setup'] ?? '', secretOf(shown)];
    const before = await findFactors(db(), twin);
    expect(at(await other.get(`${account}/two-step/set-up?setup=${setup}`)).path).toBe(`${account}/two-step`);
    expect(at(await post(other, theirs, 'set-up', { setup, code: generateSync({ secret, epoch: sluis.now() }) })).path).toBe(`${account}/two-step`);
    expect(await findFactors(db(), twin)).toEqual(before);
    const guesses = await Promise.all(Array.from({ length: 30 }, () => post(browser, page, 'set-up', { setup, code: '000000' })));
    expect(guesses.filter(({ problems }) => problems[0] === 'second-factor.code.wrong')).toHaveLength(5);
    for (const handle of ['', 'x', '\u0000']) expect(at(await post(browser, page, 'set-up', { setup: handle, code: '1' })).path).toBe(`${account}/two-step`);
  });

  test('asks the present login again first', async () => {
    const { browser } = await enter();
    sluis.advance(601);
    for (const way of ['', '/set-up', '/remove?kind=totp']) expect((await browser.get(`${account}/two-step${way}`)).step).toBe('password');
    for (const [way, fields] of [['set-up', { method: 'totp' }], ['remove', { kind: 'totp' }], ['codes', {}]] as const) {
      const { browser: late, page: form } = await enter('cak-active', '/two-step');
      sluis.advance(601);
      const login = await post(late, form, way, fields);
      expect(login.step).toBe('password');
      const back = await late.submit(login, known('cak-active'));
      expect([way, back.status, at(back).path]).toEqual([way, 200, `${account}/two-step`]);
    }
    expect(await kinds()).toEqual(['totp']);
  });
});

describe('CAK-7 secret questions', () => {
  const post = (browser: HttpBrowser, page: Page, fields: Record<string, string>): Promise<Page> => browser.post(`${account}/questions`, { csrf: page.hidden['csrf'] ?? '', ...fields });
  const answers = { question_1: 'first-street', answer_1: 'Dijkstraat', question_2: 'first-pet', answer_2: 'Bello', question_3: 'first-job', answer_3: 'Bakkerij Molen' };

  test('are answered once more as a whole; what was typed is shown to nobody', async () => {
    const { browser, page } = await enter('cak-active', '/questions');
    const wrong = await post(browser, page, { ...answers, answer_2: 'x' });
    expect([wrong.status, wrong.problems]).toEqual([422, ['questions.short']]);
    expect(wrong.html).not.toContain('Dijkstraat');
    expect((await post(browser, page, {})).problems).toEqual(['questions.required']);
    const saved = await post(browser, page, answers);
    expect([saved.status, at(saved).search.get('saved')]).toEqual([200, 'questions']);
    expect(saved.html).toContain('data-answered="3"');
    for (const text of ['Dijkstraat', 'Bello', 'Molen']) expect(saved.html).not.toContain(text);
    expect(await listAudit(db(), { event: 'questions.set', limit: 1 })).toMatchObject([{ account_id: jolanda, actor: { id: jolanda } }]);
    expect(await subjects()).toHaveLength(1);
    expect((await db().selectFrom('security_answers').select('account_id').execute()).every(({ account_id }) => account_id === jolanda)).toBe(true);
  });

  test('ask the present login again first', async () => {
    const { browser, page } = await enter();
    sluis.advance(601);
    expect((await browser.get(`${account}/questions`)).step).toBe('password');
    expect((await post(browser, page, answers)).step).toBe('password');
  });
});
