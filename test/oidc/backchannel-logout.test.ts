import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { endIfOver, endSessionsOf } from '../../src/domain/sessions.ts';
import { startOutboxWorker } from '../../src/messages/worker.ts';
import { logoutSender, logoutSettled } from '../../src/oidc/notices.ts';
import { createProvider } from '../../src/oidc/provider.ts';
import { root } from '../../src/root.ts';
import { listAudit } from '../../src/store/audit.ts';
import { deleteClient } from '../../src/store/clients.ts';
import { enqueue, listOutbox } from '../../src/store/outbox.ts';
import { install, type Install } from '../support/install.ts';
import { Listener, until } from '../support/listener.ts';
import { cakClient, cakLogin, discover, type RelyingParty } from '../support/relying-party.ts';

/** OpenID Connect Back-Channel Logout 1.0, with a client's server on the other side. */
let at: Install;
let client: Listener;
let rp: RelyingParty;
beforeAll(async () => {
  at = await install();
  client = await Listener.start();
  rp = await cakClient(at, 'told', { backchannel_logout_uri: `${client.url}/bcl` });
}, 60_000);
afterAll(async () => {
  await at?.stop();
  await client?.stop();
});
beforeEach(async () => {
  client.calls.splice(0);
  await at.host('cak').database.db.deleteFrom('sessions').execute();
  await at.host('cak').database.db.deleteFrom('outbox').execute();
});

const verified = (token: string) => jwtVerify(token, createRemoteJWKSet(new URL(rp.as.jwks_uri ?? '')), { issuer: rp.as.issuer, audience: 'told', typ: 'logout+jwt' });
const notices = () => listOutbox(at.host('cak').database.db, { channel: 'logout' });
const endUrl = (idToken: string): string => `/cak/session/end?id_token_hint=${idToken}`;
const revoke = (accountId: string) => at.host('cak').database.transaction((tx) => endSessionsOf(tx, { accountId }, { reason: 'revoked', actor: { kind: 'desk', id: 'test' }, now: at.now() }));

test('is announced, and the ID token has the sid that the logout token will have', async () => {
  expect(await discover(`${at.url}/cak`)).toMatchObject({ backchannel_logout_supported: true, backchannel_logout_session_supported: true });
  const { claims } = await cakLogin(rp, at.browser());
  expect(claims['sid']).toEqual(expect.stringMatching(/^.{20,}$/));
});

test('logging out sends one signed token to each client that asked for it, and the person does not wait', async () => {
  const browser = at.browser();
  const second = await cakClient(at, 'told-too', { backchannel_logout_uri: `${client.url}/bcl2` });
  const silent = await cakClient(at, 'silent');
  const { claims, id_token } = await cakLogin(rp, browser);
  await cakLogin(second, browser);
  await cakLogin(silent, browser);
  const page = await browser.submit(await browser.get(endUrl(id_token)), { logout: 'yes' });
  expect(page.html).toContain('data-ended="session"');
  await until('both clients are told', () => client.calls.length === 2);
  const call = client.calls.find(({ path }) => path === '/bcl');
  expect(call).toMatchObject({ method: 'POST', type: expect.stringContaining('application/x-www-form-urlencoded') });
  const { payload, protectedHeader } = await verified(call?.fields['logout_token'] ?? '');
  expect(protectedHeader).toMatchObject({ alg: 'ES256', kid: expect.any(String) });
  expect(payload).toMatchObject({ sub: claims.sub, sid: claims['sid'], events: { 'http://schemas.openid.net/event/backchannel-logout': {} }, jti: expect.any(String), iat: expect.any(Number), exp: expect.any(Number) });
  expect(payload).not.toHaveProperty('nonce');
  expect(decodeJwt(client.calls.find(({ path }) => path === '/bcl2')?.fields['logout_token'] ?? '')).toMatchObject({ aud: 'told-too', sub: claims.sub });
  await until('both are marked', async () => (await notices()).every(({ state }) => state === 'sent'));
  // once each, also when the worker has looked again
  await new Promise((resolve) => { setTimeout(resolve, 1300); });
  expect(client.calls).toHaveLength(2);
  expect(await listAudit(at.host('cak').database.db, { event: 'logout.sent' })).toEqual(expect.arrayContaining([expect.objectContaining({ client_id: 'told', object_id: claims.sub, outcome: 'success' })]));
});

test('a client whose server fails is told again later, with a fresh token', async () => {
  const { claims } = await cakLogin(rp, at.browser());
  client.answers.push(500);
  await revoke(claims.sub);
  await until('the first try failed', async () => (await notices())[0]?.error === 'http 500');
  expect(client.calls).toHaveLength(1);
  expect((await notices())[0]).toMatchObject({ state: 'waiting', attempts: 1, recipient: `${client.url}/bcl`, subject: 'told' });
  at.advance(31);
  await until('the second try', () => client.calls.length === 2);
  const [first, again] = client.calls.map(({ fields }) => decodeJwt(fields['logout_token'] ?? ''));
  expect(again).toMatchObject({ sid: claims['sid'], sub: claims.sub });
  expect(again?.jti).not.toBe(first?.jti);
  await until('it is marked', async () => (await notices())[0]?.state === 'sent');
});

test('the end of an idle session is told too', async () => {
  const { claims } = await cakLogin(rp, at.browser());
  at.advance(1201);
  // what its own worker does each fifteen seconds
  await at.host('cak').database.transaction(async (tx) => {
    for (const { id } of await tx.selectFrom('sessions').select('id').execute()) await endIfOver(tx, at.host('cak').realm, id, at.now());
  });
  await until('the client is told', () => client.calls.some(({ fields }) => decodeJwt(fields['logout_token'] ?? '')['sid'] === claims['sid']));
});

