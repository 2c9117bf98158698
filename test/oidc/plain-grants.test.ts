import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { hashSecret } from '../../src/oidc/clients.ts';
import { listAudit } from '../../src/store/audit.ts';
import { Unavailable } from '../../src/store/unavailable.ts';
import { api, BothWays, said, secretOf, type Answered, type Asked } from '../support/both-ways.ts';
import type { HttpBrowser } from '../support/http-browser.ts';
import { cakLogin, register, type Tokens } from '../support/relying-party.ts';

let ways: BothWays;
let browser: HttpBrowser;
beforeAll(async () => {
  ways = await BothWays.open();
  browser = ways.at.browser();
  await cakLogin(ways.rp, browser);
}, 60_000);
afterAll(() => ways?.at.stop());

const db = () => ways.at.host('cak').database.db;

/** A code that nobody turned in, as its form. */
async function codeForm(params: Record<string, string> = {}): Promise<Record<string, string>> {
  const { url, verifier } = await ways.rp.start({ nonce: 'n', state: 's', ...params });
  const { location = '' } = await browser.send(new URL(url).pathname + new URL(url).search);
  return { grant_type: 'authorization_code', code: new URL(location).searchParams.get('code') ?? '', redirect_uri: ways.rp.redirectUri, code_verifier: verifier };
}

const tokensOf = ({ body }: Answered): Tokens => body as Tokens;
const refreshForm = async (): Promise<Record<string, string>> => {
  return { grant_type: 'refresh_token', refresh_token: (await (await sent(await codeForm())).json() as Tokens).refresh_token ?? '' };
};

