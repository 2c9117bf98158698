import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { endSession } from '../../src/domain/sessions.ts';
import { hashSecret } from '../../src/oidc/clients.ts';
import { deleteClient, putClient, findClient } from '../../src/store/clients.ts';
import { listAudit } from '../../src/store/audit.ts';
import { updateAccount } from '../../src/store/accounts.ts';
import { listRoles, setRoles } from '../../src/store/memberships.ts';
import { Unavailable } from '../../src/store/unavailable.ts';
import { desk } from '../support/house.ts';
import { install, type Install } from '../support/install.ts';
import { person } from '../support/journeys.ts';
import { cakClient, cakLogin, register, type RelyingParty, type Tokens } from '../support/relying-party.ts';

/**
 * What is answered past the library's pipeline is what the pipeline answers. Each request is sent twice: as programs send it, and with a
 * header that means nothing to the library but sends it there; the two answers must be one.
 */

const api = 'https://api.cak.example/bestanden';
const closed = 'https://api.cak.example/closed';
const secretOf = (id: string): string => `secret-of-${id}-that-is-long-enough`;
const basic = (id: string, secret = secretOf(id)): string => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;

let at: Install;
let rp: RelyingParty;
let tokens: Tokens;
/** requests that went through the library's pipeline */
let piped = 0;
beforeAll(async () => {
  at = await install({ change: ({ realms }) => {
    const resource = { name: 'x', portal: 'mijn-cak-zakelijk', scopes: ['lezen', 'sturen', 'profile'], signing_alg: 'ES256' as const, ttl: 240 };
    realms.find(({ id }) => id === 'cak')!.resources = [{ ...resource, id: api }, { ...resource, id: closed, clients: ['somebody-else'] }];
  } });
  at.host('cak').provider.use((_ctx, next) => { piped += 1; return next(); });
  rp = await cakClient(at, 'rp');
  await cakClient(at, 'service');
  await machine('batch');
  await machine('bound', { dpop_bound_access_tokens: true });
  await register(at, 'cak', 'porta', { client_id: 'other', token_endpoint_auth_method: 'client_secret_basic', client_secret_hash: hashSecret(secretOf('other')), grant_types: ['client_credentials'], scope: 'roles' });
  tokens = await cakLogin(rp, at.browser());
}, 60_000);
afterAll(() => at?.stop());

function machine(id: string, changes: object = {}): Promise<void> {
  return register(at, 'cak', 'mijn-cak-zakelijk', { client_id: id, token_endpoint_auth_method: 'client_secret_basic', client_secret_hash: hashSecret(secretOf(id)), grant_types: ['client_credentials'], scope: 'roles', ...changes });
}

type Asked = { path: string; method?: string; headers?: Record<string, string>; form?: Record<string, string> | [string, string][] | string };
type Answered = { status: number; headers: Record<string, string>; body: unknown; byUs: boolean };

async function ask({ path, method, headers = {}, form }: Asked, toLibrary: boolean): Promise<Answered> {
  const before = piped;
  const response = await fetch(`${at.url}/cak${path}`, {
    method: method ?? (form === undefined ? 'GET' : 'POST'),
    headers: { accept: toLibrary ? 'application/json, text/html;q=0.1' : 'application/json', ...headers, ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }) },
    ...(form !== undefined && { body: typeof form === 'string' ? form : new URLSearchParams(form).toString() }),
  });
  const text = await response.text();
  const own = ['date', 'connection', 'keep-alive', 'content-length', 'content-security-policy', 'dpop-nonce'];
  return {
    status: response.status, headers: Object.fromEntries([...response.headers].filter(([name]) => !own.includes(name))),
    body: /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text, byUs: piped === before,
  };
}

/** The answer to a request, which is the library's too. */
async function same(asked: Asked, shape: (body: unknown) => unknown = (body) => body): Promise<Answered> {
  const [ours, theirs] = [await ask(asked, false), await ask(asked, true)];
  expect(theirs.byUs).toBe(false);
  expect({ status: ours.status, headers: ours.headers, body: shape(ours.body) }).toEqual({ status: theirs.status, headers: theirs.headers, body: shape(theirs.body) });
  return ours;
}

