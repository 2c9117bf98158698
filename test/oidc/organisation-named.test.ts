import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as oauth from 'oauth4webapi';
import { SignJWT } from 'jose';
import { endMembership } from '../../src/domain/memberships.ts';
import { listAudit } from '../../src/store/audit.ts';
import { desk } from '../support/house.ts';
import type { HttpBrowser, Page } from '../support/http-browser.ts';
import { install, type Install } from '../support/install.ts';
import { authUrl, ib, login as loginIb, person, throughBroker } from '../support/journeys.ts';
import { cakClient, callback, insecure, keyClient, type RelyingParty, type Tokens } from '../support/relying-party.ts';
import { actingFor, enter, join, place, several, someone, typeName } from '../support/several.ts';

/** Row CFX-2: a portal names the organisation and gets it, or a clear refusal. */
let at: Install;
let rp: RelyingParty;
beforeAll(async () => {
  at = await install({ prepare: several, change: ({ realms }) => {
    realms.find(({ id }) => id === 'cak')?.resources.push({ id: api, name: 'API', portal: 'mijn-cak-zakelijk', scopes: ['lezen'], signing_alg: 'ES256', ttl: 300 });
  } });
  rp = await cakClient(at, 'rp', { grant_types: ['authorization_code', 'refresh_token', 'client_credentials'] });
}, 60_000);
afterAll(() => at?.stop());

const db = () => at.host('cak').database.db;
const api = 'https://api.example/';
const scope = 'openid profile organisation roles';
const naming = (organisation: string) => ({ scope: `${scope} organisation:${organisation}` });
const refused = { error: 'access_denied', error_description: 'the person may not act for the organisation that is asked' };
const ask = async (browser: HttpBrowser, params: Record<string, string>): Promise<Page> => browser.get((await rp.start(params)).url);

type Two = { id: string; home: string; other: string; browser: HttpBrowser; first: Tokens };
async function two(): Promise<Two> {
  const { id, home } = await someone(at, { name: 'Zorggroep' });
  const other = await place(at, { name: 'Abeelhof', members: [id] });
  const browser = at.browser();
  return { id, home, other, browser, first: await enter(rp, browser, id, { choose: home }) };
}

describe('scope organisation:<id>', () => {
  test('at a first login: nothing is asked beside the password, and the tokens are for that one', async () => {
    const { id, other } = await two();
    const tokens = await enter(rp, at.browser(), id, { params: naming(other) });
    expect(actingFor(tokens)).toEqual({ id: other, roles: ['bestanden:gebruiker'] });
    expect(tokens.scope?.split(' ').toSorted()).toEqual([...scope.split(' '), `organisation:${other}`].toSorted());
  });

  test('with a session: a grant for it beside the session\'s own, without a page, silently too; the session stays where it is', async () => {
    const here = await two();
    for (const prompt of ['none', undefined]) {
      const named = await enter(rp, here.browser, here.id, { params: { ...naming(here.other), ...(prompt && { prompt }) } });
      expect(actingFor(named).id).toBe(here.other);
      expect(actingFor(await enter(rp, here.browser, here.id)).id).toBe(here.home);
      const [own, theirs] = await Promise.all([here.first, named].map(async (tokens) => (await rp.userinfo(tokens.access_token)).json() as Promise<{ organisation: { id: string } }>));
      expect([own?.organisation.id, theirs?.organisation.id]).toEqual([here.home, here.other]);
      expect(await rp.introspect(named.access_token)).toMatchObject({ active: true, scope: expect.stringContaining(`organisation:${here.other}`) });
      expect((await rp.refresh(named.refresh_token ?? '')).scope).toContain(`organisation:${here.other}`);
    }
  });

  test('by a number of the organisation', async () => {
    const here = await two();
    await db().insertInto('organisation_identifiers').values({ organisation_id: here.other, type: 'kvk', value: '87654321' }).execute();
    expect(actingFor(await enter(rp, here.browser, here.id, { params: naming('kvk:87654321') })).id).toBe(here.other);
  });

  test('a login that it leads to keeps the organisation of the session', async () => {
    const here = await two();
    const named = await enter(rp, here.browser, here.id, { params: { ...naming(here.other), prompt: 'login' } });
    expect(actingFor(named).id).toBe(here.other);
    expect(actingFor(await enter(rp, here.browser, here.id)).id).toBe(here.home);
  });

  test('asks no choice, also of who wanted one', async () => {
    const here = await two();
    expect(actingFor(await enter(rp, here.browser, here.id, { params: { ...naming(here.other), prompt: 'select_account' } })).id).toBe(here.other);
  });

  test('one without a role here ends on the page about that', async () => {
    const here = await two();
    const roleless = await place(at);
    await join(at, here.id, roleless, []);
    expect((await ask(here.browser, naming(roleless))).end).toBe('no_role');
  });

  test('one that asks more asks it', async () => {
    const here = await two();
    const strict = await place(at, { members: [here.id], level: 'two-factor' });
    expect((await ask(here.browser, { ...naming(strict), prompt: 'none' })).answer['error']).toBe('login_required');
    expect((await ask(here.browser, naming(strict))).end).toBe('level_too_low');
  });
});

