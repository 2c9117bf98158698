import { describe, expect, test } from '@jest/globals';
import request from 'supertest';
import { readSettings } from '../settings.ts';
import { readWorld } from '../world.ts';
import type { Client } from './client.ts';
import { LogoutRefusal } from './logout-token.ts';
import { portals, type Portal } from './portals.ts';
import { createPortals } from './server.ts';

const settings = readSettings({});
const acr = 'http://eidas.europa.eu/LoA/substantial';

/** A client that gets these roles for whatever code it is given. */
function clientWith(roles: string[]): Client {
  const tokens = { accessToken: 'a', refreshToken: undefined, idToken: 'id', expiresAt: 4_000_000_000, claims: { sub: '1', sid: 'sid-1', acr } };
  return {
    start: async (extra) => ({ url: `http://sluis.example/auth?state=s&${new URLSearchParams(extra)}`, pending: { state: 's', nonce: 'n', verifier: 'v' } }),
    finish: async () => tokens,
    refresh: async () => tokens,
    userinfo: async () => ({ sub: '1', name: 'Bram <b>', roles, organisation: { name: 'Gemeente Lissendam', identifiers: { kvk: '99990001' } } }),
    readLogout: async (token) => (token === 'good' ? { sub: '1', sid: 'sid-1' } : refuse()),
    logoutUrl: async () => 'http://sluis.example/session/end?id_token_hint=id',
  };
}

function refuse(): never {
  throw new LogoutRefusal('no good');
}

function browserWith(roles: string[], now?: () => number, more: Partial<Portal> = {}) {
  const key = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'secret', kid: 'portaal-zorg-1' };
  const app = createPortals({ settings, world: readWorld(), portals: portals.map((portal) => ({ ...portal, ...more })), keys: new Map([['portaal-zorg', key]]), log: () => undefined, clientFor: () => clientWith(roles), ...(now && { now }) });
  return request.agent(app.callback());
}

async function loggedIn(roles: string[], now?: () => number, more: Partial<Portal> = {}) {
  const browser = browserWith(roles, now, more);
  await browser.get('/portaal-zorg/login').expect(303);
  await browser.get('/portaal-zorg/callback?code=c&state=s').expect(303).expect('location', `${settings.portalsUrl}/portaal-zorg/dashboard`);
  return browser;
}