const sent = (form: Record<string, string>): Promise<Response> => fetch(`${ways.at.url}/cak/token`, {
  // as programs send it: with a charset behind the type it would go the library's way
  method: 'POST', headers: { ...of(form).headers!, 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(form).toString(),
});

/** Tokens without what differs each time. */
function shape(body: unknown): unknown {
  const { access_token: access = '', refresh_token: refresh = '', id_token: id = '', ...rest } = body as Partial<Tokens>;
  if (id === '') return { ...rest, access: access.length, refresh: refresh.length };
  const { jti, iat = 0, exp = 0, nbf = 0, ...claims } = decodeJwt(id);
  return { ...rest, access: access.length, refresh: refresh.length, head: decodeProtectedHeader(id), claims, lasts: exp - iat, begins: Math.abs(nbf - iat) < 5, jti: jti?.length };
}

const of = (form: Record<string, string>, client?: string): Asked => ways.turnIn(form, client);
const refused = (error: string) => ({ status: 400, byUs: false, body: { error, error_description: expect.any(String) } });

describe('turned in plainly, the answer is the library\'s', () => {
  test('a code, and what it gives works', async () => {
    const told = await ways.alike(of(await codeForm()), of(await codeForm()), shape);
    expect([told.status, told.byUs]).toEqual([200, true]);
    const { access_token: access, id_token: id } = tokensOf(told);
    expect(decodeJwt(id)).toMatchObject({ iss: 'http://localhost:' + ways.at.port + '/cak', aud: 'rp', nonce: 'n', roles: expect.any(Array), acr: expect.any(String), auth_time: expect.any(Number) });
    expect((await ways.rp.userinfo(access)).status).toBe(200);
  });

  test('a refresh token, over and over: each is another, and says the same', async () => {
    let [mine, other] = [await refreshForm(), await refreshForm()];
    for (let turn = 0; turn < 3; turn += 1) {
      const told = await ways.alike(of(mine), of(other), shape);
      expect([told.status, told.byUs]).toEqual([200, true]);
      const next = tokensOf(told).refresh_token ?? '';
      expect(next).not.toBe(mine['refresh_token']);
      mine = { ...mine, refresh_token: next };
      other = { ...other, refresh_token: (await (await sent(await refreshForm())).json() as Tokens).refresh_token ?? '' };
    }
  });

  test('a token for an API, of a code whose scopes are that API\'s alone', async () => {
    const params = { scope: 'lezen', resource: api, nonce: '' };
    const told = await ways.alike(of(await codeForm(params)), of(await codeForm(params)), (body) => said({ ...body as object, refresh_token: '', id_token: '' }));
    expect([told.status, told.byUs]).toEqual([200, true]);
    expect(decodeJwt(tokensOf(told).access_token)).toMatchObject({ aud: api, scope: 'lezen', client_id: 'rp' });
  });

  test('it is in the trail, in the same words', async () => {
    await ways.alike(of(await codeForm()), of(await codeForm()), shape);
    const rows = (await listAudit(db(), { event: 'token.issued' })).slice(0, 2).map(({ id: _, seq: __, reference, at: ___, ...row }) => ({ ...row, reference: reference?.length }));
    expect(rows[0]).toMatchObject({ client_id: 'rp', actor: { kind: 'person' }, detail: { grant_type: 'authorization_code' }, outcome: 'success', session_id: expect.any(String), acr: expect.any(String) });
    expect(rows[0]).toEqual(rows[1]);
  });
});

describe('whatever is wrong, the library says it', () => {
  test.each<[string, Record<string, string>, string]>([
    ['another verifier', { code_verifier: 'x'.repeat(43) }, 'rp'], ['no verifier', { code_verifier: '' }, 'rp'], ['another address', { redirect_uri: 'https://evil.example/' }, 'rp'],
    ['a code that nobody made', { code: 'x'.repeat(43) }, 'rp'], ['a code of another client', {}, 'service'],
  ])('%s', async (_, changes, client) => {
    const forms = [await codeForm(), await codeForm()].map((form) => Object.fromEntries(Object.entries({ ...form, ...changes }).filter(([, value]) => value !== '')));
    const told = await ways.alike(of(forms[0]!, client), of(forms[1]!, client));
    expect(told).toMatchObject(refused('invalid_grant'));
  });

  test.each<[string, Record<string, string>, string]>([
    ['no code', { code: '' }, 'invalid_request'], ['no address', { redirect_uri: '' }, 'invalid_request'], ['a scope beside it', { scope: 'openid' }, ''], ['a resource', { resource: 'https://nobody.example' }, 'invalid_target'],
  ])('%s', async (_, changes, error) => {
    const forms = [await codeForm(), await codeForm()].map((form) => Object.fromEntries(Object.entries({ ...form, ...changes }).filter(([, value]) => value !== '')));
    const told = await ways.alike(of(forms[0]!), of(forms[1]!), shape);
    expect([told.byUs, told.status, (told.body as { error?: string }).error ?? '']).toEqual([false, error === '' ? 200 : 400, error]);
  });

  test('a secret of somebody else, and a client that may not', async () => {
    const form = await refreshForm();
    expect(await ways.same({ ...of(form), headers: { authorization: `Basic ${Buffer.from('rp:wrong').toString('base64')}` } })).toMatchObject({ status: 401, byUs: false });
    expect(await ways.same(of(form, 'batch'))).toMatchObject({ status: 400, byUs: false });
    // neither took anything away
    expect((await ways.alike(of(form), of(await refreshForm()), shape)).status).toBe(200);
  });

  test.each(['code', 'refresh token'])('a %s that was turned in before ends all that came of it', async (kind) => {
    const forms = await Promise.all([1, 2].map(() => (kind === 'code' ? codeForm() : refreshForm())));
    const first = await ways.alike(of(forms[0]!), of(forms[1]!), shape);
    const { access_token: access, refresh_token: refresh = '' } = tokensOf(first);
    expect(await ways.alike(of(forms[0]!), of(forms[1]!))).toMatchObject(refused('invalid_grant'));
    expect((await ways.rp.userinfo(access)).status).toBe(401);
    await expect(ways.rp.refresh(refresh)).rejects.toMatchObject({ error: 'invalid_grant' });
    // whose grant went with it logs in again
    await cakLogin(ways.rp, browser);
  });

  test('a key of its own (DPoP), asked of the client', async () => {
    await register(ways.at, 'cak', 'mijn-cak-zakelijk', {
      client_id: 'keyed', token_endpoint_auth_method: 'client_secret_basic', client_secret_hash: hashSecret(secretOf('keyed')), grant_types: ['authorization_code', 'refresh_token'], redirect_uris: [ways.rp.redirectUri], scope: 'openid', dpop_bound_access_tokens: true,
    });
    const told = await ways.alike(of({ ...await codeForm({ client_id: 'keyed', scope: 'openid' }) }, 'keyed'), of({ ...await codeForm({ client_id: 'keyed', scope: 'openid' }) }, 'keyed'));
    expect([told.byUs, told.status]).toEqual([false, 400]);
  });
});

describe('at once, and when the database is away', () => {
  let form: Record<string, string>;
  beforeEach(async () => {
    await cakLogin(ways.rp, browser);
    form = await refreshForm();
  });

  test('of thirty at once one gets tokens; the others are refused in the library\'s words, and the trail has each', async () => {
    const [before, piped] = [(await listAudit(db(), { event: 'token.refused', limit: 1000 })).length, ways.piped];
    const answers = await Promise.all(Array.from({ length: 30 }, () => sent(form)));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, ...Array.from({ length: 29 }, () => 400)]);
    // those that came before the first was stored
    expect(ways.piped - piped).toBeLessThan(29);
    for (const answer of answers.filter(({ status }) => status === 400)) expect({ ...await answer.json() as object, words: answer.statusText }).toMatchObject({ error: 'invalid_grant', error_description: expect.any(String), words: 'Bad Request' });
    expect((await listAudit(db(), { event: 'token.refused', limit: 1000 })).length - before).toBe(29);
  });

  test('a token that could not be stored was not given: 503, nothing in the trail, and the same works afterwards', async () => {
    const { database } = ways.at.host('cak');
    const { together } = database;
    const before = (await listAudit(db(), { event: 'token.issued', limit: 1000 })).length;
    database.together = () => Promise.reject(new Unavailable(new Error('away')));
    const { piped } = ways;
    const away = await sent(form).finally(() => { database.together = together; });
    expect(ways.piped).toBe(piped);
    expect([away.status, away.statusText, await away.json()]).toEqual([503, 'Service Unavailable', { error: 'temporarily_unavailable', error_description: expect.any(String) }]);
    expect((await listAudit(db(), { event: 'token.issued', limit: 1000 })).length).toBe(before);
    expect((await sent(form)).status).toBe(200);
  });

  test('what goes wrong after it was stored is an error, and no second turning in', async () => {
    const { database } = ways.at.host('cak');
    const { together } = database;
    database.together = async (work) => {
      await together(work);
      throw new Error('afterwards');
    };
    const answer = await sent(form).finally(() => { database.together = together; });
    expect([answer.status, await answer.json()]).toEqual([500, { error: 'server_error', error_description: expect.any(String) }]);
    expect((await listAudit(db(), { event: 'token.refused', limit: 1000 })).filter(({ reason }) => reason === 'server_error')).toEqual([]);
  });
});