test('a token for an API is for the organisation that was named, with its roles', async () => {
  const here = await two();
  const started = await rp.start({ scope: `${scope} lezen unknown organisation:${here.other}`, resource: api });
  const params = oauth.validateAuthResponse(rp.as, rp.client, new URL((await here.browser.get(started.url)).location ?? ''), started.state);
  const response = await oauth.authorizationCodeGrantRequest(rp.as, rp.client, rp.auth, params, callback, started.verifier, { ...insecure, additionalParameters: { resource: api } });
  const { access_token: token, scope: given } = await response.json() as { access_token: string; scope: string };
  expect(given).toBe('lezen');
  expect(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())).toMatchObject({ aud: api, scope: 'lezen', organisation: { id: here.other }, roles: ['bestanden:gebruiker'] });
});

describe('pushed and signed requests', () => {
  test('by PAR, once', async () => {
    const here = await two();
    const [verifier, nonce] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomNonce()];
    const fields = new URLSearchParams({ client_id: 'rp', redirect_uri: callback, response_type: 'code', state: 'st', nonce, ...naming(here.other), code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' });
    const pushed = await oauth.processPushedAuthorizationResponse(rp.as, rp.client, await oauth.pushedAuthorizationRequest(rp.as, rp.client, rp.auth, fields, insecure));
    const url = `${rp.as.authorization_endpoint}?${new URLSearchParams({ client_id: 'rp', request_uri: pushed.request_uri }).toString()}`;
    expect(actingFor(await rp.finish({ url, verifier, state: 'st', nonce }, await here.browser.get(url))).id).toBe(here.other);
    fields.set('scope', `${scope} organisation:${here.other} organisation:${here.home}`);
    const error = await oauth.processPushedAuthorizationResponse(rp.as, rp.client, await oauth.pushedAuthorizationRequest(rp.as, rp.client, rp.auth, fields, insecure)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ error: 'invalid_scope' });
  });

  test('by a request object, whatever stands beside it', async () => {
    const { rp: signer, keys } = await keyClient(at, 'signer');
    const here = await two();
    const started = await signer.start();
    const params = Object.fromEntries(new URL(started.url).searchParams);
    const request = await new SignJWT({ ...params, ...naming(here.other) }).setProtectedHeader({ alg: 'ES256', kid: 'k1' }).setIssuer('signer').setAudience(`${at.url}/cak`).setIssuedAt().setExpirationTime('5m').sign(keys.privateKey);
    const url = `${signer.as.authorization_endpoint}?${new URLSearchParams({ client_id: 'signer', response_type: 'code', ...naming(here.home), request }).toString()}`;
    expect(actingFor(await signer.finish(started, await here.browser.get(url))).id).toBe(here.other);
  });
});

