import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { lockAccount } from '../../src/domain/accounts.ts';
import { findAccount, findPassword, insertAccount, insertLogin, putPassword, updateAccount } from '../../src/store/accounts.ts';
import { appendAudit, listAudit } from '../../src/store/audit.ts';
import { listSessions } from '../../src/store/sessions.ts';
import { account, enter as enterAt, known } from '../support/account.ts';
import { install, type Install } from '../support/install.ts';
import type { HttpBrowser, Page } from '../support/http-browser.ts';
import { arrive, ib, loginCak, person, profile, throughBroker } from '../support/journeys.ts';

const [jolanda, twin] = ['cak-active', 'cak-twin'].map((id) => person(id).account?.id ?? '') as [string, string];
const [email, familyName] = ['jolanda.vries@rietoever.example', 'Vries'];
const { email: _, ...details } = profile;

let sluis: Install;
beforeAll(async () => { sluis = await install(); }, 60_000);
afterAll(() => sluis?.stop());

const db = () => sluis.host('cak').database.db;
const enter = (...who: [id?: string, path?: string, browser?: HttpBrowser]) => enterAt(sluis, ...who);
const handles = ({ html }: Page): string[] => [...html.matchAll(/name="session" value="([^"]+)"/g)].map(([, handle = '']) => handle);

describe('who may come in', () => {
  test.each(['/', '/details', '/details/email', '/sessions', '/history'])('not logged in: %s asks for the login and leads back, a post is refused', async (path) => {
    const browser = sluis.browser();
    const asked = await browser.get(`${account}${path}`);
    expect([asked.status, asked.step]).toEqual([200, 'password']);
    expect(asked.html).not.toContain('Vries');
    expect((await browser.post(`${account}/details`, { ...details })).status).toBe(401);
    expect(new URL((await browser.submit(asked, known('cak-active'))).url).pathname).toBe(`${account}${path}`);
  });

  test('the home page has what there is for this person', async () => {
    const local = (await enter()).page;
    for (const title of ['Uw account', 'Persoonlijke gegevens', 'Waar u bent ingelogd', 'Wat er met uw account is gebeurd', 'Uitloggen']) expect(local.html).toContain(title);
    const browser = sluis.browser();
    const broker = await throughBroker(sluis, browser, await browser.get(`/${ib}/account/`), 'ib-user');
    expect(broker.html).toContain('Bram van der Linde');
    expect(broker.html).toContain('inlogmiddel van een leverancier');
    expect(local.html).not.toContain('inlogmiddel');
  });

  test.each<[string, () => Promise<unknown>, () => Promise<unknown>]>([
    ['locked', () => sluis.host('cak').database.transaction((tx) => lockAccount(tx, { accountId: jolanda, actor: { kind: 'desk', id: 'desk' }, now: sluis.now() })), () => updateAccount(db(), jolanda, { status: 'active' })],
    ['dormant, set by hand', () => updateAccount(db(), jolanda, { status: 'dormant' }), () => updateAccount(db(), jolanda, { status: 'active' })],
    ['without a role', () => db().updateTable('memberships').set({ status: 'ended' }).where('account_id', '=', jolanda).execute(), () => db().updateTable('memberships').set({ status: 'active' }).where('account_id', '=', jolanda).execute()],
  ])('an account that is %s is out at once', async (_name, take, giveBack) => {
    const { browser, page } = await enter();
    expect(page.html).toContain(email);
    await take();
    try {
      expect((await browser.get(`${account}/`)).html).not.toContain(email);
      expect((await browser.post(`${account}/details`, { ...details, csrf: page.hidden['csrf'] ?? '' })).status).toBe(401);
    } finally {
      await giveBack();
    }
  });

  test('a session of the administration, of the other realm, or of nobody opens nothing', async () => {
    const browser = sluis.browser();
    await throughBroker(sluis, browser, await browser.get(`/${ib}/admin/`), 'ib-admin');
    const { value = '' } = browser.cookies.find(({ name }) => name === `sluis_${ib}_beheer`) ?? {};
    expect(value).not.toBe('');
    for (const cookie of [value, 'x', '', '%00', 'A'.repeat(43)]) {
      for (const realm of [ib, 'cak']) {
        const other = sluis.browser();
        other.cookies = [{ name: `sluis_${realm}_account`, value: cookie, path: `/${realm}/account` }];
        expect((await other.get(`/${realm}/account/`)).step).toBe(realm === ib ? 'broker' : 'password');
        expect((await other.post(`/${realm}/account/sessions/end-all`, {})).status).toBe(401);
      }
    }
  });

  test('a callback or an end that is not this browser\'s leads nowhere', async () => {
    for (const query of ['', '?code=x&state=y', '?code[]=x&state[]=y', '?state=%E2%80%AE&code=%00']) expect((await sluis.browser().get(`${account}/callback${query}`)).end).toBe('ticket');
    for (const query of ['', '?shown=x', '?shown=a&shown=b', '?shown=%00']) expect((await sluis.browser().get(`${account}/ended${query}`)).step).toBe('password');
  });

  test('a post without CSRF token, or with another session\'s, changes nothing', async () => {
    const { browser, page } = await enter();
    const { page: others } = await enter('cak-twin');
    for (const path of ['/details', '/language', '/details/email', '/sessions/end', '/sessions/end-all', '/logout']) {
      for (const csrf of ['', 'x', others.hidden['csrf'] ?? '', '\u0000']) {
        const refused = await browser.post(`${account}${path}`, { ...details, csrf, language: 'en', email: 'x@example.org' });
        expect([path, refused.status, refused.end]).toEqual([path, 403, 'csrf']);
      }
    }
    expect((await findAccount(db(), jolanda))?.family_name).toBe(familyName);
    expect((await browser.get(`${account}/`)).hidden['csrf']).toBe(page.hidden['csrf']);
  });

  test('an address that is not there is not found; changes beyond the limit wait', async () => {
    const { browser, page } = await enter('cak-twin');
    for (const path of ['/nothing', '/sessions/x', '/history/1', '/%00']) expect([path, (await browser.get(`${account}${path}`)).status]).toEqual([path, 404]);
    const csrf = page.hidden['csrf'] ?? '';
    const statuses = [];
    for (let n = 0; n < 62; n += 1) statuses.push((await browser.postOnly(`${account}/sessions/end`, { csrf, session: 'x' })).status);
    expect([statuses[0], statuses.at(-1)]).toEqual([303, 429]);
    sluis.advance(3600);
  });
});

