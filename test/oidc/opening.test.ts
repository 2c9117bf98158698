import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import * as oauth from 'oauth4webapi';
import type { Opening } from '../../src/config/opening.ts';
import { resourceSchema } from '../../src/config/schema.ts';
import { closesAt, opensAt } from '../../src/domain/opening.ts';
import { hashSecret } from '../../src/oidc/clients.ts';
import { createDocuments } from '../../src/store/documents.ts';
import { install, type Install } from '../support/install.ts';
import { cakClient, cakLogin, callback, insecure, register, RelyingParty, typePassword, type Tokens } from '../support/relying-party.ts';

/** CAK-12: Porta has opening hours; it is an application of Mijn CAK Zakelijk, and a portal of its own. */
const api = 'https://bestanden.example/';
const secret = 'secret-of-porta-rp-that-is-long-enough';
let at: Install;
let portaRp: RelyingParty;
let cakRp: RelyingParty;
let hours: Opening;
beforeAll(async () => {
  at = await install({
    change: ({ realms }) => realms.find(({ id }) => id === 'cak')?.resources.push(resourceSchema.parse({ id: api, name: 'Bestanden', portal: 'porta', scopes: ['bestanden.lezen'] })),
  });
  await register(at, 'cak', 'porta', {
    client_id: 'porta-rp', token_endpoint_auth_method: 'client_secret_basic', client_secret_hash: hashSecret(secret), redirect_uris: [callback],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
  });
  portaRp = await RelyingParty.connect(`${at.url}/cak`, { client_id: 'porta-rp' }, oauth.ClientSecretBasic(secret), callback);
  cakRp = await cakClient(at, 'cak-rp');
  hours = at.host('cak').realm.applications.find(({ id }) => id === 'porta')!.opening!;
}, 60_000);
afterAll(() => at?.stop());

/** Each test begins on a working day: at noon, or so many seconds before Porta closes. */
const before = (seconds: number) => {
  const opens = opensAt(hours, at.now() + 86_400) ?? 0;
  at.advance((closesAt(hours, opens) ?? 0) - seconds - at.now());
};
const portaLogin = async (params = {}): Promise<Tokens> => cakLogin(portaRp, at.browser(), { params });
const rolesOf = async (rp: RelyingParty, accessToken: string): Promise<unknown> => (await (await rp.userinfo(accessToken)).json() as { roles?: unknown }).roles;
const machine = () => oauth.clientCredentialsGrantRequest(portaRp.as, portaRp.client, portaRp.auth, { resource: api, scope: 'bestanden.lezen' }, insecure);
const lives = ({ exp = 0, iat = 0 }: { exp?: number; iat?: number }): number => exp - iat;
const refreshLives = async (token: string | undefined): Promise<number> => lives((await createDocuments(at.host('cak').database).find('RefreshToken', token ?? '') ?? {}) as { exp?: number; iat?: number });

describe('CAK-12 while Porta is open', () => {
  beforeEach(() => before(4 * 3600));

  test('its client gets tokens with its role, and so does the portal that has it among others', async () => {
    const porta = await portaLogin();
    expect([porta.claims['roles'], porta.claims['entitlements'], await rolesOf(portaRp, porta.access_token)]).toEqual([['porta:gebruiker'], ['porta'], ['porta:gebruiker']]);
    expect((await cakLogin(cakRp, at.browser())).claims['roles']).toEqual(expect.arrayContaining(['porta:gebruiker', 'bestanden:gebruiker']));
    expect(porta.expires_in).toBe(600);
  });

  test('who has no role in it is told that, not that it is closed', async () => {
    const browser = at.browser();
    const started = await portaRp.start();
    expect((await typePassword(browser, await browser.get(started.url), 'cak-twin')).end).toBe('no_role');
  });
});

