import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { CryptoKey, JWK, JWTPayload } from 'jose';
import request from 'supertest';
import { readSettings } from '../settings.ts';
import { readWorld } from '../world.ts';
import type { Client, Tokens } from './client.ts';
import { createClient } from './client.ts';
import { portals } from './portals.ts';
import { createPortals } from './server.ts';

/** An issuer that has a discovery document and keys, and nothing else. */
const portal = portals.find(({ id }) => id === 'werk-en-inkomen')!;
const event = { 'http://schemas.openid.net/event/backchannel-logout': {} };
const world = { now: Math.floor(Date.now() / 1000), asked: 0, issuer: '', up: true };
const keys: Record<string, CryptoKey> = {};
let jwks: { keys: object[] };
/** what the portal signs with itself */
let portalKey: JWK;
const server = createServer((req, res) => {
  const { issuer, up } = world;
  const answers: Record<string, object> = {
    '/ib/.well-known/openid-configuration': { issuer, jwks_uri: `${issuer}/jwks`, authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token`, response_types_supported: ['code'], subject_types_supported: ['public'], id_token_signing_alg_values_supported: ['ES256'] },
    '/ib/jwks': jwks,
  };
  res.writeHead(up && answers[req.url ?? ''] ? 200 : 503, { 'content-type': 'application/json' }).end(JSON.stringify(answers[req.url ?? ''] ?? {}));
});

beforeAll(async () => {
  for (const name of ['issuer', 'stranger']) Object.assign(keys, { [name]: (await generateKeyPair('ES256')).privateKey });
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  keys['issuer'] = privateKey;
  jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] };
  portalKey = { ...(await exportJWK((await generateKeyPair('ES256', { extractable: true })).privateKey)), kid: 'p1', alg: 'ES256' };
  await new Promise<void>((done) => { server.listen(0, '127.0.0.1', done); });
  world.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ib`;
});
afterAll(() => new Promise((done) => { server.close(done); server.closeAllConnections(); }));

const settings = readSettings({});
let lastSid = 0;

/** A browser that is logged in with a session of its own at the issuer. */
async function loggedIn() {
  const real = createClient({ portal, issuer: world.issuer, base: `${settings.portalsUrl}/${portal.id}`, key: portalKey });
  const sid = `sid-${lastSid += 1}`;
  const tokens: Tokens = { accessToken: 'a', refreshToken: undefined, idToken: 'i', expiresAt: 4_000_000_000, claims: { sub: 'anna', sid } };
  const client: Client = {
    ...real, start: async () => ({ url: 'http://sluis.example/', pending: { state: 's', nonce: 'n', verifier: 'v' } }),
    finish: async () => tokens, userinfo: async () => { world.asked += 1; return { sub: 'anna', name: 'Anna' }; },
  };
  const app = createPortals({ settings, world: readWorld(), portals: [portal], keys: new Map(), log: () => undefined, clientFor: () => client, now: () => world.now });
  const browser = request.agent(app.callback());
  await browser.get('/werk-en-inkomen/login');
  await browser.get('/werk-en-inkomen/callback?state=s').expect(303);
  return { browser, sid };
}

let lastJti = 0;
type Changes = { payload?: JWTPayload; header?: object; key?: string };

function logoutToken(sid: string | undefined, { payload = {}, header = {}, key = 'issuer' }: Changes = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: world.issuer, aud: portal.id, iat: now, exp: now + 120, jti: `jti-${lastJti += 1}`, sub: 'anna', sid, events: event, ...payload };
  return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'k1', typ: 'logout+jwt', ...header }).sign(keys[key]!);
}

type Browser = Awaited<ReturnType<typeof loggedIn>>['browser'];
const send = (browser: Browser, token: string) => browser.post('/werk-en-inkomen/backchannel-logout').type('form').send({ logout_token: token });
const endsIn = async (browser: Browser) => (await browser.get('/werk-en-inkomen/session')).body.endsIn as number;

