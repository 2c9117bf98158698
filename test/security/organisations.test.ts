import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { deleteAccount, lockAccount } from '../../src/domain/accounts.ts';
import { endMembership } from '../../src/domain/memberships.ts';
import { setEntitlements } from '../../src/domain/entitlements.ts';
import { findRun } from '../../src/store/runs.ts';
import { insertOrganisation } from '../../src/store/organisations.ts';
import { desk } from '../support/house.ts';
import type { HttpBrowser, Page } from '../support/http-browser.ts';
import { install, type Install } from '../support/install.ts';
import { person } from '../support/journeys.ts';
import { cakClient, type RelyingParty, type Tokens } from '../support/relying-party.ts';
import { actingFor, application, join, offered, place, several, someone, typeName } from '../support/several.ts';

/** Row CFX-2: nobody acts for an organisation that is not theirs, or not any more. */
let at: Install;
let rp: RelyingParty;
beforeAll(async () => {
  at = await install({ prepare: several });
  rp = await cakClient(at, 'rp');
}, 60_000);
afterAll(() => at?.stop());

const db = () => at.host('cak').database.db;
const transaction = <T>(work: (tx: ReturnType<typeof db>) => Promise<T>): Promise<T> => at.host('cak').database.transaction(work);

type Choosing = { id: string; home: string; other: string; browser: HttpBrowser; page: Page; finish: (page: Page) => Promise<Tokens> };

/** Somebody with two organisations, at the page that asks which. */
async function choosing(): Promise<Choosing> {
  const { id, home } = await someone(at);
  const other = await place(at, { members: [id] });
  const browser = at.browser();
  const started = await rp.start();
  const page = await typeName(browser, await browser.get(started.url), id);
  expect(page.step).toBe('organisation');
  return { id, home, other, browser, page, finish: (last) => rp.finish(started, last) };
}
const membershipIn = async ({ id }: Choosing, organisation: string): Promise<string> => (await db().selectFrom('memberships').select('id').where('account_id', '=', id).where('organisation_id', '=', organisation).executeTakeFirstOrThrow()).id;
const runOf = (page: Page): string => new URL(page.url).pathname.split('/')[3] ?? '';

describe('an organisation that is not on the page', () => {
  test.each<[string, (here: Choosing) => Promise<string> | string]>([
    ['of others', () => place(at)],
    ['where the membership waits', async ({ id }) => { const one = await place(at); await db().updateTable('memberships').set({ status: 'pending' }).where('id', '=', await join(at, id, one)).execute(); return one; }],
    ['that the person left', async ({ id }) => { const one = await place(at); await db().updateTable('memberships').set({ status: 'ended' }).where('id', '=', await join(at, id, one)).execute(); return one; }],
    ['without a role here', async ({ id }) => { const one = await place(at); await join(at, id, one, []); return one; }],
    ['of another realm', () => person('ib-user').organisation_id ?? ''],
    ['with the id of a membership', (here) => membershipIn(here, here.home)],
    ['that nobody knows', () => '00000000-0000-4000-8000-000000000000'],
    ['with a NUL', ({ home }) => `${home}\u0000`],
    ['with half a character', ({ home }) => `${home}\ud800`],
    ['that is markup', () => '"><script>alert(1)</script>'],
    ['of a prototype', () => '__proto__'],
    ['much too long', () => 'a'.repeat(20_000)],
  ])('%s: the page again, with the same words, and nothing given', async (_, other) => {
    const here = await choosing();
    const answer = await here.browser.submit(here.page, { organisation: await other(here) });
    expect([answer.status, answer.step, answer.problems]).toEqual([200, 'organisation', ['organisation.unavailable']]);
    expect(offered(answer).toSorted()).toEqual([here.home, here.other].toSorted());
    expect(answer.html).not.toContain('<script>alert');
    expect((await findRun(db(), runOf(answer)))?.organisation_id).toBeNull();
    expect(actingFor(await here.finish(await here.browser.submit(answer, { organisation: here.other }))).id).toBe(here.other);
  });

  test('two in one form: the last counts, and it must be theirs', async () => {
    const { browser, page, home } = await choosing();
    const body = new URLSearchParams([...Object.entries(page.hidden), ['organisation', home], ['organisation', await place(at)]]);
    expect((await browser.follow(await browser.send(page.action, { method: 'POST', body }))).problems).toEqual(['organisation.unavailable']);
  });

  test('without a token, with another run\'s, or from another browser: nothing', async () => {
    const [one, two] = [await choosing(), await choosing()];
    for (const csrf of ['', 'x', two.page.hidden['csrf'] ?? '']) expect((await one.browser.submit(one.page, { csrf, organisation: one.home })).status).toBe(403);
    expect((await two.browser.post(one.page.action, { ...one.page.hidden, organisation: one.home })).end).toBe('session_not_found');
    expect((await at.browser().post(one.page.action, { ...one.page.hidden, organisation: one.home })).end).toBe('session_not_found');
  });

  test('a choice sent twice, or after the back button, changes nothing', async () => {
    const { browser, page, home, other, finish } = await choosing();
    const tokens = await finish(await browser.submit(page, { organisation: home }));
    const again = await browser.submit(page, { organisation: other });
    expect([again.status, again.end]).toEqual([410, 'expired']);
    expect(await (await rp.userinfo(tokens.access_token)).json()).toMatchObject({ organisation: { id: home } });
  });

  test('of two choices at once one counts', async () => {
    const { browser, page, home, other, id } = await choosing();
    const answers = await Promise.all([home, other, home, other].map((organisation) => browser.copy().submit(page, { organisation })));
    expect(answers.filter(({ answer }) => answer['code']).length).toBe(1);
    expect((await db().selectFrom('sessions').selectAll().where('account_id', '=', id).execute()).length).toBe(1);
  });
});