const userinfo = (token = tokens.access_token, headers: Record<string, string> = {}): Asked => ({ path: '/me', headers: { authorization: `Bearer ${token}`, ...headers } });
const introspect = (form: Record<string, string> = { token: tokens.access_token }, client = 'rp'): Asked => ({ path: '/token/introspection', headers: { authorization: basic(client) }, form });
const forApi = (form: Record<string, string> | [string, string][] = { scope: 'lezen', resource: api }, authorization = basic('batch')): Asked => ({ path: '/token', headers: { authorization }, form: [['grant_type', 'client_credentials'], ...(Array.isArray(form) ? form : Object.entries(form))] });

/** A token's head and what it says, without what differs each time. */
function said(body: unknown): unknown {
  const { access_token: token = '', ...rest } = body as { access_token?: string };
  if (!token.includes('.')) return { ...rest, opaque: token.length };
  const { jti, iat = 0, exp = 0, ...claims } = decodeJwt(token);
  return { ...rest, head: decodeProtectedHeader(token), claims, lasts: exp - iat, jti: jti?.length };
}

describe('plain requests are answered past the library, and as it would', () => {
  test('userinfo with the token in the header', async () => {
    const { status, body, byUs } = await same(userinfo());
    expect([status, byUs, (body as { sub: string }).sub]).toEqual([200, true, person('cak-active').account?.id]);
    expect(body).toMatchObject({ name: expect.any(String), organisation: expect.any(Object), roles: expect.any(Array), email: expect.any(String) });
  });

  test('userinfo of a token with fewer scopes', async () => {
    const fewer = await cakLogin(rp, at.browser(), { params: { scope: 'openid roles' } });
    const { body, byUs } = await same(userinfo(fewer.access_token));
    expect([byUs, Object.keys(body as object).toSorted()]).toEqual([true, ['entitlements', 'roles', 'sub']]);
  });

  test.each([['with a hint', { token_type_hint: 'access_token' }], ['without', {}]])('introspection %s, by the client itself and by another of the portal', async (_, hint) => {
    for (const client of ['rp', 'service']) {
      const { body, byUs } = await same(introspect({ token: tokens.access_token, ...hint }, client));
      expect([byUs, body]).toEqual([true, expect.objectContaining({ active: true, client_id: 'rp', sub: tokens.claims.sub, token_type: 'Bearer' })]);
    }
  });

  test.each<[string, Record<string, string>, object]>([
    ['one scope', { scope: 'lezen', resource: api }, { scope: 'lezen', expires_in: 240, token_type: 'Bearer' }],
    ['scopes of which the API has some', { scope: 'lezen roles sturen', resource: api }, { scope: 'lezen sturen' }],
    ['a scope twice', { scope: 'lezen sturen lezen', resource: api }, { scope: 'lezen sturen' }],
    ['none that it has', { scope: 'roles organisation:1', resource: api }, { expires_in: 240 }],
  ])('client credentials with %s', async (_, form, expected) => {
    const { body, byUs } = await same(forApi(form), said);
    expect([byUs, said(body)]).toEqual([true, expect.objectContaining({ ...expected, lasts: 240, claims: expect.objectContaining({ azp: 'batch', sub: 'batch', aud: api }) })]);
  });

  test('every scope that is known by name: what a client was not given is refused, also when the API has one of that name', async () => {
    const { scopes_supported: scopes } = await (await fetch(`${at.url}/cak/.well-known/openid-configuration`)).json() as { scopes_supported: string[] };
    expect(scopes).toEqual(expect.arrayContaining(['openid', 'profile', 'email', 'phone', 'organisation', 'roles']));
    for (const scope of scopes) expect({ scope, ...await same(forApi({ scope: `${scope} lezen`, resource: api }), said) }).toMatchObject(scope === 'roles' ? { byUs: true, status: 200 } : { byUs: false, status: 400 });
    await machine('unbounded', { scope: undefined });
    for (const scope of scopes) expect({ scope, ...await same(forApi({ scope: `${scope} lezen`, resource: api }, basic('unbounded')), said) }).toMatchObject({ status: 200 });
  });

  test('a database that does not answer: 503 at once, with when to ask again', async () => {
    const { database } = at.host('cak');
    const { together } = database;
    let tries = 0;
    database.together = () => { tries += 1; return Promise.reject(new Unavailable(new Error('away'))); };
    try {
      const { status, headers, body, byUs } = await same(forApi());
      expect([status, headers['retry-after'], (body as { error: string }).error, byUs, tries]).toEqual([503, '60', 'temporarily_unavailable', true, 2]);
    } finally {
      database.together = together;
    }
  });

  test('a token that is issued is in the trail, in the same words, before it is answered', async () => {
    const { db } = at.host('cak').database;
    const reference = (await same(forApi(), said)).headers['x-request-id'];
    const [theirs, ours] = await listAudit(db, { event: 'token.issued' });
    expect(ours).toMatchObject({ client_id: 'batch', actor: { kind: 'client', id: 'batch' }, detail: { grant_type: 'client_credentials' }, outcome: 'success', address: expect.stringContaining('127.0.0.1'), ...(reference && { reference }) });
    const { id: _, seq: __, reference: mine, ...row } = ours!;
    const { id: ___, seq: ____, reference: other, ...same_ } = theirs!;
    expect({ ...row, at: 0 }).toEqual({ ...same_, at: 0 });
    expect([mine, other]).toEqual([expect.stringMatching(/^[0-9A-F]{10}$/), expect.stringMatching(/^[0-9A-F]{10}$/)]);
    expect(mine).not.toBe(other);
  });
});

