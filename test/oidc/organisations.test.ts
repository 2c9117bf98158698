import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as oauth from 'oauth4webapi';
import { generateSync } from 'otplib';
import { hashSecret } from '../../src/oidc/clients.ts';
import { listAudit } from '../../src/store/audit.ts';
import { listGrantsOf } from '../../src/store/grants.ts';
import { updateMembership } from '../../src/store/memberships.ts';
import { listSessions } from '../../src/store/sessions.ts';
import { seed } from '../support/factors.ts';
import type { HttpBrowser } from '../support/http-browser.ts';
import { install, type Install } from '../support/install.ts';
import { cakClient, register, RelyingParty, callback } from '../support/relying-party.ts';
import { actingFor, enrol, enter, join, offered, place, several, someone, typeName } from '../support/several.ts';

/** Row CFX-2 and design section 4: for which organisation somebody acts, at each portal and in each token. */
let at: Install;
let rp: RelyingParty;
beforeAll(async () => {
  at = await install({ prepare: several });
  rp = await cakClient(at, 'rp');
}, 60_000);
afterAll(() => at?.stop());

const db = () => at.host('cak').database.db;
const mine = ['bestanden:gebruiker'];
const silently = async (browser: HttpBrowser, params: Record<string, string> = {}, who = rp) => (await browser.get((await who.start({ prompt: 'none', ...params })).url)).answer;

describe('CFX-2 at the first login', () => {
  test('who has one organisation is asked nothing', async () => {
    const { id, home } = await someone(at);
    expect(actingFor(await enter(rp, at.browser(), id))).toEqual({ id: home, roles: mine });
  });

  test('who has several chooses; the tokens are for that one, with its roles, and so is the next portal', async () => {
    const { id, home } = await someone(at, { name: 'Zorggroep' });
    const other = await place(at, { name: 'Abeelhof', members: [id] });
    const browser = at.browser();
    const started = await rp.start();
    const page = await typeName(browser, await browser.get(started.url), id);
    expect([page.step, offered(page)]).toEqual(['organisation', [other, home]]);
    const tokens = await rp.finish(started, await browser.submit(page, { organisation: other }));
    expect(actingFor(tokens)).toEqual({ id: other, roles: mine });
    const second = await cakClient(at, 'second');
    expect(actingFor(await enter(second, browser, id))).toEqual({ id: other, roles: mine });
    expect((await silently(browser))['code']).toBeDefined();
    expect((await listAudit(db(), { event: 'organisation.chosen' }))[0]).toMatchObject({ organisation_id: other, account_id: id, detail: { from: null, to: other } });
  });

  test('one that has no role at this portal is not among them', async () => {
    const { id, home } = await someone(at);
    const other = await place(at, { name: 'Abeelhof', members: [id] });
    await join(at, id, await place(at), []);
    const browser = at.browser();
    expect(offered(await typeName(browser, await browser.get((await rp.start()).url), id))).toEqual([other, home]);
  });

  test('logging in again keeps the organisation', async () => {
    const { id } = await someone(at);
    const other = await place(at, { members: [id] });
    const browser = at.browser();
    await enter(rp, browser, id, { choose: other });
    const started = await rp.start({ prompt: 'login' });
    const page = await browser.get(started.url);
    expect(page.step).toBe('password');
    expect(actingFor(await rp.finish(started, await typeName(browser, page, id)))).toEqual({ id: other, roles: mine });
  });

  test('somebody else at the same browser gets none of it', async () => {
    const [one, two] = [await someone(at), await someone(at)];
    const shared = await place(at, { members: [one.id, two.id] });
    const browser = at.browser();
    await enter(rp, browser, one.id, { choose: shared });
    const page = await typeName(browser, await browser.get((await rp.start({ prompt: 'login' })).url), two.id);
    expect([page.step, offered(page).toSorted()]).toEqual(['organisation', [shared, two.home].toSorted()]);
    expect(page.html).not.toContain('U werkt nu voor');
  });
});