describe('what changes while the page is there', () => {
  const actor = desk;
  test.each<[string, (here: Choosing) => Promise<unknown>]>([
    ['the membership ends', async (here) => { const membershipId = await membershipIn(here, here.other); await transaction((tx) => endMembership(tx, { membershipId, actor, now: at.now() })); }],
    ['the entitlement ends', ({ other }) => transaction((tx) => setEntitlements(tx, { realm: at.host('cak').realm, organisationId: other, wanted: { set: [] }, actor, now: at.now() }))],
    ['the role is taken', async (here) => db().deleteFrom('role_assignments').where('membership_id', '=', await membershipIn(here, here.other)).execute()],
    ['the organisation goes', async (here) => { await db().deleteFrom('entitlements').where('organisation_id', '=', here.other).execute(); await db().deleteFrom('role_assignments').where('membership_id', '=', await membershipIn(here, here.other)).execute(); await db().deleteFrom('memberships').where('organisation_id', '=', here.other).execute(); await db().deleteFrom('organisations').where('id', '=', here.other).execute(); }],
  ])('%s: it can no longer be chosen, the other one can', async (_, change) => {
    const here = await choosing();
    await change(here);
    const answer = await here.browser.submit(here.page, { organisation: here.other });
    expect([answer.step, answer.problems, offered(answer)]).toEqual(['organisation', ['organisation.unavailable'], [here.home]]);
    expect(actingFor(await here.finish(await here.browser.submit(answer, { organisation: here.home }))).id).toBe(here.home);
  });

  test('the session that the choice began in ends: nothing is chosen, and they log in again', async () => {
    const here = await choosing();
    await here.finish(await here.browser.submit(here.page, { organisation: here.home }));
    const started = await rp.start({ prompt: 'select_account' });
    const page = await here.browser.get(started.url);
    expect(page.step).toBe('organisation');
    const membershipId = await membershipIn(here, here.home);
    await transaction((tx) => endMembership(tx, { membershipId, actor, now: at.now() }));
    const answer = await here.browser.submit(page, { organisation: here.other });
    expect([answer.status, answer.end, answer.html.includes('mijn-cak-zakelijk/')]).toEqual([400, 'session_not_found', true]);
    const again = await typeName(here.browser, await here.browser.get(started.url), here.id);
    expect(actingFor(await rp.finish(started, again)).id).toBe(here.other);
  });

  test('all of them end: the page says why', async () => {
    const here = await choosing();
    for (const one of [here.home, here.other]) { const membershipId = await membershipIn(here, one); await transaction((tx) => endMembership(tx, { membershipId, actor, now: at.now() })); }
    const end = await here.browser.submit(here.page, { organisation: here.home });
    expect([end.status, end.end]).toEqual([403, 'organisation_none']);
  });

  test.each<[string, (accountId: string) => Promise<unknown>]>([
    ['locked', (accountId) => transaction((tx) => lockAccount(tx, { accountId, actor, now: at.now() }))],
    ['deleted', (accountId) => transaction((tx) => deleteAccount(tx, { accountId, reason: 'weg', actor, now: at.now() }))],
  ])('the account is %s: nobody gets in', async (_, shut) => {
    const here = await choosing();
    await shut(here.id);
    const end = await here.browser.submit(here.page, { organisation: here.home });
    expect([end.status, end.end]).toEqual([403, 'account_inactive']);
  });

  test('an agreement is withdrawn: no organisation lets them in', async () => {
    const here = await choosing();
    const { realm } = at.host('cak');
    realm.agreements.push({ id: 'voorwaarden', name: 'Voorwaarden' });
    try {
      const end = await here.browser.submit(here.page, { organisation: here.home });
      expect([end.end, end.html.includes('geen daarvan heeft alle overeenkomsten getekend')]).toEqual(['organisation_none', true]);
    } finally {
      realm.agreements.pop();
    }
  });
});