describe('sessions', () => {
  beforeEach(async () => { await db().deleteFrom('sessions').execute(); });

  test('this one is marked, another is ended with what it gave; the portals are named', async () => {
    const [{ browser: here }, elsewhere] = [await enter(), sluis.browser()];
    expect((await loginCak(elsewhere)).answer['code']).toBeDefined();
    const page = await here.get(`${account}/sessions`);
    expect([...page.html.matchAll(/data-session-of="(\w+)"/g)].map(([, which]) => which)).toEqual(['this', 'other']);
    expect(page.html).toMatch(/Mijn CAK Zakelijk/);
    const ended = await here.post(`${account}/sessions/end`, { csrf: page.hidden['csrf'] ?? '', session: handles(page)[0] ?? '' });
    expect(new URL(ended.url).search).toBe('?saved=ended');
    expect(await listSessions(db(), { accountId: jolanda })).toHaveLength(1);
    expect((await arrive(elsewhere, 'mijn-cak-zakelijk', { prompt: 'none' })).answer['error']).toBe('login_required');
    expect((await listAudit(db(), { event: 'session.ended', limit: 1 }))[0]).toMatchObject({ reason: 'logout', account_id: jolanda, actor: { id: jolanda } });
  });

  test('nobody else\'s session can be ended, nor this one by its handle', async () => {
    const [{ browser }, { browser: other }] = [await enter(), await enter('cak-twin')];
    const { browser: second } = await enter('cak-twin');
    const theirs = handles(await second.get(`${account}/sessions`))[0] ?? '';
    expect(theirs).not.toBe('');
    const page = await browser.get(`${account}/sessions`);
    const ids = (await listSessions(db(), { accountId: twin })).map(({ id }) => id);
    for (const session of [theirs, ...ids, '', '\u0000', "'--", '__proto__']) {
      const answer = await browser.post(`${account}/sessions/end`, { csrf: page.hidden['csrf'] ?? '', session });
      expect(new URL(answer.url).search).toBe('?saved=gone');
    }
    expect(await listSessions(db(), { accountId: twin })).toHaveLength(2);
    for (const one of [other, second, browser]) expect((await one.get(`${account}/`)).status).toBe(200);
    expect(page.html).not.toContain(ids[0]);
  });

  test('\'Overal uitloggen\' ends all of them, this one too, and nobody else\'s', async () => {
    const [{ browser, page }, { browser: other }, { browser: twins }] = [await enter(), await enter(), await enter('cak-twin')];
    const gone = await browser.post(`${account}/sessions/end-all`, { csrf: page.hidden['csrf'] ?? '' });
    expect([gone.status, gone.end]).toEqual([200, 'logged-out']);
    expect(gone.html).toContain('data-ended="everywhere"');
    for (const one of [browser, other]) expect((await one.get(`${account}/`)).step).toBe('password');
    expect(await listSessions(db(), { accountId: jolanda })).toEqual([]);
    expect((await twins.get(`${account}/`)).html).toContain('Jan');
    // told once
    expect((await browser.get(gone.url)).step).toBe('password');
  });

  test('\'Uitloggen\' closes the pages at once, also for a cookie that was kept', async () => {
    const { browser, page } = await enter();
    const kept = browser.copy();
    const question = await browser.post(`${account}/logout`, { csrf: page.hidden['csrf'] ?? '' });
    expect((await kept.post(`${account}/details`, {})).status).toBe(401);
    await browser.submit(question, { logout: 'yes' });
    expect((await browser.get(`${account}/`)).step).toBe('password');
  });
});