describe('whatever is special is the library\'s', () => {
  test.each<[string, () => Asked, number]>([
    ['a token in the query', () => ({ path: `/me?access_token=${tokens.access_token}` }), 400],
    ['a token in the header and in the query', () => ({ ...userinfo(), path: `/me?access_token=${tokens.access_token}` }), 400],
    ['a posted token', () => ({ path: '/me', form: { access_token: tokens.access_token } }), 200],
    ['a page of another origin', () => userinfo(undefined, { origin: 'https://elsewhere.example' }), 400],
    ['a proof of possession', () => userinfo(undefined, { dpop: 'eyJ.x.y' }), 400],
    ['another scheme', () => ({ path: '/me', headers: { authorization: `DPoP ${tokens.access_token}` } }), 400],
    ['a scheme in small letters', () => ({ path: '/me', headers: { authorization: `bearer ${tokens.access_token}` } }), 200],
    ['no token', () => ({ path: '/me' }), 401],
    ['a token nobody made', () => userinfo('A'.repeat(43)), 401],
    ['two words', () => userinfo(`${tokens.access_token} x`), 400],
    ['a token of nothing but letters that SQL and paths know', () => userinfo('\'--/..%00'), 401],
    ['introspection of nothing', () => introspect({}), 400],
    ['introspection of a token nobody made', () => introspect({ token: 'A'.repeat(43) }), 200],
    ['introspection of a refresh token', () => introspect({ token: tokens.refresh_token ?? '' }), 200],
    ['introspection of an ID token', () => introspect({ token: tokens.id_token }), 400],
    ['a hint at another kind', () => introspect({ token: tokens.access_token, token_type_hint: 'refresh_token' }), 200],
    ['one more field', () => introspect({ token: tokens.access_token, resource: api }), 200],
    ['the client named in the form too', () => introspect({ token: tokens.access_token, client_id: 'rp' }), 200],
    ['another client named in the form', () => introspect({ token: tokens.access_token, client_id: 'service' }), 400],
    ['a field twice', () => ({ ...introspect(), form: [['token', tokens.access_token], ['token', tokens.access_token]] }), 400],
    ['a client of another portal', () => introspect({ token: tokens.access_token }, 'other'), 200],
    ['a client nobody knows', () => introspect({ token: tokens.access_token }, 'nobody'), 401],
    ['a wrong secret', () => ({ ...introspect(), headers: { authorization: basic('rp', 'wrong-secret') } }), 401],
    ['the secret of another client', () => ({ ...introspect(), headers: { authorization: basic('rp', secretOf('service')) } }), 401],
    ['a secret that is written with percent signs', () => ({ ...introspect(), headers: { authorization: basic('rp', secretOf('rp').replaceAll('-', '%2D')) } }), 200],
    ['credentials that are no base64', () => ({ ...introspect(), headers: { authorization: 'Basic !!!' } }), 400],
    ['credentials with more bits than bytes', () => ({ ...introspect(), headers: { authorization: `${basic('rp', `${secretOf('rp')}x`).slice(0, -2)}~` } }), 400],
    ['no credentials', () => ({ ...introspect(), headers: {} }), 400],
    ['an API that is another client\'s', () => forApi({ scope: 'lezen', resource: closed }), 400],
    ['an API that there is not', () => forApi({ scope: 'lezen', resource: `${api}/more` }), 400],
    ['two APIs', () => forApi([['scope', 'lezen'], ['resource', api], ['resource', closed]]), 400],
    ['a machine that would act for an organisation', () => forApi({ scope: 'organisation:1' }), 400],
    ['a scope that is not written well', () => forApi({ scope: 'lezen  sturen', resource: api }), 400],
    ['a scope of OpenID Connect', () => forApi({ scope: 'openid lezen', resource: api }), 400],
    ['a client that must prove a key', () => forApi(undefined, basic('bound')), 400],
    ['a client that may not', () => forApi(undefined, basic('rp')), 400],
    ['a wrong secret at the token endpoint', () => forApi(undefined, basic('batch', 'wrong')), 401],
    ['a grant nobody knows', () => ({ ...forApi(), form: { grant_type: 'password', scope: 'lezen', resource: api } }), 400],
    ['an empty field', () => forApi({ scope: '', resource: api }), 200],
    ['a form that is none', () => ({ ...forApi(), form: '%' }), 400],
  ])('%s', async (_, asked, status) => {
    const answer = await same(asked(), said);
    expect([answer.status, answer.byUs]).toEqual([status, false]);
  });

  test('no resource, and no scope: an opaque token', async () => {
    for (const form of [{ scope: 'roles' }, { resource: api }]) expect(await same(forApi(form as Record<string, string>), said)).toMatchObject({ status: 200, byUs: false });
  });

  test.each<[string, object]>([['pair', { subject_type: 'pairwise' }], ['wrapped', { userinfo_signed_response_alg: 'ES256' }]])('what client %s is told of a person', async (id, metadata) => {
    const party = await cakClient(at, id, metadata);
    const { access_token: token } = await cakLogin(party, at.browser());
    const shape = (body: unknown): unknown => (typeof body === 'string' ? Object.keys(decodeJwt(body)).toSorted() : body);
    expect(await same(userinfo(token), shape)).toMatchObject({ status: 200, byUs: false });
    expect((await same(introspect({ token }, id))).byUs).toBe(false);
  });

  test('claims that were asked one by one', async () => {
    const { access_token: token } = await cakLogin(rp, at.browser(), { params: { scope: 'openid', claims: JSON.stringify({ userinfo: { email: null } }) } });
    const { body, byUs } = await same(userinfo(token));
    expect([byUs, body]).toEqual([false, { sub: tokens.claims.sub, email: expect.any(String) }]);
  });

  test('a form in pieces is waited for; one without its length, or too long, is the library\'s', async () => {
    const body = `token=${tokens.access_token}`;
    const head = (length: string): string => `POST /cak/token/introspection HTTP/1.1\r\nHost: localhost:${at.port}\r\nAuthorization: ${basic('rp')}\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n${length}\r\n\r\n`;
    const answers: boolean[] = [];
    for (const pieces of [
      [head(`Content-Length: ${body.length}`), body.slice(0, 10), body.slice(10)],
      [head('Transfer-Encoding: chunked'), `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`],
      [head(`Content-Length: ${body.length + 9001}`), `${body}&x=${'y'.repeat(8998)}`],
    ]) {
      const before = piped;
      expect(await exchange(pieces)).toContain('"active":true');
      answers.push(piped === before);
    }
    expect(answers).toEqual([true, false, false]);
  });
});