test('leaving one portal tells that one, and the session goes on', async () => {
  const browser = at.browser();
  const { id_token, claims } = await cakLogin(rp, browser);
  const other = await cakClient(at, 'stays', { backchannel_logout_uri: `${client.url}/stays` });
  const stays = await cakLogin(other, browser);
  const page = await browser.submit(await browser.get(endUrl(id_token)));
  expect(page.html).toContain('data-ended="portal"');
  expect(page.html).toContain('U bent uitgelogd bij');
  await until('one is told', () => client.calls.length === 1);
  expect(decodeJwt(client.calls[0]?.fields['logout_token'] ?? '')).toMatchObject({ aud: 'told', sid: claims['sid'] });
  expect((await other.userinfo(stays.access_token)).status).toBe(200);
  // a new login there has a sid of its own, and is what the end of the session tells
  const again = await cakLogin(rp, browser);
  expect(again.claims['sid']).not.toBe(claims['sid']);
  await revoke(claims.sub);
  await until('all are told', () => client.calls.length === 3);
  expect(client.calls.map(({ fields }) => decodeJwt(fields['logout_token'] ?? '')['sid'])).toContain(again.claims['sid']);
});

describe('what cannot be told', () => {
  const notice = (subject: string) => enqueue(at.host('cak').database.db, { channel: 'logout', recipient: `${client.url}/bcl`, subject, text: '{"accountId":"someone","sid":"s"}', now: at.now() });

  test('a client that is gone, or gives no address any more, is given up at once, with the reason', async () => {
    const gone = await cakClient(at, 'leaving', { backchannel_logout_uri: `${client.url}/bcl` });
    const { claims } = await cakLogin(gone, at.browser());
    await deleteClient(at.host('cak').database.db, 'leaving');
    await revoke(claims.sub);
    await notice('silent');
    await until('both are given up', async () => (await notices()).every(({ state }) => state === 'failed'));
    expect((await notices()).map(({ error, attempts }) => [error, attempts]).toSorted()).toEqual([['client leaving is gone', 1], ['client silent has no backchannel_logout_uri any more', 1]]);
    expect(client.calls).toEqual([]);
    expect(await listAudit(at.host('cak').database.db, { event: 'logout.failed' })).toEqual(expect.arrayContaining([expect.objectContaining({ client_id: 'leaving', outcome: 'failed', reason: 'client leaving is gone' })]));
  });

  test('outside demo mode nobody is called without the guard against addresses that are not public', async () => {
    const { realm, engine, database, keys } = at.host('cak');
    const nothing = async (): Promise<void> => undefined;
    const provider = createProvider({ realm, engine, database, keys, demo: false, clock: at.now, pages: { error: nothing, logout: nothing, loggedOut: nothing } });
    const send = logoutSender(() => provider);
    // the library finds no way to guard a call from within a test runner, and would go on without
    await expect(send({ subject: 'told', text: '{"accountId":"someone","sid":"s"}' })).rejects.toMatchObject({ code: 'address cannot be checked', final: false });
    expect(client.calls).toEqual([]);
  });

  test('and the library\'s guard holds on this Node', async () => {
    const script = `
      import { Provider } from 'oidc-provider';
      const provider = new Provider('https://op.example', {
        features: { backchannelLogout: { enabled: true } },
        clients: [{ client_id: 'c', client_secret: 's', redirect_uris: ['https://c.example/cb'], backchannel_logout_uri: '${client.url}/bcl' }],
      });
      const client = await provider.Client.find('c');
      await client.backchannelLogout('someone', 's').catch((error) => process.stdout.write(String(error.cause?.message)));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { cwd: root, env: { ...process.env, NODE_OPTIONS: '' } });
    expect(stdout).toContain('special-use IP address');
    expect(client.calls).toEqual([]);
  });

  test('in the outbox of the demo world it does not stand: that is what goes to people', async () => {
    await notice('told');
    const shown = await (await fetch(`${at.url}/demo/outbox?realm=cak`, { headers: { accept: 'application/json' } })).json() as { channel: string }[];
    expect(shown.filter(({ channel }) => channel === 'logout')).toEqual([]);
    expect(await (await fetch(`${at.url}/demo/outbox?channel=logout`, { headers: { accept: 'application/json' } })).json()).not.toEqual(expect.arrayContaining([expect.objectContaining({ channel: 'logout' })]));
  });
});

test('of two nodes each notice is sent by one', async () => {
  const { database, provider } = at.host('cak');
  const second = startOutboxWorker({
    database, senders: { logout: logoutSender(() => provider), settled: logoutSettled(at.now) }, clock: at.now, intervalMs: 15,
    log: { warn: () => undefined, error: () => undefined },
  });
  try {
    const people = [];
    for (let i = 0; i < 12; i += 1) people.push(await cakLogin(rp, at.browser()));
    await revoke(people[0]?.claims.sub ?? '');
    await until('all are sent', async () => (await notices()).every(({ state }) => state === 'sent'));
    expect(client.calls.map(({ fields }) => decodeJwt(fields['logout_token'] ?? '')['sid']).toSorted()).toEqual(people.map(({ claims }) => claims['sid']).toSorted());
  } finally {
    await second.stop();
  }
}, 30_000);