describe('CFX-2 a portal where the organisation of the session has no role', () => {
  test('asks for one that has, silently refuses, and changes nothing that was given before', async () => {
    const porta = await portaClient();
    const { id, home } = await someone(at, { name: 'Zorggroep' });
    const other = await place(at, { name: 'Abeelhof' });
    const { db: own } = at.host('cak').database;
    await own.insertInto('entitlements').values({ organisation_id: other, application: 'porta', role: 'gebruiker' }).execute();
    await join(at, id, other, [{ application: 'porta', role: 'gebruiker' }]);
    const browser = at.browser();
    const first = await enter(rp, browser, id, { choose: home });
    expect((await silently(browser, {}, porta))['error']).toBe('login_required');
    const started = await porta.start();
    const page = await browser.get(started.url);
    expect([page.step, offered(page)]).toEqual(['organisation', [other]]);
    expect(page.html).toContain('U werkt nu voor <bdi>Zorggroep</bdi>. Maar daarmee kunt u niet naar Porta.');
    expect(actingFor(await porta.finish(started, await browser.submit(page, { organisation: other })))).toEqual({ id: other, roles: ['porta:gebruiker'] });
    expect((await (await rp.userinfo(first.access_token)).json())).toMatchObject({ organisation: { id: home }, roles: mine });
  });

  async function portaClient(): Promise<RelyingParty> {
    await register(at, 'cak', 'porta', { client_id: 'porta-rp', token_endpoint_auth_method: 'client_secret_basic', client_secret_hash: hashSecret('a-secret-of-porta-that-is-long-enough'), redirect_uris: [callback] });
    return RelyingParty.connect(`${at.url}/cak`, { client_id: 'porta-rp' }, oauth.ClientSecretBasic('a-secret-of-porta-that-is-long-enough'), callback);
  }
});

describe('CFX-2 an organisation that asks more', () => {
  test('the higher level is asked after the choice, of who chose that one', async () => {
    const { id, home } = await someone(at);
    const strict = await place(at, { members: [id], level: 'two-factor' });
    await enrol(at, id, seed);
    const low = await enter(rp, at.browser(), id, { choose: home });
    expect(low.claims.acr).toBe('https://refeds.org/profile/sfa');
    const browser = at.browser();
    const started = await rp.start();
    const asked = await browser.submit(await typeName(browser, await browser.get(started.url), id), { organisation: strict });
    expect(asked.step).toBe('totp');
    const tokens = await rp.finish(started, await browser.submit(asked, { code: generateSync({ secret: seed, epoch: at.now() }) }));
    expect([actingFor(tokens).id, tokens.claims.acr]).toEqual([strict, 'https://refeds.org/profile/mfa']);
  });

  test('who cannot show it is told so, and may log in again for another one', async () => {
    const { id, home } = await someone(at);
    const strict = await place(at, { members: [id], level: 'two-factor', name: 'Strenge Zorg' });
    const browser = at.browser();
    const started = await rp.start();
    const end = await browser.submit(await typeName(browser, await browser.get(started.url), id), { organisation: strict });
    expect([end.status, end.end]).toEqual([403, 'level_too_low']);
    expect(end.html).toContain('Voor Strenge Zorg moet u op een sterkere manier inloggen. Nodig: twee stappen. U heeft gebruikt: wachtwoord.');
    expect(end.html).not.toContain('inlogmiddel');
    const page = await typeName(browser, await browser.submit(end, { action: 'restart' }), id);
    expect(page.step).toBe('organisation');
    expect(actingFor(await rp.finish(started, await browser.submit(page, { organisation: home }))).id).toBe(home);
  });
});

describe('CFX-2 with nothing to choose', () => {
  test('the page says what all of them lack, and the portal hears a refusal', async () => {
    const { id } = await someone(at, { name: 'Zorggroep' });
    await join(at, id, await place(at, { name: 'Abeelhof' }), []);
    await db().deleteFrom('role_assignments').where('membership_id', '=', `m-${id}`).execute();
    const browser = at.browser();
    const end = await typeName(browser, await browser.get((await rp.start()).url), id);
    expect([end.status, end.end]).toEqual([403, 'organisation_none']);
    for (const said of ['2 organisaties', '<li>Abeelhof</li>', '<li>Zorggroep</li>']) expect(end.html).toContain(said);
    expect((await browser.submit(end, { action: 'cancel' })).answer['error']).toBe('access_denied');
  });

  test('a single one without a role comes to the page about that', async () => {
    const { id } = await someone(at);
    await db().deleteFrom('role_assignments').where('membership_id', '=', `m-${id}`).execute();
    const browser = at.browser();
    expect((await typeName(browser, await browser.get((await rp.start()).url), id)).end).toBe('no_role');
  });

  test('nor is there anything for who left the only one', async () => {
    const { id } = await someone(at);
    await updateMembership(db(), `m-${id}`, { status: 'ended' });
    const browser = at.browser();
    const end = await typeName(browser, await browser.get((await rp.start()).url), id);
    expect([end.end, end.html.includes('U hoort bij geen enkele organisatie')]).toEqual(['organisation_none', true]);
    expect(await listSessions(db(), { accountId: id })).toEqual([]);
    expect(await listGrantsOf(db(), id)).toEqual([]);
  });
});