describe('names', () => {
  const names = ['=HYPERLINK("http://evil.example","klik")', '<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', 'مؤسسة الرعاية', '\u202egnisiuhtogroz', "O'Brien-van 't Hoff & José Åström Nguyễn", '{count} <b>x</b> \'{y}\'', 'x'.repeat(200)];

  test('that are formulas, markup, or read from the right stay what they are, and can be chosen', async () => {
    const { id } = await someone(at, { name: 'Aaa' });
    const ids = new Map<string, string>();
    for (const name of names) ids.set(name, await place(at, { name, members: [id] }));
    const browser = at.browser();
    const started = await rp.start();
    const page = await typeName(browser, await browser.get(started.url), id);
    expect(page.html).not.toMatch(/<script>alert|<img src=x|<b>x/);
    for (const name of names) expect(page.html).toContain(`<bdi>${name.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`).replaceAll('&#38;', '&amp;').replaceAll('&#60;', '&lt;').replaceAll('&#62;', '&gt;')}</bdi>`);
    const filtered = await browser.submit(page, { action: 'filter', filter: '=HYPER' });
    expect(offered(filtered)).toEqual([ids.get(names[0]!)]);
    const tokens = await rp.finish(started, await browser.submit(filtered, { organisation: ids.get(names[0]!) ?? '' }));
    expect(tokens.claims['organisation']).toMatchObject({ name: names[0] });
  });

  test('a filter of markup or control characters breaks nothing and loses nothing', async () => {
    const { browser, page, home, other } = await choosing();
    const markup = await browser.submit(page, { action: 'filter', filter: '"><script>alert(1)</script>' });
    expect([markup.step, offered(markup), markup.html.includes('<script>alert')]).toEqual(['organisation', [], false]);
    const all = await browser.submit(markup, { action: 'all' });
    expect(offered(all).toSorted()).toEqual([home, other].toSorted());
    for (const [filter, code] of [['a\u0000b', 'characters'], ['\u202eabc', 'characters'], ['x'.repeat(5000), 'long']] as const) {
      const refused = await browser.submit(await browser.get(page.url), { action: 'filter', filter });
      expect([refused.status, refused.problems, offered(refused).length]).toEqual([200, [`organisation.filter.${code}`], 2]);
    }
  });
});

test('four hundred organisations: shown, filtered and chosen in good time', async () => {
  const { id } = await someone(at, { name: 'Zorggroep 000' });
  const { database } = at.host('cak');
  const ids = Array.from({ length: 400 }, (_, n) => `${String(n).padStart(8, '0')}-0000-4000-8000-${id.slice(1).padStart(12, '0')}`);
  await database.transaction(async (tx) => {
    for (const [n, one] of ids.entries()) {
      await insertOrganisation(tx, { id: one, name: `Zorggroep ${String(n + 1).padStart(3, '0')}`, identifiers: { kvk: `${30_000_000 + n}` }, now: at.now() });
      await tx.insertInto('entitlements').values({ organisation_id: one, application, role: 'gebruiker' }).execute();
      await tx.insertInto('memberships').values({ id: `m-${one}`, account_id: id, organisation_id: one, tier: 'user', status: 'active', registered_at: at.now() }).execute();
      await tx.insertInto('role_assignments').values({ membership_id: `m-${one}`, application, role: 'gebruiker', assigned_by: 'x', assigned_at: at.now() }).execute();
    }
  });
  const browser = at.browser();
  const started = await rp.start();
  const page = await typeName(browser, await browser.get(started.url), id);
  expect(offered(page)).toHaveLength(401);
  const begun = performance.now();
  const found = await browser.submit(page, { action: 'filter', filter: 'zorggroep 37' });
  expect(performance.now() - begun).toBeLessThan(3000);
  expect(offered(found)).toHaveLength(14);
  expect(found.html).toContain('14 organisaties');
  expect(actingFor(await rp.finish(started, await browser.submit(found, { organisation: ids[370] ?? '' }))).id).toBe(ids[370]);
}, 30_000);