describe('what happened', () => {
  beforeEach(async () => { await db().deleteFrom('sessions').execute(); });

  test('is told in plain words, page by page, and holds nothing of others', async () => {
    const { browser } = await enter();
    await browser.get(`${account}/details`);
    for (let n = 0; n < 25; n += 1) await enter();
    const first = await browser.get(`${account}/history`);
    const events = (page: Page): string[] => [...page.html.matchAll(/data-event="([^"]+)"/g)].map(([, event = '']) => event);
    expect(events(first)).toHaveLength(20);
    expect(events(first)).toEqual(expect.arrayContaining(['account.entered', 'login.completed']));
    expect(first.html).toContain('page=2');
    const second = await browser.get(`${account}/history?page=2`);
    expect(events(second)).toHaveLength(20);
    expect(second.html).toContain('rel="prev"');
    for (const page of ['0', '-1', 'x', '9999999', '1e9', '%00']) expect((await browser.get(`${account}/history?page=${page}`)).status).toBe(200);
    const all = JSON.stringify(await listAudit(db(), { limit: 500 }));
    expect(all).toContain(twin);
    for (const secret of [twin, jolanda, '127.0.0.1', '::1', 'Jan']) expect(first.html).not.toContain(secret);
  });

  test('rows of the service desk, of Sluis itself and of refused tries; not those of 90 days ago', async () => {
    const host = sluis.host('cak');
    await host.database.transaction((tx) => lockAccount(tx, { accountId: jolanda, actor: { kind: 'desk', id: 'karin', display: 'Karin Balie' }, now: sluis.now() }));
    await updateAccount(db(), jolanda, { status: 'active' });
    for (const event of ['account.returned', 'activation.refused', 'password.guessed', 'password.wait_lifted']) {
      await appendAudit(db(), { event, action: 'E', outcome: 'success', actor: { kind: 'system', id: 'sluis' }, objectType: 'account', objectId: jolanda, now: sluis.now() });
    }
    const { browser, page } = await enter('cak-active', '/history');
    for (const text of ['Account geblokkeerd', 'Account weer geopend', 'Activatiecode werkte niet', 'Vaak een verkeerd wachtwoord ingevuld', 'Wachttijd na verkeerde wachtwoorden opgeheven']) expect(page.html).toContain(text);
    expect(page.html).toContain('De servicedesk');
    expect(page.html).not.toContain('Karin');
    sluis.advance(91 * 86_400);
    const later = (await enter('cak-active', '/history', browser)).page;
    expect(later.html).not.toContain('Account geblokkeerd');
    expect(later.html).toContain('Ingelogd');
  });
});

test('somebody without an organisation comes in, where the flow asks none', async () => {
  const alone = await install({
    change({ realms }) {
      const realm = realms.find(({ id }) => id === 'cak');
      const shown = realm?.flows['password']?.bindings.filter(({ step, with: { that } }) => step === 'password' || that === 'level_reached' || that === 'account_active');
      const own = realm?.portals.find(({ id }) => id === 'account');
      if (!realm || !shown || !own) throw new Error('realm cak has no flow with a password');
      own.flow = 'alone';
      realm.flows['alone'] = { bindings: shown, ensure: ['identified', 'level_reached', 'account_active'] };
      realm.login.identifiers = ['username'];
    },
  });
  try {
    const { db: rows } = alone.host('cak').database;
    const id = '00000000-0000-4000-8000-00000000abcd';
    await insertAccount(rows, { id, status: 'active', family_name: 'Alleen', email: 'alleen@example.org', created_at: 1, updated_at: 1 });
    await insertLogin(rows, { scope: '', username: 'alleen', account_id: id });
    await putPassword(rows, { account_id: id, hash: (await findPassword(rows, jolanda))?.hash ?? '', changed_at: alone.now() });
    const browser = alone.browser();
    const page = await browser.submit(await browser.get(`${account}/`), { username: 'alleen', password: known('cak-active').password });
    expect([page.status, new URL(page.url).pathname]).toEqual([200, `${account}/`]);
    expect(page.html).toContain('alleen@example.org');
  } finally {
    await alone.stop();
  }
}, 60_000);