describe('back-channel logout at a portal (OpenID Connect Back-Channel Logout 1.0, section 2.6)', () => {
  test('ends the session of that sid: the next page says so', async () => {
    const { browser, sid } = await loggedIn();
    await send(browser, await logoutToken('another')).expect(200);
    expect(await endsIn(browser)).toBe(1200);
    const answer = await send(browser, await logoutToken(sid)).expect(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    await browser.get('/werk-en-inkomen/dashboard').expect(303).expect('location', /\/logged-out$/);
    expect((await browser.get('/werk-en-inkomen/logged-out')).text).toContain('data-end="elsewhere"');
  });

  test('without sid it ends every session of the person', async () => {
    const { browser } = await loggedIn();
    await send(browser, await logoutToken(undefined)).expect(200);
    expect(await endsIn(browser)).toBe(0);
  });

  const now = Math.floor(Date.now() / 1000);
  const bad: [string, Changes][] = [
    ['signed by another key', { key: 'stranger' }],
    ['of a key that the issuer does not have', { header: { kid: 'k9' } }],
    ['of another issuer', { payload: { iss: 'http://sluis.example/cak' } }],
    ['for another portal', { payload: { aud: 'portaal-zorg' } }],
    ['that is an ID token', { header: { typ: 'JWT' } }],
    ['with a nonce', { payload: { nonce: 'n' } }],
    ['without events', { payload: { events: undefined } as never }],
    ['with another event', { payload: { events: { 'http://example/other': {} } } }],
    ['whose event is no object', { payload: { events: { 'http://schemas.openid.net/event/backchannel-logout': true } } }],
    ['without jti', { payload: { jti: undefined } as never }],
    ['without exp', { payload: { exp: undefined } as never }],
    ['that expired', { payload: { iat: now - 200, exp: now - 60 } }],
    ['issued long ago', { payload: { iat: now - 400 } }],
    ['issued tomorrow', { payload: { iat: now + 86_400, exp: now + 86_500 } }],
    ['about nobody', { payload: { sub: undefined, sid: undefined } as never }],
    ['whose sid is no text', { payload: { sid: 7 } }],
  ];
  test.each(bad)('a token %s is refused with 400, and ends nothing', async (_name, changes) => {
    const { browser, sid } = await loggedIn();
    const answer = await send(browser, await logoutToken(sid, changes)).expect(400);
    expect(answer.body).toMatchObject({ error: 'invalid_request' });
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(await endsIn(browser)).toBe(1200);
  });

  test('a token is believed once', async () => {
    const { browser, sid } = await loggedIn();
    const token = await logoutToken(sid);
    await send(browser, token).expect(200);
    expect((await send(browser, token).expect(400)).body.error_description).toBe('jti was used before');
  });

  test('unsigned, no token, twice the token, JSON, a GET: none of them ends anything', async () => {
    const { browser, sid } = await loggedIn();
    const [header, payload] = (await logoutToken(sid)).split('.');
    const unsigned = `${Buffer.from(JSON.stringify({ alg: 'none', typ: 'logout+jwt' })).toString('base64url')}.${payload}.`;
    for (const token of [unsigned, `${header}.${payload}.`, '', 'x']) await send(browser, token).expect(400);
    const token = await logoutToken(sid);
    const path = '/werk-en-inkomen/backchannel-logout';
    await browser.post(path).type('form').send(`logout_token=${token}&logout_token=${token}`).expect(400);
    await browser.post(path).send({ logout_token: token }).expect(400);
    await browser.get(`${path}?logout_token=${token}`).expect(404);
    await browser.post(path).type('form').send({ logout_token: 'x'.repeat(20_000) }).expect(413);
    expect(await endsIn(browser)).toBe(1200);
  });

  test('keys that cannot be had are no reason to believe a token, or to remember it', async () => {
    const { browser, sid } = await loggedIn();
    const token = await logoutToken(sid);
    world.up = false;
    expect((await send(browser, token).expect(400)).body.error).toBe('temporarily_unavailable');
    world.up = true;
    expect(await endsIn(browser)).toBe(1200);
    await send(browser, token).expect(200);
  });
});

describe('IB-9: twenty minutes without activity at a portal', () => {
  test('the script asks how long; only staying is activity, and Sluis hears of it', async () => {
    const { browser } = await loggedIn();
    world.now += 1080;
    expect(await endsIn(browser)).toBe(120);
    const asked = world.asked;
    const answer = await browser.post('/werk-en-inkomen/stay').set('accept', 'application/json').expect(200);
    expect(answer.body).toEqual({ endsIn: 1200 });
    expect(world.asked).toBe(asked + 1);
    world.now += 1200;
    await browser.post('/werk-en-inkomen/stay').set('accept', 'application/json').expect(401);
  });

  test('without script: the page leads to a warning, that to the end; the button leads back', async () => {
    const { browser } = await loggedIn();
    const page = await browser.get('/werk-en-inkomen/rapportages').expect(200);
    expect(page.text).toContain('<noscript><meta http-equiv="refresh" content="1080; url=/werk-en-inkomen/warning?from=rapportages"></noscript>');
    world.now += 1080;
    const warning = await browser.get('/werk-en-inkomen/warning?from=rapportages').expect(200);
    expect(warning.headers['refresh']).toMatch(/^121; url=.*\/werk-en-inkomen\/warning\?from=rapportages$/);
    await browser.post('/werk-en-inkomen/stay').type('form').send({ from: 'rapportages' }).expect(303).expect('location', /\/werk-en-inkomen\/rapportages$/);
    world.now += 1080;
    await browser.get('/werk-en-inkomen/warning').expect(200);
    world.now += 121;
    await browser.get('/werk-en-inkomen/warning').expect(303).expect('location', /\/logged-out$/);
    const end = await browser.get('/werk-en-inkomen/logged-out').expect(200);
    expect(end.text).toContain('U bent uitgelogd omdat u 20 minuten niets heeft gedaan.');
    expect(end.text).toContain('/werk-en-inkomen/login');
    await browser.post('/werk-en-inkomen/stay').type('form').send({}).expect(303).expect('location', /\/logged-out$/);
  });

  test('a warning in one window waits for what is done in another', async () => {
    const { browser } = await loggedIn();
    world.now += 600;
    await browser.get('/werk-en-inkomen/dashboard').expect(200);
    world.now += 480;
    expect((await browser.get('/werk-en-inkomen/warning')).headers['refresh']).toMatch(/^600; /);
    await browser.get('/werk-en-inkomen/logged-out').expect(303).expect('location', /\/warning$/);
  });

  test('the way back is a page of the portal, whatever the form says', async () => {
    const { browser } = await loggedIn();
    for (const from of ['//evil.example', '../portaal-zorg/dashboard', 'https://evil.example']) {
      await browser.post('/werk-en-inkomen/stay').type('form').send({ from }).expect('location', `${settings.portalsUrl}/werk-en-inkomen/dashboard`);
      expect((await browser.get(`/werk-en-inkomen/warning?from=${encodeURIComponent(from)}`)).headers['refresh']).toMatch(/from=dashboard$/);
    }
  });
});
