import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import { listAudit } from '../../src/store/audit.ts';
import { Unavailable } from '../../src/store/unavailable.ts';
import { api, basic, BothWays, closed, said, secretOf, type Asked } from '../support/both-ways.ts';
import { person } from '../support/journeys.ts';
import { cakClient, cakLogin } from '../support/relying-party.ts';

let ways: BothWays;
beforeAll(async () => { ways = await BothWays.open(); }, 60_000);
afterAll(() => ways?.at.stop());

describe('plain requests are answered past the library, and as it would', () => {
  test('userinfo with the token in the header', async () => {
    const { status, body, byUs } = await ways.same(ways.userinfo());
    expect([status, byUs, (body as { sub: string }).sub]).toEqual([200, true, person('cak-active').account?.id]);
    expect(body).toMatchObject({ name: expect.any(String), organisation: expect.any(Object), roles: expect.any(Array), email: expect.any(String) });
  });

  test('userinfo of a token with fewer scopes', async () => {
    const fewer = await cakLogin(ways.rp, ways.at.browser(), { params: { scope: 'openid roles' } });
    const { body, byUs } = await ways.same(ways.userinfo(fewer.access_token));
    expect([byUs, Object.keys(body as object).toSorted()]).toEqual([true, ['entitlements', 'roles', 'sub']]);
  });

  test.each([['with a hint', { token_type_hint: 'access_token' }], ['without', {}]])('introspection %s, by the client itself and by another of the portal', async (_, hint) => {
    for (const client of ['rp', 'service']) {
      const { body, byUs } = await ways.same(ways.introspect({ token: ways.tokens.access_token, ...hint }, client));
      expect([byUs, body]).toEqual([true, expect.objectContaining({ active: true, client_id: 'rp', sub: ways.tokens.claims.sub, token_type: 'Bearer' })]);
    }
  });

  test.each<[string, Record<string, string>, object]>([
    ['one scope', { scope: 'lezen', resource: api }, { scope: 'lezen', expires_in: 240, token_type: 'Bearer' }],
    ['scopes of which the API has some', { scope: 'lezen roles sturen', resource: api }, { scope: 'lezen sturen' }],
    ['a scope twice', { scope: 'lezen sturen lezen', resource: api }, { scope: 'lezen sturen' }],
    ['none that it has', { scope: 'roles organisation:1', resource: api }, { expires_in: 240 }],
  ])('client credentials with %s', async (_, form, expected) => {
    const { body, byUs } = await ways.same(ways.forApi(form), said);
    expect([byUs, said(body)]).toEqual([true, expect.objectContaining({ ...expected, lasts: 240, claims: expect.objectContaining({ azp: 'batch', sub: 'batch', aud: api }) })]);
  });

  test('every scope that is known by name: what a client was not given is refused, also when the API has one of that name', async () => {
    const { scopes_supported: scopes } = await (await fetch(`${ways.at.url}/cak/.well-known/openid-configuration`)).json() as { scopes_supported: string[] };
    expect(scopes).toEqual(expect.arrayContaining(['openid', 'profile', 'email', 'phone', 'organisation', 'roles']));
    for (const scope of scopes) expect({ scope, ...await ways.same(ways.forApi({ scope: `${scope} lezen`, resource: api }), said) }).toMatchObject(scope === 'roles' ? { byUs: true, status: 200 } : { byUs: false, status: 400 });
    await ways.machine('unbounded', { scope: undefined });
    for (const scope of scopes) expect({ scope, ...await ways.same(ways.forApi({ scope: `${scope} lezen`, resource: api }, basic('unbounded')), said) }).toMatchObject({ status: 200 });
  });

  test('a database that does not answer: 503 at once, with when to ask again', async () => {
    const { database } = ways.at.host('cak');
    const { together } = database;
    let tries = 0;
    database.together = () => { tries += 1; return Promise.reject(new Unavailable(new Error('away'))); };
    try {
      const { status, headers, body, byUs } = await ways.same(ways.forApi());
      expect([status, headers['retry-after'], (body as { error: string }).error, byUs, tries]).toEqual([503, '60', 'temporarily_unavailable', true, 2]);
    } finally {
      database.together = together;
    }
  });

  test('a token that is issued is in the trail, in the same words, before it is answered', async () => {
    const { db } = ways.at.host('cak').database;
    const reference = (await ways.same(ways.forApi(), said)).headers['x-request-id'];
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
    ['a token in the query', () => ({ path: `/me?access_token=${ways.tokens.access_token}` }), 400],
    ['a token in the header and in the query', () => ({ ...ways.userinfo(), path: `/me?access_token=${ways.tokens.access_token}` }), 400],
    ['a posted token', () => ({ path: '/me', form: { access_token: ways.tokens.access_token } }), 200],
    ['a page of another origin', () => ways.userinfo(undefined, { origin: 'https://elsewhere.example' }), 400],
    ['a proof of possession', () => ways.userinfo(undefined, { dpop: 'eyJ.x.y' }), 400],
    ['another scheme', () => ({ path: '/me', headers: { authorization: `DPoP ${ways.tokens.access_token}` } }), 400],
    ['a scheme in small letters', () => ({ path: '/me', headers: { authorization: `bearer ${ways.tokens.access_token}` } }), 200],
    ['no token', () => ({ path: '/me' }), 401],
    ['a token nobody made', () => ways.userinfo('A'.repeat(43)), 401],
    ['two words', () => ways.userinfo(`${ways.tokens.access_token} x`), 400],
    ['a token of nothing but letters that SQL and paths know', () => ways.userinfo('\'--/..%00'), 401],
    ['introspection of nothing', () => ways.introspect({}), 400],
    ['introspection of a token nobody made', () => ways.introspect({ token: 'A'.repeat(43) }), 200],
    ['introspection of a refresh token', () => ways.introspect({ token: ways.tokens.refresh_token ?? '' }), 200],
    ['introspection of an ID token', () => ways.introspect({ token: ways.tokens.id_token }), 400],
    ['a hint at another kind', () => ways.introspect({ token: ways.tokens.access_token, token_type_hint: 'refresh_token' }), 200],
    ['one more field', () => ways.introspect({ token: ways.tokens.access_token, resource: api }), 200],
    ['the client named in the form too', () => ways.introspect({ token: ways.tokens.access_token, client_id: 'rp' }), 200],
    ['another client named in the form', () => ways.introspect({ token: ways.tokens.access_token, client_id: 'service' }), 400],
    ['a field twice', () => ({ ...ways.introspect(), form: [['token', ways.tokens.access_token], ['token', ways.tokens.access_token]] }), 400],
    ['a client of another portal', () => ways.introspect({ token: ways.tokens.access_token }, 'other'), 200],
    ['a client nobody knows', () => ways.introspect({ token: ways.tokens.access_token }, 'nobody'), 401],
    ['a wrong secret', () => ({ ...ways.introspect(), headers: { authorization: basic('rp', 'wrong-secret') } }), 401],
    ['the secret of another client', () => ({ ...ways.introspect(), headers: { authorization: basic('rp', secretOf('service')) } }), 401],
    ['a secret that is written with percent signs', () => ({ ...ways.introspect(), headers: { authorization: basic('rp', secretOf('rp').replaceAll('-', '%2D')) } }), 200],
    ['credentials that are no base64', () => ({ ...ways.introspect(), headers: { authorization: 'Basic !!!' } }), 400],
    ['credentials with more bits than bytes', () => ({ ...ways.introspect(), headers: { authorization: `${basic('rp', `${secretOf('rp')}x`).slice(0, -2)}~` } }), 400],
    ['no credentials', () => ({ ...ways.introspect(), headers: {} }), 400],
    ['an API that is another client\'s', () => ways.forApi({ scope: 'lezen', resource: closed }), 400],
    ['an API that there is not', () => ways.forApi({ scope: 'lezen', resource: `${api}/more` }), 400],
    ['two APIs', () => ways.forApi([['scope', 'lezen'], ['resource', api], ['resource', closed]]), 400],
    ['a machine that would act for an organisation', () => ways.forApi({ scope: 'organisation:1' }), 400],
    ['a scope that is not written well', () => ways.forApi({ scope: 'lezen  sturen', resource: api }), 400],
    ['a scope of OpenID Connect', () => ways.forApi({ scope: 'openid lezen', resource: api }), 400],
    ['a client that must prove a key', () => ways.forApi(undefined, basic('bound')), 400],
    ['a client that may not', () => ways.forApi(undefined, basic('rp')), 400],
    ['a wrong secret at the token endpoint', () => ways.forApi(undefined, basic('batch', 'wrong')), 401],
    ['a grant nobody knows', () => ({ ...ways.forApi(), form: { grant_type: 'password', scope: 'lezen', resource: api } }), 400],
    ['an empty field', () => ways.forApi({ scope: '', resource: api }), 200],
    ['a form that is none', () => ({ ...ways.forApi(), form: '%' }), 400],
  ])('%s', async (_, asked, status) => {
    const answer = await ways.same(asked(), said);
    expect([answer.status, answer.byUs]).toEqual([status, false]);
  });

  test('no resource, and no scope: an opaque token', async () => {
    for (const form of [{ scope: 'roles' }, { resource: api }]) expect(await ways.same(ways.forApi(form as Record<string, string>), said)).toMatchObject({ status: 200, byUs: false });
  });

  test.each<[string, object]>([['pair', { subject_type: 'pairwise' }], ['wrapped', { userinfo_signed_response_alg: 'ES256' }]])('what client %s is told of a person', async (id, metadata) => {
    const party = await cakClient(ways.at, id, metadata);
    const { access_token: token } = await cakLogin(party, ways.at.browser());
    const shape = (body: unknown): unknown => (typeof body === 'string' ? Object.keys(decodeJwt(body)).toSorted() : body);
    expect(await ways.same(ways.userinfo(token), shape)).toMatchObject({ status: 200, byUs: false });
    expect((await ways.same(ways.introspect({ token }, id))).byUs).toBe(false);
  });

  test('claims that were asked one by one', async () => {
    const { access_token: token } = await cakLogin(ways.rp, ways.at.browser(), { params: { scope: 'openid', claims: JSON.stringify({ userinfo: { email: null } }) } });
    const { body, byUs } = await ways.same(ways.userinfo(token));
    expect([byUs, body]).toEqual([false, { sub: ways.tokens.claims.sub, email: expect.any(String) }]);
  });

  test('a form in pieces is waited for; one without its length, or too long, is the library\'s', async () => {
    const body = `token=${ways.tokens.access_token}`;
    const head = (length: string): string => `POST /cak/token/introspection HTTP/1.1\r\nHost: localhost:${ways.at.port}\r\nAuthorization: ${basic('rp')}\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n${length}\r\n\r\n`;
    const answers: boolean[] = [];
    for (const pieces of [
      [head(`Content-Length: ${body.length}`), body.slice(0, 10), body.slice(10)],
      [head('Transfer-Encoding: chunked'), `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`],
      [head(`Content-Length: ${body.length + 9001}`), `${body}&x=${'y'.repeat(8998)}`],
    ]) {
      const before = ways.piped;
      expect(await exchange(pieces)).toContain('"active":true');
      answers.push(ways.piped === before);
    }
    expect(answers).toEqual([true, false, false]);
  });
});

test('half a form whose sender goes away is nobody\'s request: nothing in the trail', async () => {
  const { db } = ways.at.host('cak').database;
  const count = async () => (await listAudit(db, { limit: 1000 })).length;
  const [before, through] = [await count(), ways.piped];
  const socket = connect(ways.at.port, '127.0.0.1', () => socket.write(`POST /cak/token HTTP/1.1\r\nHost: localhost:${ways.at.port}\r\nAuthorization: ${basic('batch')}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 99\r\n\r\ngrant_type=`));
  await sleep(80);
  socket.destroy();
  await sleep(80);
  expect([await count(), ways.piped]).toEqual([before, through]);
});

/** Sends the pieces with a pause between them. */
function exchange(pieces: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(ways.at.port, '127.0.0.1', () => pieces.forEach((piece, index) => setTimeout(() => socket.write(piece), index * 60)));
    socket.on('data', (chunk) => { text += chunk.toString(); }).on('end', () => resolve(text)).on('error', reject);
  });
}
