import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { generateSync } from 'otplib';
import { endMembership } from '../../src/domain/memberships.ts';
import { isFresh } from '../../src/http/face-doors.ts';
import { listAudit } from '../../src/store/audit.ts';
import { listGrantsOf } from '../../src/store/grants.ts';
import { listSessions } from '../../src/store/sessions.ts';
import { seed } from '../support/factors.ts';
import { desk } from '../support/house.ts';
import type { HttpBrowser, Page } from '../support/http-browser.ts';
import { install, type Install } from '../support/install.ts';
import { authUrl, ib, login as loginIb } from '../support/journeys.ts';
import { cakClient, discover, type RelyingParty, type Tokens } from '../support/relying-party.ts';
import { actingFor, enrol, enter, offered, place, several, someone, typeName } from '../support/several.ts';

/** Row CFX-2: 'Organisatie kiezen' later. The next token carries the other organisation; those of before never change theirs. */
let at: Install;
let rp: RelyingParty;
let second: RelyingParty;
beforeAll(async () => {
  at = await install({ prepare: several });
  [rp, second] = [await cakClient(at, 'rp'), await cakClient(at, 'second')];
}, 60_000);
afterAll(() => at?.stop());

const db = () => at.host('cak').database.db;
const again = { prompt: 'select_account' };
const idToken = (token: string | undefined): Record<string, unknown> => JSON.parse(Buffer.from((token ?? '').split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;

type Two = { id: string; home: string; other: string; browser: HttpBrowser; first: Tokens };

/** Somebody with two organisations who works for the first one. */
async function two(who: RelyingParty = rp): Promise<Two> {
  const { id, home } = await someone(at, { name: 'Zorggroep' });
  const other = await place(at, { name: 'Abeelhof', members: [id] });
  const browser = at.browser();
  return { id, home, other, browser, first: await enter(who, browser, id, { choose: home }) };
}

/** Goes to the page that asks again, and chooses there. */
async function change({ browser, id }: Two, choose: string, who = rp): Promise<Tokens> {
  return enter(who, browser, id, { choose, params: again });
}
/** What is said of tokens wherever somebody asks. */
async function told(tokens: Pick<Tokens, 'access_token'>, who = rp): Promise<{ userinfo: unknown; active: boolean }> {
  const answer = await who.userinfo(tokens.access_token);
  const { organisation } = answer.status === 200 ? await answer.json() as { organisation?: { id: string } } : {};
  return { userinfo: answer.status === 200 ? organisation?.id : answer.status, active: (await who.introspect(tokens.access_token)).active };
}

describe('prompt=select_account', () => {
  test('is in the discovery document', async () => {
    expect(await discover(`${at.url}/cak`)).toMatchObject({ prompt_values_supported: ['none', 'login', 'select_account'] });
  });

  test('asks for the organisation and nothing else, says which one it is now, and the tokens are for the one chosen', async () => {
    const here = await two();
    const started = await rp.start(again);
    const page = await here.browser.get(started.url);
    expect([page.step, offered(page)]).toEqual(['organisation', [here.other, here.home]]);
    expect(page.html).toContain('U werkt nu voor <bdi>Zorggroep</bdi>.');
    expect(page.html).toMatch(/Zorggroep<\/bdi><\/span> <span[^>]*>Nu gekozen/);
    const tokens = await rp.finish(started, await here.browser.submit(page, { organisation: here.other }));
    expect(actingFor(tokens)).toEqual({ id: here.other, roles: ['bestanden:gebruiker'] });
    expect(tokens.claims).toMatchObject({ sub: here.first.claims.sub, auth_time: here.first.claims.auth_time, acr: here.first.claims.acr });
    expect((await listAudit(db(), { event: 'organisation.chosen' }))[0]).toMatchObject({ account_id: here.id, organisation_id: here.other, detail: { from: here.home, to: here.other } });
  });

  test('old tokens keep their organisation, at userinfo, introspection and refresh, for as long as they live', async () => {
    const here = await two();
    const next = await change(here, here.other);
    expect([await told(here.first), await told(next)]).toEqual([{ userinfo: here.home, active: true }, { userinfo: here.other, active: true }]);
    let old: { refresh_token?: string | undefined; access_token: string; id_token?: string | undefined } = here.first;
    for (let n = 0; n < 3; n += 1) {
      old = await rp.refresh(old.refresh_token ?? '');
      expect(idToken(old.id_token)['organisation']).toMatchObject({ id: here.home });
      expect(await told(old)).toEqual({ userinfo: here.home, active: true });
    }
    const fresh = await rp.refresh(next.refresh_token ?? '');
    expect(idToken(fresh.id_token)['organisation']).toMatchObject({ id: here.other });
  });

  test('roles never mix: each token has those of its own organisation', async () => {
    const here = await two();
    await db().insertInto('entitlements').values({ organisation_id: here.other, application: 'porta', role: 'gebruiker' }).execute();
    const { id: membership } = await db().selectFrom('memberships').select('id').where('organisation_id', '=', here.other).executeTakeFirstOrThrow();
    await db().updateTable('role_assignments').set({ application: 'porta' }).where('membership_id', '=', membership).execute();
    const next = await change(here, here.other);
    expect([actingFor(here.first).roles, actingFor(next).roles]).toEqual([['bestanden:gebruiker'], ['porta:gebruiker']]);
    expect(idToken((await rp.refresh(here.first.refresh_token ?? '')).id_token)['roles']).toEqual(['bestanden:gebruiker']);
    expect(idToken((await rp.refresh(next.refresh_token ?? '')).id_token)['roles']).toEqual(['porta:gebruiker']);
  });

  test('other portals of the session get the new one at their next authorization, and keep what they have until then', async () => {
    const here = await two();
    const elsewhere = await enter(second, here.browser, here.id);
    await change(here, here.other);
    expect(await told(elsewhere, second)).toEqual({ userinfo: here.home, active: true });
    expect(actingFor(await enter(second, here.browser, here.id)).id).toBe(here.other);
    expect(actingFor(await enter(second, here.browser, here.id, { params: { prompt: 'none' } })).id).toBe(here.other);
  });

  test('back again: the first grant is found again, beside the second', async () => {
    const here = await two();
    await change(here, here.other);
    const back = await change(here, here.home);
    expect(await told(back)).toEqual({ userinfo: here.home, active: true });
    const [session] = await listSessions(db(), { accountId: here.id });
    const grants = (await listGrantsOf(db(), session?.id ?? '')).map(({ organisation_id }) => organisation_id);
    expect(grants.toSorted()).toEqual([here.home, here.other].toSorted());
  });

  test('two tabs: codes for two organisations are redeemed side by side', async () => {
    const here = await two();
    const [one, other] = [await rp.start(again), await rp.start(again)];
    const pages = [await here.browser.get(one.url), await here.browser.get(other.url)] as const;
    const answers = [await here.browser.submit(pages[0], { organisation: here.home }), await here.browser.submit(pages[1], { organisation: here.other })] as const;
    expect(actingFor(await rp.finish(one, answers[0])).id).toBe(here.home);
    expect(actingFor(await rp.finish(other, answers[1])).id).toBe(here.other);
  });

  test('who has one organisation gets straight through', async () => {
    const { id, home } = await someone(at);
    const browser = at.browser();
    await enter(rp, browser, id);
    const started = await rp.start(again);
    const page = await browser.get(started.url);
    expect(page.step).toBeUndefined();
    expect(actingFor(await rp.finish(started, page)).id).toBe(home);
  });

  test('without a session everything is asked; with prompt=login too', async () => {
    const here = await two();
    const page = await typeName(here.browser, await here.browser.get((await rp.start({ prompt: 'login select_account' })).url), here.id);
    expect([page.step, offered(page)]).toEqual(['organisation', [here.other, here.home]]);
    const started = await rp.start(again);
    const stranger = at.browser();
    const asked = await typeName(stranger, await stranger.get(started.url), here.id);
    expect(actingFor(await rp.finish(started, await stranger.submit(asked, { organisation: here.other }))).id).toBe(here.other);
  });

  test('who gives up keeps what they had', async () => {
    const here = await two();
    const page = await here.browser.get((await rp.start(again)).url);
    expect((await here.browser.submit(page, { action: 'cancel' })).answer['error']).toBe('access_denied');
    expect(await told(here.first)).toEqual({ userinfo: here.home, active: true });
    expect(actingFor(await enter(rp, here.browser, here.id, { params: { prompt: 'none' } })).id).toBe(here.home);
  });

  test('with none it is an invalid request', async () => {
    const { browser } = await two();
    expect((await browser.get((await rp.start({ prompt: 'none select_account' })).url)).answer['error']).toBe('invalid_request');
  });
});

describe('a level that counts', () => {
  test('what somebody showed themselves counts for the other organisation too; what that one asks more is asked', async () => {
    const here = await two();
    const strict = await place(at, { members: [here.id], level: 'two-factor' });
    await enrol(at, here.id, seed);
    const started = await rp.start(again);
    const page = await here.browser.submit(await here.browser.get(started.url), { organisation: strict });
    expect(page.step).toBe('totp');
    const high = await rp.finish(started, await here.browser.submit(page, { code: generateSync({ secret: seed, epoch: at.now() }) }));
    expect([actingFor(high).id, high.claims.acr]).toEqual([strict, 'https://refeds.org/profile/mfa']);
    // the person's own factors stay theirs
    const back = await change(here, here.home);
    expect([actingFor(back).id, back.claims.acr]).toEqual([here.home, 'https://refeds.org/profile/mfa']);
    expect((await change(here, strict)).claims.acr).toBe('https://refeds.org/profile/mfa');
  });
});

describe('the end', () => {
  test('of one membership ends the session with the tokens of both organisations; the other one can be chosen again', async () => {
    const here = await two();
    const next = await change(here, here.other);
    const { id: membershipId } = await db().selectFrom('memberships').select('id').where('organisation_id', '=', here.home).executeTakeFirstOrThrow();
    await at.host('cak').database.transaction((tx) => endMembership(tx, { membershipId, actor: desk, now: at.now() }));
    expect([await told(here.first), await told(next)]).toEqual([{ userinfo: 401, active: false }, { userinfo: 401, active: false }]);
    for (const tokens of [here.first, next]) await expect(rp.refresh(tokens.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });
    expect(actingFor(await enter(rp, here.browser, here.id)).id).toBe(here.other);
  });

  test.each<[string, (browser: HttpBrowser, tokens: Tokens) => Promise<Page>]>([
    ['logging out', (browser, { id_token }) => browser.get(`/cak/session/end?id_token_hint=${id_token}`).then((page) => browser.submit(page, { logout: 'yes' }))],
    ['leaving the portal', (browser, { id_token }) => browser.get(`/cak/session/end?id_token_hint=${id_token}`).then((page) => browser.submit(page))],
  ])('%s takes the tokens of every organisation', async (_, leave) => {
    const here = await two();
    const next = await change(here, here.other);
    await leave(here.browser, next);
    expect([await told(here.first), await told(next)]).toEqual([{ userinfo: 401, active: false }, { userinfo: 401, active: false }]);
  });
});

describe('a realm in which nobody chooses', () => {
  test('a broker says for whom: nothing is asked, and nothing changes', async () => {
    const browser = at.browser();
    expect((await loginIb(at, browser, 'ib-user')).answer['code']).toBeDefined();
    const page = await browser.get(authUrl('werk-en-inkomen', again));
    expect([page.step, page.answer['code'] !== undefined]).toEqual([undefined, true]);
    expect((await browser.get(`/${ib}/account/organisation`)).status).toBe(404);
  });
});

describe('CFX-3 our own pages', () => {
  test('have the choice in their menu for who has several, and lead back', async () => {
    const here = await two();
    const home = await here.browser.get('/cak/account/');
    expect(home.html).toContain('href="/cak/account/organisation"');
    expect(home.html).toContain('>Zorggroep<');
    const page = await here.browser.get('/cak/account/organisation');
    expect(page.step).toBe('organisation');
    const after = await here.browser.submit(page, { organisation: here.other });
    expect([new URL(after.url).pathname, after.html.includes('>Abeelhof<')]).toEqual(['/cak/account/', true]);
    expect(actingFor(await enter(rp, here.browser, here.id)).id).toBe(here.other);
  });

  test('who gives up is where they were', async () => {
    const here = await two();
    await here.browser.get('/cak/account/');
    const after = await here.browser.submit(await here.browser.get('/cak/account/organisation'), { action: 'cancel' });
    expect([new URL(after.url).pathname, after.html.includes('>Zorggroep<')]).toEqual(['/cak/account/', true]);
  });

  test('are about whom the session acts for now, also when another portal changed that: the trail says so', async () => {
    const here = await two();
    const home = await here.browser.get('/cak/account/details');
    const acted = async (language: string): Promise<unknown> => {
      await here.browser.post('/cak/account/language', { csrf: home.hidden['csrf'] ?? '', language });
      return (await listAudit(db(), { event: 'profile.changed' }))[0];
    };
    expect(await acted('en')).toMatchObject({ account_id: here.id, acting_for: here.home });
    await change(here, here.other);
    expect((await here.browser.get('/cak/account/')).html).toContain('>Abeelhof<');
    expect(await acted('nl')).toMatchObject({ account_id: here.id, acting_for: here.other });
  });

  test('one that is open for an organisation of its own asks what is fresh for that one', async () => {
    const here = await two();
    const host = at.host('cak');
    const portal = host.realm.portals.find(({ first_party: face }) => face === 'account');
    const [session] = await listSessions(db(), { accountId: here.id });
    if (!portal || !session) throw new Error('no portal or no session');
    const fresh = (organisationId?: string) => isFresh({ host, portal, session, address: '::1', now: at.now(), ...(organisationId !== undefined && { organisationId }) }, 600);
    expect([await fresh(), await fresh(here.home), await fresh(here.other)]).toEqual([true, true, true]);
    await db().updateTable('organisations').set({ minimum_level: 'two-factor' }).where('id', '=', here.other).execute();
    expect([await fresh(), await fresh(here.home), await fresh(here.other)]).toEqual([true, true, false]);
  });

  test('who has one is offered none', async () => {
    const { id } = await someone(at);
    const browser = at.browser();
    await enter(rp, browser, id);
    expect((await browser.get('/cak/account/')).html).not.toContain('account/organisation');
    expect(new URL((await browser.get('/cak/account/organisation')).url).pathname).toBe('/cak/account/');
  });
});