test('half a form whose sender goes away is nobody\'s request: nothing in the trail', async () => {
  const { db } = at.host('cak').database;
  const count = async () => (await listAudit(db, { limit: 1000 })).length;
  const [before, through] = [await count(), piped];
  const socket = connect(at.port, '127.0.0.1', () => socket.write(`POST /cak/token HTTP/1.1\r\nHost: localhost:${at.port}\r\nAuthorization: ${basic('batch')}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 99\r\n\r\ngrant_type=`));
  await sleep(80);
  socket.destroy();
  await sleep(80);
  expect([await count(), piped]).toEqual([before, through]);
});

/** Sends the pieces with a pause between them. */
function exchange(pieces: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(at.port, '127.0.0.1', () => pieces.forEach((piece, index) => setTimeout(() => socket.write(piece), index * 60)));
    socket.on('data', (chunk) => { text += chunk.toString(); }).on('end', () => resolve(text)).on('error', reject);
  });
}

describe('what ended counts at once', () => {
  let own: Tokens;
  const db = () => at.host('cak').database.db;
  const account = person('cak-active').account?.id ?? '';
  beforeEach(async () => { own = await cakLogin(rp, at.browser()); });

  const stored = () => db().selectFrom('documents').select('payload').where('model', '=', 'AccessToken').where('id', '=', own.access_token).executeTakeFirstOrThrow();
  const payload = async () => JSON.parse((await stored()).payload) as Record<string, unknown>;
  const rewrite = async (changes: object) => {
    await db().updateTable('documents').set({ payload: JSON.stringify({ ...await payload(), ...changes }) }).where('model', '=', 'AccessToken').where('id', '=', own.access_token).execute();
  };

  /** Both are refused, as the library refuses them. */
  async function refused(status: number): Promise<void> {
    const told = await same(userinfo(own.access_token));
    expect([told.status, told.byUs]).toEqual([status, false]);
    const asked = await same(introspect({ token: own.access_token }));
    expect([asked.byUs, asked.body]).toEqual([false, { active: false }]);
  }

  test('a revoked token', async () => {
    await rp.revoke(own.access_token);
    await refused(401);
  });

  test('a session that ended', async () => {
    const { grantId } = await payload();
    const { session_id: session } = await db().selectFrom('grants').select('session_id').where('id', '=', String(grantId)).executeTakeFirstOrThrow();
    await at.host('cak').database.transaction((tx) => endSession(tx, session, { reason: 'revoked', actor: desk, now: at.now() }));
    await refused(401);
  });

  test('a locked account, and it comes back', async () => {
    await updateAccount(db(), account, { status: 'locked' });
    await refused(401);
    await updateAccount(db(), account, { status: 'active' });
    expect((await same(userinfo(own.access_token))).byUs).toBe(true);
  });

  test('a role that was taken away', async () => {
    const membership = person('cak-active').membership?.id ?? '';
    const before = await listRoles(db(), membership);
    await setRoles(db(), membership, []);
    await refused(401);
    await setRoles(db(), membership, before);
    expect((await same(introspect({ token: own.access_token }))).byUs).toBe(true);
  });

  test('a client that is gone, or has another secret', async () => {
    await machine('going');
    const row = await findClient(db(), 'going');
    expect((await same(forApi(undefined, basic('going')), said)).byUs).toBe(true);
    await putClient(db(), { ...row!, metadata: JSON.stringify({ ...JSON.parse(row!.metadata) as object, client_secret: hashSecret('another-secret-that-is-long-enough') }) });
    expect(await same(forApi(undefined, basic('going')))).toMatchObject({ status: 401, byUs: false });
    await deleteClient(db(), 'going');
    expect(await same(forApi(undefined, basic('going')))).toMatchObject({ status: 401, byUs: false });
  });

  test('a token that expired', async () => {
    await rewrite({ exp: Math.floor(Date.now() / 1000) - 20 });
    await refused(401);
  });

  test.each<[string, object]>([
    ['bound to a key', { jkt: 'x'.repeat(43) }], ['bound to a certificate', { 'x5t#S256': 'x'.repeat(43) }], ['for an API', { aud: api }], ['of no grant that there is', { grantId: 'gone' }],
    ['of another client than its grant', { clientId: 'service' }], ['of another person than its grant', { accountId: 'somebody' }], ['not for userinfo', { scope: 'roles' }],
  ])('a token that is %s is judged by the library', async (_, changes) => {
    await rewrite(changes);
    expect((await same(userinfo(own.access_token))).byUs).toBe(false);
    const asked = await same(introspect({ token: own.access_token }));
    expect(asked.byUs).toBe('scope' in changes);
  });
});
