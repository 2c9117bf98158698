import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { lockAccount } from '../../src/domain/accounts.ts';
import { updateAccount } from '../../src/store/accounts.ts';
import { listAudit } from '../../src/store/audit.ts';
import { listRecoveryCodes } from '../../src/store/factors.ts';
import { listPasskeys } from '../../src/store/passkeys.ts';
import { account, known } from '../support/account.ts';
import { Authenticator } from '../support/authenticator.ts';
import type { HttpBrowser, Page } from '../support/http-browser.ts';
import { desk } from '../support/house.ts';
import { install, type Install } from '../support/install.ts';
import { arrive, person } from '../support/journeys.ts';
import { optionsOf, withPasskeys } from '../support/passkey-install.ts';

const [jolanda, twin] = ['cak-active', 'cak-twin'].map((id) => person(id).account?.id ?? '') as [string, string];
const twoStep = `${account}/two-step`;

let sluis: Install;
let device: Authenticator;
beforeAll(async () => {
  sluis = await install({
    prepare(workshop) {
      withPasskeys(true)(workshop);
      workshop.edit('realms/ciz/realm.yaml', (text) => text.replace("acr: 'https://refeds.org/profile/sfa' }", "acr: 'https://refeds.org/profile/sfa', factors: [[passkey]] }")
        .replace('identifiers: [username]', 'identifiers: [username]\n  passkeys: true'));
    },
  });
}, 60_000);
afterAll(() => sluis?.stop());
beforeEach(async () => {
  for (const table of ['sessions', 'counters', 'factors', 'passkeys', 'recovery_codes', 'tickets', 'outbox'] as const) await db().deleteFrom(table).execute();
  device = new Authenticator(sluis.url);
});

const db = (realm = 'cak') => sluis.host(realm).database.db;
const names = async (id = jolanda) => (await listPasskeys(db(), id)).map(({ name }) => name);
const at = (page: Page): { path: string; saved: string | null } => ({ path: new URL(page.url).pathname, saved: new URL(page.url).searchParams.get('saved') });
const reasons = async () => (await listAudit(db(), { event: 'passkey.refused' })).map(({ reason }) => reason);

/** Logs in with a password and sets a passkey up on the way, to the page about the second step. */
async function enrolled(who = 'cak-active', with_ = device): Promise<{ browser: HttpBrowser; page: Page }> {
  const browser = sluis.browser();
  const choice = await browser.submit(await browser.get(twoStep), known(who));
  const making = await browser.submit(choice, { method: 'passkey' });
  const codes = await browser.submit(making, { credential: with_.make(optionsOf(making)) });
  return { browser, page: await browser.submit(codes, { kept: '1' }) };
}
const post = (browser: HttpBrowser, page: Page, way: string, fields: Record<string, string> = {}): Promise<Page> => browser.post(`${twoStep}/${way}`, { csrf: page.hidden['csrf'] ?? '', ...fields });
/** The form of the login page that posts a passkey: its hidden fields are those of the other one. */
const byPasskey = async (browser: HttpBrowser, page: Page, credential: string): Promise<Page> => browser.submit(page, { credential });