describe('a clear refusal', () => {
  const strangers: [string, (here: Two) => Promise<string> | string][] = [
    ['that nobody knows', () => '00000000-0000-4000-8000-000000000000'],
    ['of others', () => place(at)],
    ['that the person left', async (here) => { const one = await place(at); await db().updateTable('memberships').set({ status: 'ended' }).where('id', '=', await join(at, here.id, one)).execute(); return one; }],
    ['where the membership waits', async (here) => { const one = await place(at); await db().updateTable('memberships').set({ status: 'pending' }).where('id', '=', await join(at, here.id, one)).execute(); return one; }],
    ['of another realm', () => person('ib-user').organisation_id ?? ''],
    ['of others, by number', async () => { const one = await place(at); await db().insertInto('organisation_identifiers').values({ organisation_id: one, type: 'rsin', value: one }).execute(); return 'rsin:111222333'; }],
    ['of others that asks a level', () => place(at, { level: 'two-factor', name: 'Geheime Zorg' })],
  ];
  test.each(strangers)('of an organisation %s, the same whichever: a page, or silently an error', async (_, which) => {
    const here = await two();
    const named = naming(await which(here));
    expect((await ask(here.browser, { ...named, prompt: 'none' })).answer).toMatchObject(refused);
    const page = await ask(here.browser, named);
    expect([page.status, page.end]).toEqual([403, 'organisation_refused']);
    expect(page.html).not.toMatch(/Geheime Zorg|data-step/);
    expect((await here.browser.submit(page, { action: 'cancel' })).answer).toMatchObject(refused);
    expect((await listAudit(db(), { event: 'login.refused' }))[0]).toMatchObject({ account_id: here.id, reason: 'organisation_refused', organisation_id: null });
    // nothing that was there is lost
    expect(actingFor(await enter(rp, here.browser, here.id, { params: { prompt: 'none' } })).id).toBe(here.home);
  });

  test('without a session only after the password: who shows nothing learns nothing', async () => {
    const [here, stranger] = [await two(), await place(at)];
    for (const organisation of [stranger, here.other, 'nobody']) {
      expect((await ask(at.browser(), { ...naming(organisation), prompt: 'none' })).answer['error']).toBe('login_required');
      expect((await ask(at.browser(), naming(organisation))).step).toBe('password');
    }
    const browser = at.browser();
    const page = await typeName(browser, await ask(browser, naming(stranger)), here.id);
    expect(page.end).toBe('organisation_refused');
    const again = await browser.submit(page, { action: 'restart' });
    expect(again.step).toBe('password');
    const colleague = await someone(at);
    await join(at, colleague.id, stranger);
    expect((await typeName(browser, again, colleague.id)).answer['code']).toBeDefined();
  });

  test('when the membership ends while the person logs in, and of a token once it ended', async () => {
    const here = await two();
    const named = await enter(rp, here.browser, here.id, { params: naming(here.other) });
    const browser = at.browser();
    const page = await ask(browser, naming(here.other));
    const { id: membershipId } = await db().selectFrom('memberships').select('id').where('organisation_id', '=', here.other).executeTakeFirstOrThrow();
    await at.host('cak').database.transaction((tx) => endMembership(tx, { membershipId, actor: desk, now: at.now() }));
    expect((await typeName(browser, page, here.id)).end).toBe('organisation_refused');
    expect((await rp.userinfo(named.access_token)).status).toBe(401);
    await expect(rp.refresh(named.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  test('in a realm where the broker says for whom: its own organisation is met, another refused', async () => {
    const browser = at.browser();
    const own = person('ib-user').organisation_id ?? '';
    const other = '10000000-0000-4000-8000-000000000002';
    const url = (organisation: string, more = {}) => authUrl('werk-en-inkomen', { ...naming(organisation), ...more });
    expect((await throughBroker(at, browser, await browser.get(url(own)), 'ib-user')).answer['code']).toBeDefined();
    expect((await browser.get(url(own, { prompt: 'none' }))).answer['code']).toBeDefined();
    for (const organisation of [other, 'nobody']) {
      expect((await browser.get(url(organisation, { prompt: 'none' }))).answer).toMatchObject(refused);
      expect((await browser.get(url(organisation))).end).toBe('organisation_refused');
    }
    const stranger = at.browser();
    expect((await throughBroker(at, stranger, await stranger.get(url(other)), 'ib-user')).end).toBe('organisation_refused');
    expect((await loginIb(at, at.browser(), 'ib-user')).answer['code']).toBeDefined();
    expect((await listAudit(at.host(ib).database.db, { event: 'login.refused' }))[0]).toMatchObject({ reason: 'organisation_refused' });
  });
});

describe('what a scope may be', () => {
  test.each(['organisation:', 'organisation:a:b:c', 'organisation:a/b', 'organisation:%00', 'organisation:a organisation:b'])('%s is an invalid scope', async (named) => {
    expect((await ask(at.browser(), { scope: `openid ${named}` })).answer['error']).toBe('invalid_scope');
  });

  test('a client without the scope organisation may not name one', async () => {
    const small = await cakClient(at, 'small', { scope: 'openid profile' });
    const { home } = await two();
    expect((await at.browser().get((await small.start({ scope: `openid organisation:${home}` })).url)).answer['error']).toBe('invalid_scope');
  });

  test('what nobody knows is ignored, and not said to be given', async () => {
    const here = await two();
    expect((await enter(rp, here.browser, here.id, { params: { scope: 'openid sluis:everything organisation' } })).scope).toBe('openid organisation');
  });

  test('a machine acts for no organisation', async () => {
    const { home } = await two();
    const grant = async (parameters: Record<string, string>) => (await oauth.clientCredentialsGrantRequest(rp.as, rp.client, rp.auth, parameters, insecure)).json() as Promise<object>;
    expect(await grant({ scope: `roles organisation:${home}` })).toMatchObject({ error: 'invalid_scope' });
    expect(await grant({ scope: 'roles' })).toHaveProperty('access_token');
  });
});