describe('a demo portal', () => {
  test('IB-1, IB-10: tells network and level before login, and passes login parameters on', async () => {
    const browser = browserWith([]);
    const page = await browser.get('/portaal-zorg/').expect(200);
    expect(page.text).toContain('minimaal niveau 3');
    expect(page.text).toContain('Log in op het portaal');
    const login = await browser.get('/portaal-zorg/login?acr_values=x&prompt=none&ui_locales=en&redirect_uri=http://evil.example').expect(303);
    expect(login.headers['location']).toContain('acr_values=x&prompt=none&ui_locales=en');
    expect(login.headers['location']).not.toContain('evil');
  });

  test('IB-7: dashboard, menu and pages follow the roles', async () => {
    const browser = await loggedIn(['iwmo:gebruiker']);
    const page = await browser.get('/portaal-zorg/dashboard').expect(200);
    expect([...page.text.matchAll(/data-menu="([^"]+)"/g)].map((m) => m[1])).toEqual(['iwmo-bestanden']);
    expect(page.text).toContain('Gemeente Lissendam');
    expect(page.text).toContain(`data-level="${acr}"`);
    expect(page.text).not.toContain('<b>');
    await browser.get('/portaal-zorg/iwmo-bestanden').expect(200);
    expect((await browser.get('/portaal-zorg/iwmo-instellingen').expect(403)).text).toContain('data-end="forbidden"');
    await browser.get('/portaal-zorg/nothing').expect(404);
  });

  test('CFX-3: a menu under one\'s name, for a portal that has it, with the organisation beside it', async () => {
    const browser = await loggedIn([], undefined, { userMenu: true });
    const page = await browser.get('/portaal-zorg/dashboard').expect(200);
    expect(page.text).toContain('<bdi data-acting-for>Gemeente Lissendam</bdi>');
    const links = [...page.text.matchAll(/data-user="(\w+)" href="([^"]+)"/g)].map(([, name, href]) => [name, href]);
    expect(links).toEqual([
      ['details', `${settings.sluisUrl}/inlichtingenbureau/account/details`], ['organisation', `${settings.portalsUrl}/portaal-zorg/dashboard`],
      ['account', `${settings.sluisUrl}/inlichtingenbureau/account/`], ['choose', `${settings.portalsUrl}/portaal-zorg/login?prompt=select_account`],
    ]);
    expect(page.text.match(/data-logout/g)).toHaveLength(1);
    expect((await (await loggedIn([])).get('/portaal-zorg/dashboard')).text).not.toContain('data-user-menu');
  });

  test('CFX-2: another organisation is a new login, and may be named', async () => {
    const login = await browserWith([]).get('/portaal-zorg/login?prompt=select_account&organisation=o1').expect(303);
    expect(login.headers['location']).toContain('prompt=select_account&organisation=o1');
  });

  test('without a session there is only the start page; the session of one portal is none of another\'s', async () => {
    await browserWith([]).get('/portaal-zorg/dashboard').expect(303).expect('location', `${settings.portalsUrl}/portaal-zorg/`);
    const browser = await loggedIn(['iwmo:gebruiker']);
    await browser.get('/werk-en-inkomen/dashboard').expect(303);
  });

  test('logging out ends the session and goes on to Sluis', async () => {
    const browser = await loggedIn([]);
    await browser.post('/portaal-zorg/logout').expect(303).expect('location', 'http://sluis.example/session/end?id_token_hint=id');
    await browser.get('/portaal-zorg/dashboard').expect(303);
  });

  test('an answer that nobody here asked for is refused', async () => {
    const answer = await browserWith([]).get('/portaal-zorg/callback?code=c&state=s').expect(400);
    expect(answer.text).toContain('data-end="unknown_login"');
  });

  test('IB-10: a test environment is marked on every page: start, dashboard, what is not there, errors, the end', async () => {
    const browser = browserWith([]);
    const pages = [await browser.get('/portaal-zorg-test/'), await browser.get('/portaal-zorg-test/callback?state=x'), await browser.get('/portaal-zorg-test/logged-out')];
    await browser.get('/portaal-zorg-test/login').expect(303);
    await browser.get('/portaal-zorg-test/callback?code=c&state=s').expect(303);
    for (const path of ['dashboard', 'iwmo-bestanden', 'nothing', 'warning']) pages.push(await browser.get(`/portaal-zorg-test/${path}`));
    expect(pages.map(({ status }) => status)).toEqual([200, 400, 200, 200, 403, 404, 200]);
    for (const { text } of pages) expect(text).toMatch(/<title>.*Testomgeving[^]*data-test-environment>Testomgeving/);
    expect((await browser.get('/portaal-zorg/')).text).not.toMatch(/testomgeving/i);
    expect((await browser.get('/')).text).toContain('<li class="test"><a href="http://localhost:3001/portaal-zorg-test/">Testomgeving portaal Zorg');
  });

  test('serves its public key only, and world.json', async () => {
    const browser = browserWith([]);
    expect((await browser.get('/portaal-zorg/jwks.json')).body).toEqual({ keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y', kid: 'portaal-zorg-1' }] });
    await browser.get('/werk-en-inkomen/jwks.json').expect(303);
    const { body } = await browser.get('/world.json').expect(200);
    expect(body).toMatchObject({ sluis: settings.sluisUrl, outbox: `${settings.sluisUrl}/demo/outbox`, simulator: settings.simulatorUrl });
    const ib = body.realms.find((realm: { id: string }) => realm.id === 'inlichtingenbureau');
    expect(ib.portals[0].clients[0]).toMatchObject({ client_id: 'portaal-zorg', private_jwk: { d: 'secret' }, redirect_uris: [`${settings.portalsUrl}/portaal-zorg/callback`] });
    expect(ib.people.map((p: { id: string }) => p.id)).toEqual(expect.arrayContaining(['ib-admin', 'ib-new', 'ib-user', 'ib-low', 'ib-unsigned', 'ib-new-admin', 'ib-servicedesk']));
    expect(ib.people[0].login).toMatchObject({ broker: 'digidentity', username: expect.any(String), password: expect.any(String) });
  });
});