describe('logging in', () => {
  test('with a passkey alone: the address, session and level of a login with two steps', async () => {
    await enrolled();
    const browser = sluis.browser();
    const page = await browser.get(`${account}/`);
    expect(page.html).toContain('autocomplete="username webauthn"');
    const home = await byPasskey(browser, page, device.show(optionsOf(page)));
    expect([home.status, at(home).path]).toEqual([200, `${account}/`]);
    expect((await listAudit(db(), { event: 'login.completed', limit: 1 }))[0]).toMatchObject({ account_id: jolanda, detail: { level: 'two-factor', factors: ['passkey'] } });
    // the next portal asks nothing
    expect((await arrive(browser, 'mijn-cak-zakelijk', { prompt: 'none' })).answer['code']).toBeDefined();
    // and nothing of what was shown is kept or shown again
    expect(JSON.stringify(await db().selectFrom('runs').select(['state', 'journal', 'notice']).execute())).not.toContain('clientDataJSON');
  });

  test('an answer of another login, another realm or another browser lets nobody in, and every failure is one', async () => {
    await enrolled();
    const [victim, thief] = [sluis.browser(), sluis.browser()];
    const [theirs, mine] = [await victim.get(`${account}/`), await thief.get(`${account}/`)];
    const credential = device.show(optionsOf(theirs));
    expect((await byPasskey(thief, mine, credential)).problems).toEqual(['password.passkey.expired']);
    for (const spoiled of [{ id: Buffer.alloc(16, 9).toString('base64url') }, { origin: 'https://evil.example' }, { handle: null }, { verified: false }]) {
      const page = await thief.get(`${account}/`);
      expect((await byPasskey(thief, page, device.show(optionsOf(page), spoiled))).problems).toEqual(['password.passkey.wrong']);
    }
    expect((await reasons()).slice(0, 5)).toEqual(['signature', 'handle', 'origin', 'unknown', 'challenge']);
    const ciz = sluis.browser();
    const elsewhere = await ciz.get('/ciz/account/');
    expect((await byPasskey(ciz, elsewhere, device.show(optionsOf(elsewhere)))).problems).toEqual(['password.passkey.wrong']);
    expect(await listAudit(db('ciz'), { event: 'passkey.refused' })).toMatchObject([{ reason: 'unknown', account_id: null }]);
    // its owner's own answer still works: nobody used their turn up
    expect(at(await byPasskey(victim, theirs, credential)).path).toBe(`${account}/`);
  });

  test('without the token of the form nothing is judged', async () => {
    await enrolled();
    const browser = sluis.browser();
    const page = await browser.get(`${account}/`);
    const [credential, before] = [device.show(optionsOf(page)), await reasons()];
    for (const csrf of ['', 'x']) expect((await browser.post(page.action, { ...page.hidden, csrf, credential })).status).toBe(403);
    expect(await reasons()).toEqual(before);
    expect(await listPasskeys(db(), jolanda)).toMatchObject([{ counter: 0 }]);
  });

  test('huge and strange answers are refused, and nothing breaks', async () => {
    await enrolled();
    const browser = sluis.browser();
    for (const [typed, problem] of [['x'.repeat(70_000), 'input.unreadable'], ['\u0000', 'password.passkey.wrong'], ['[]', 'password.passkey.wrong'], [`{"id":"${'A'.repeat(5000)}"}`, 'password.passkey.wrong']] as const) {
      expect((await byPasskey(browser, await browser.get(`${account}/`), typed)).problems).toEqual([problem]);
    }
    expect((await byPasskey(browser, await browser.get(`${account}/`), 'x'.repeat(500_000))).status).toBe(413);
  });

  test('who is locked meanwhile is out at once, with a passkey too', async () => {
    const { browser: inside } = await enrolled();
    const browser = sluis.browser();
    const page = await browser.get(`${account}/`);
    await sluis.host('cak').database.transaction((tx) => lockAccount(tx, { accountId: jolanda, actor: desk, now: sluis.now() }));
    try {
      expect((await byPasskey(browser, page, device.show(optionsOf(page)))).end).toBe('account_inactive');
      expect((await inside.get(twoStep)).step).toBe('password');
    } finally {
      await updateAccount(db(), jolanda, { status: 'active' });
    }
  });

  test('a clone throws out who was on the way in with it, and with the password alone; the login in which it was shown says so', async () => {
    await enrolled();
    const copy = device.clone();
    const [thief, half, later] = [sluis.browser(), sluis.browser(), sluis.browser()];
    const first = await thief.get(`${account}/`);
    const done = await thief.postOnly(first.action, { ...first.hidden, credential: copy.show(optionsOf(first)) });
    expect(new URL(done.location ?? '').pathname).toMatch(/^\/cak\/auth\//);
    const second = await half.submit(await half.get(twoStep), known('cak-active'));
    const third = await later.submit(await later.get(twoStep), known('cak-active'));
    expect([second.step, third.step]).toEqual(['passkey', 'passkey']);
    const told = await later.submit(third, { credential: device.show(optionsOf(third)) });
    expect([told.step, told.problems]).toEqual(['passkey', ['passkey.blocked']]);
    expect((await thief.follow(done)).step).toBe('password');
    expect((await half.get(second.url)).step).toBe('password');
    expect(await db().selectFrom('sessions').select('id').where('account_id', '=', jolanda).execute()).toEqual([]);
  });

  test('a clone ends every session, also that of the thief', async () => {
    const { browser: owner } = await enrolled();
    const copy = device.clone();
    const thief = sluis.browser();
    const first = await thief.get(`${account}/`);
    expect(at(await byPasskey(thief, first, copy.show(optionsOf(first)))).path).toBe(`${account}/`);
    const later = sluis.browser();
    const second = await later.get(`${account}/`);
    expect((await byPasskey(later, second, device.show(optionsOf(second)))).problems).toEqual(['password.passkey.blocked']);
    for (const browser of [owner, thief]) expect((await browser.get(twoStep)).step).toBe('password');
    expect(await db().selectFrom('outbox').select('subject').where('subject', '=', 'Een passkey is geblokkeerd').execute()).toHaveLength(1);
    const withPassword = sluis.browser();
    const asked = await withPassword.submit(await withPassword.get(twoStep), known('cak-active'));
    expect(asked.step).toBe('passkey');
    expect(asked.html).not.toContain('data-options');
    expect(asked.html).toContain('value="other"');
  });
});

describe('on the account pages', () => {
  test('without the token of the session nothing is set up, named or removed', async () => {
    const { browser, page } = await enrolled();
    const [one] = await listPasskeys(db(), jolanda);
    for (const csrf of ['', 'x', '\u0000']) {
      for (const [way, fields] of [['set-up', { method: 'passkey' }], ['name', { passkey: one!.id, name: 'x' }], ['remove', { passkey: one!.id }]] as const) {
        const refused = await browser.post(`${twoStep}/${way}`, { ...fields, csrf } as Record<string, string>);
        expect([way, refused.status, refused.end]).toEqual([way, 403, 'csrf']);
      }
    }
    expect(page.html).toContain('data-passkey-id');
    expect(await names()).toEqual(['Passkey 1']);
  });

  test('nobody sees, names or removes one of another', async () => {
    await enrolled('cak-twin', new Authenticator(sluis.url));
    const { browser, page } = await enrolled();
    await post(browser, page, 'set-up', { method: 'passkey' });
    const [theirs] = await listPasskeys(db(), twin);
    const id = theirs!.id;
    expect(page.html).not.toContain(id);
    for (const way of ['name', 'remove']) expect(at(await browser.get(`${twoStep}/${way}?passkey=${id}`)).path).toBe(twoStep);
    expect((await post(browser, page, 'name', { passkey: id, name: 'mine' })).problems).toEqual(['passkey.gone']);
    expect((await post(browser, page, 'remove', { passkey: id })).problems).toEqual(['second-factor.none']);
    for (const strange of ['', '\u0000', '__proto__', '\u202e']) expect((await post(browser, page, 'remove', { passkey: strange })).problems).toEqual(['second-factor.none']);
    expect([await names(twin), await names()]).toEqual([['Passkey 1'], ['Passkey 1']]);
  });

  test('what one is setting up another does not go on with, and an answer works once', async () => {
    const [{ browser, page }, { browser: other, page: theirs }] = [await enrolled(), await enrolled('cak-twin', new Authenticator(sluis.url))];
    const form = await post(browser, page, 'set-up', { method: 'passkey' });
    const [setup, key] = [form.hidden['setup'] ?? '', new Authenticator(sluis.url)];
    const credential = key.make(optionsOf(form));
    expect(at(await post(other, theirs, 'set-up', { setup, credential })).path).toBe(twoStep);
    expect(at(await other.get(`${twoStep}/set-up?setup=${setup}`)).path).toBe(twoStep);
    expect(await names(twin)).toEqual(['Passkey 1']);
    const spoiled = await post(browser, page, 'set-up', { setup, credential: key.make(optionsOf(form), { origin: 'https://evil.example' }) });
    expect([spoiled.status, spoiled.problems]).toEqual([422, ['second-factor.passkey.wrong']]);
    // the ticket is used up by whatever was sent with it; the answer belongs to it
    const next = spoiled.hidden['setup'] ?? '';
    expect(next).not.toBe(setup);
    expect(at(await post(browser, page, 'set-up', { setup, credential })).path).toBe(twoStep);
    const stale = await post(browser, page, 'set-up', { setup: next, credential });
    expect(stale.problems).toEqual(['second-factor.passkey.expired']);
    const answers = await Promise.all([1, 2].map(() => browser.postOnly(`${twoStep}/set-up`, { csrf: page.hidden['csrf'] ?? '', setup: stale.hidden['setup'] ?? '', credential: key.make(optionsOf(stale)) })));
    expect(answers.map(({ location = '' }) => new URL(location, sluis.url).searchParams.get('saved')).toSorted()).toEqual([null, 'passkey']);
    expect((await names()).toSorted()).toEqual(['Passkey 1', 'Passkey 2']);
  });

  test('names come out whole, or are refused with what was typed', async () => {
    const { browser, page } = await enrolled();
    const passkey = (await listPasskeys(db(), jolanda))[0]!.id;
    for (const name of ['O\'Brien-van \'t Hoff', 'José Åström', 'Nguyễn <b>"&']) {
      expect(at(await post(browser, page, 'name', { passkey, name })).saved).toBe('name');
      expect(await names()).toEqual([name]);
      expect((await browser.get(twoStep)).html).not.toContain('<b>"');
    }
    for (const [name, problem] of [['', 'required'], ['  ', 'required'], ['x'.repeat(61), 'long'], ['a\u0000', 'characters'], ['\u202eabc', 'characters']] as const) {
      const refused = await post(browser, page, 'name', { passkey, name });
      expect([refused.status, refused.problems]).toEqual([422, [`passkey.name.${problem}`]]);
    }
    expect((await post(browser, page, 'name', { passkey, name: `x${'y'.repeat(60)}` })).html).toContain(`value="x${'y'.repeat(60)}"`);
  });

  test('the last one stays where everybody has a second step; with another it goes, and the person is told', async () => {
    const { browser, page } = await enrolled();
    const passkey = (await listPasskeys(db(), jolanda))[0]!.id;
    expect((await post(browser, page, 'remove', { passkey })).problems).toEqual(['second-factor.last']);
    const form = await post(browser, page, 'set-up', { method: 'passkey' });
    expect(at(await post(browser, page, 'set-up', { setup: form.hidden['setup'] ?? '', credential: new Authenticator(sluis.url).make(optionsOf(form)) })).saved).toBe('passkey');
    const question = await browser.get(`${twoStep}/remove?passkey=${passkey}`);
    expect(question.html).toContain('Passkey 1');
    expect(at(await post(browser, question, 'remove', { passkey: question.hidden['passkey'] ?? '' })).saved).toBe('removed');
    expect(await names()).toEqual(['Passkey 2']);
    expect(await listRecoveryCodes(db(), jolanda)).toHaveLength(10);
    expect(await listAudit(db(), { event: 'factor.removed', limit: 1 })).toMatchObject([{ account_id: jolanda, actor: { id: jolanda }, detail: { kind: 'passkey', passkey } }]);
  });

  test('asks the present login again first: a passkey will do', async () => {
    const { browser } = await enrolled();
    sluis.advance(601);
    for (const way of ['', '/set-up', '/name?passkey=x', '/remove?passkey=x']) expect((await browser.get(`${twoStep}${way}`)).step).toBe('password');
    const asked = await browser.get(twoStep);
    expect(at(await byPasskey(browser, asked, device.show(optionsOf(asked)))).path).toBe(twoStep);
  });
});