describe('CAK-12 shortly before Porta closes', () => {
  beforeEach(() => before(100));

  test('every token of its client ends at closing time', async () => {
    const porta = await portaLogin();
    for (const seconds of [porta.expires_in ?? 0, lives(porta.claims), await refreshLives(porta.refresh_token)]) {
      expect(seconds).toBeGreaterThan(60);
      expect(seconds).toBeLessThanOrEqual(100);
    }
    const next = await portaRp.refresh(porta.refresh_token ?? '');
    expect(next.expires_in).toBeLessThanOrEqual(100);
    expect(await refreshLives(next.refresh_token)).toBeLessThanOrEqual(100);
  });

  test('what says the role elsewhere ends too, but not what renews it', async () => {
    const cak = await cakLogin(cakRp, at.browser());
    expect(cak.claims['roles']).toContain('porta:gebruiker');
    expect(cak.expires_in).toBeLessThanOrEqual(100);
    expect(lives(cak.claims)).toBeLessThanOrEqual(100);
    expect(await refreshLives(cak.refresh_token)).toBe(28_800);
  });

  test('tokens for its API end too: those of a person and those of a machine', async () => {
    const browser = at.browser();
    const started = await portaRp.start({ resource: api, scope: 'openid roles bestanden.lezen' });
    const page = await typePassword(browser, await browser.get(started.url));
    const params = oauth.validateAuthResponse(portaRp.as, portaRp.client, new URL(page.location ?? ''), started.state);
    const response = await oauth.authorizationCodeGrantRequest(portaRp.as, portaRp.client, portaRp.auth, params, callback, started.verifier, { ...insecure, additionalParameters: { resource: api } });
    const { access_token } = await response.json() as { access_token: string };
    expect(decodeJwt(access_token)).toMatchObject({ aud: api, roles: ['porta:gebruiker'] });
    expect(lives(decodeJwt(access_token))).toBeLessThanOrEqual(100);
    expect((await (await machine()).json() as { expires_in: number }).expires_in).toBeLessThanOrEqual(100);
  });

  test('after closing its client gets nothing for them: no userinfo, no refresh, no introspection, no code redeemed', async () => {
    const porta = await portaLogin();
    const browser = at.browser();
    const started = await portaRp.start();
    const waiting = await typePassword(browser, await browser.get(started.url));
    at.advance(101);
    expect((await portaRp.userinfo(porta.access_token)).status).toBe(401);
    expect(await portaRp.introspect(porta.access_token)).toEqual({ active: false });
    await expect(portaRp.refresh(porta.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });
    await expect(portaRp.finish(started, waiting)).rejects.toMatchObject({ error: 'invalid_grant' });
    const refused = await machine();
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: 'invalid_grant' }]);
  });

  test('after closing the rest of the portal stays open, without the role', async () => {
    const cak = await cakLogin(cakRp, at.browser());
    at.advance(101);
    const left = ['bestanden:gebruiker', 'wmo-abonnementstarief:gebruiker', 'vrijstellingen-2019:gebruiker'];
    expect(await rolesOf(cakRp, cak.access_token)).toEqual(left);
    const next = await cakRp.refresh(cak.refresh_token ?? '');
    expect([next.expires_in, await rolesOf(cakRp, next.access_token)]).toEqual([600, left]);
    const { claims } = await cakLogin(cakRp, at.browser());
    expect([claims['roles'], claims['entitlements']]).toEqual([left, ['bestanden', 'wmo-abonnementstarief', 'vrijstellingen-2019']]);
  });
});

describe('CAK-12 while Porta is closed', () => {
  beforeEach(() => before(-60));

  test('a page says when it opens, before anything is asked, in both languages; nothing is wrong', async () => {
    const browser = at.browser();
    const page = await browser.get((await portaRp.start()).url);
    expect([page.status, page.end]).toEqual([200, 'application_closed']);
    const opens = new Date((opensAt(hours, at.now()) ?? 0) * 1000);
    const day = (language: string) => new Intl.DateTimeFormat(language, { weekday: 'long', day: 'numeric', month: 'long', timeZone: 'Europe/Amsterdam' }).format(opens);
    expect(page.html).toContain(`Porta gaat weer open op ${day('nl')}, 07:30 uur.`);
    expect(page.html).toContain('href="http://localhost:3001/porta/"');
    const english = await browser.get((await portaRp.start({ ui_locales: 'en' })).url);
    expect(english.html).toContain(`Porta opens again on ${day('en-GB')}, 07:30.`);
  });

  test('a session opens it as little, and a silent request is told so', async () => {
    const browser = at.browser();
    await cakLogin(cakRp, browser);
    expect((await browser.get((await portaRp.start()).url)).end).toBe('application_closed');
    expect((await browser.get((await portaRp.start({ prompt: 'none' })).url)).answer).toMatchObject({ error: 'access_denied' });
    expect((await browser.get((await cakRp.start({ prompt: 'none' })).url)).answer['code']).toBeDefined();
  });

  test('closes in the middle of a login too', async () => {
    before(50);
    const browser = at.browser();
    const page = await browser.get((await portaRp.start()).url);
    expect(page.step).toBe('password');
    at.advance(60);
    expect((await typePassword(browser, page)).end).toBe('application_closed');
  });
});
