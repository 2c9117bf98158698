import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { loadConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/mistakes.ts';
import type { Config, Realm } from '../../src/config/schema.ts';
import { ensureRealmKeys, type RealmKeys } from '../../src/keys/keys.ts';
import { checkProfile, rows, type ProfileReport } from '../../src/oidc/profile/check.ts';
import { openHost } from '../../src/oidc/profile/host.ts';
import { root } from '../../src/root.ts';
import { steps } from '../../src/steps/index.ts';
import { newBrokerKeys, openWorkshop } from '../support/install.ts';

// each check is a provider put together and two dozen requests
jest.setTimeout(60_000);

let folder: string;
let keys: RealmKeys;
let config: Config;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluis-profile-'));
  keys = await ensureRealmKeys(folder, 'x', { rsaBits: 3072 });
  config = loadConfig(join(root, 'config/sluis.yaml'), { SLUIS_KEYS: folder });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The realm of the Inlichtingenbureau with something changed, past the checks of its files. */
function broken(change: (realm: Realm) => void): Realm {
  const realm = structuredClone(config.realms.find(({ id }) => id === 'inlichtingenbureau')!);
  change(realm);
  return realm;
}

const check = (realm: Realm, more: { keys?: RealmKeys; registered?: { client_id: string }[]; demo?: boolean } = {}): Promise<ProfileReport> =>
  checkProfile({ realm, system: { ...config.system, demo: more.demo ?? true }, keys: more.keys ?? keys, steps, registered: more.registered ?? [] });

const stateOf = ({ results }: ProfileReport, id: string) => results.find((result) => result.id === id)?.state;
const firstClient = (realm: Realm) => realm.portals.find(({ clients }) => clients.length > 0)!.clients[0]!;

describe('profile nlgov', () => {
  test('has every row of both documents, once, in order', async () => {
    const { results } = await check(broken(() => undefined));
    const expected = [...Array.from({ length: 114 }, (_, i) => `O${i + 1}`), ...Array.from({ length: 42 }, (_, i) => `A${i + 1}`)];
    expect(results.map(({ id }) => id)).toEqual(expected);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(expected.length - 2);
  });

  test('is met by the realm of the Inlichtingenbureau, but for documented deviations', async () => {
    const report = await check(broken(() => undefined));
    expect(report.results.filter(({ state }) => state === 'not met')).toEqual([]);
    expect(report.broken).toEqual([]);
    for (const { id, state, note } of report.results) if (state !== 'met') expect([id, note.length > 5]).toEqual([id, true]);
    expect(report.results.filter(({ level, state }) => level.startsWith('MUST') && state === 'deviation').map(({ id }) => id)).toEqual(['O1', 'O2', 'O4', 'O47', 'O63', 'O79', 'A4', 'A21']);
  });

  test.each<[string, (realm: Realm) => void, string[]]>([
    ['a client without PKCE', (realm) => { firstClient(realm).require_pkce = false; }, ['O1', 'O5']],
    ['profile basic', (realm) => { realm.profile = 'basic'; }, ['O29', 'O44', 'O66', 'O36', 'O85', 'A18', 'O2']],
    ['a client with a secret', (realm) => { Object.assign(firstClient(realm), { token_endpoint_auth_method: 'client_secret_basic', client_secret_hash: `sha256:${'x'.repeat(43)}` }); realm.profile = 'basic'; }, ['O86', 'O66']],
    ['a client with public subjects', (realm) => { firstClient(realm).subject_type = 'public'; }, ['O36', 'O85']],
    ['refresh tokens that last', (realm) => { realm.ttl.refresh_token = 86_400 * 2; }, ['O50']],
    ['people and machines sharing a client', (realm) => { firstClient(realm).grant_types = ['authorization_code', 'client_credentials']; }, ['A4']],
  ])('%s turns its rows', async (_name, change, ids) => {
    const report = await check(broken(change));
    for (const id of ids) expect([id, stateOf(report, id)]).toEqual([id, 'not met']);
    expect(report.broken).toEqual(expect.arrayContaining(ids));
  });

  test('SHOULD rows turn without breaking: an ID token of an hour, access tokens of a day, levels of its own', async () => {
    const report = await check(broken((realm) => {
      realm.ttl.id_token = 3600;
      realm.ttl.access_token = 86_400;
      for (const level of realm.levels) level.acr = `urn:own:${level.id}`;
    }));
    for (const id of ['O21', 'A32', 'O42']) expect([id, stateOf(report, id)]).toEqual([id, 'not met']);
    expect(report.broken).toEqual([]);
  });

  test('keys count too: RSA of 2048 bits, and none to encrypt to', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const weak = { ...keys, jwks: { keys: [...keys.jwks.keys, { ...privateKey.export({ format: 'jwk' }), use: 'sig', kid: 'weak' }] } };
    expect(stateOf(await check(broken(() => undefined), { keys: weak }), 'O113')).toBe('not met');
    const without = { ...keys, jwks: { keys: keys.jwks.keys.filter((key) => key['use'] !== 'enc') } };
    const report = await check(broken(() => undefined), { keys: without });
    expect([stateOf(report, 'O12'), stateOf(report, 'O68')]).toEqual(['not met', 'not met']);
  });

  test('clients that were registered count too', async () => {
    const report = await check(broken(() => undefined), { registered: [{ client_id: 'portaal-zorg', token_endpoint_auth_method: 'client_secret_basic', require_pkce: false, redirect_uris: ['http://portal.example/'] } as never], demo: false });
    for (const id of ['O5', 'O86', 'O83', 'O102']) expect([id, stateOf(report, id)]).toEqual([id, 'not met']);
    // and plain http is no demo any more
    expect([stateOf(report, 'O59'), stateOf(report, 'A2')]).toEqual(['not met', 'not met']);
  });

  test('over https outside the demo everything about transport is met', async () => {
    const report = await check(broken((realm) => {
      realm.issuer = 'https://sluis.example/inlichtingenbureau';
      for (const portal of realm.portals) for (const client of portal.clients) client.redirect_uris = client.redirect_uris.map((uri) => uri.replace(/^http:\/\/localhost:\d+/, 'https://portal.example'));
    }), { demo: false });
    for (const id of ['O59', 'O105', 'O106', 'A2', 'A42']) expect([id, stateOf(report, id)]).toEqual([id, 'met']);
  });
});

describe('a discovery document', () => {
  // no file can make these, so the document is doctored
  test.each<[string, Record<string, unknown>, string[]]>([
    ['with HS256', { id_token_signing_alg_values_supported: ['RS256', 'PS256', 'HS256'] }, ['O67', 'O108', 'O110']],
    ['without RS256', { id_token_signing_alg_values_supported: ['ES256'] }, ['O67', 'O108', 'O109']],
    ['with RSA1_5', { id_token_encryption_alg_values_supported: ['RSA-OAEP', 'RSA1_5'] }, ['O68', 'O111']],
    ['with A128CBC-HS256', { userinfo_encryption_enc_values_supported: ['A256GCM', 'A128CBC-HS256'] }, ['O54', 'O68', 'O112']],
    ['with the implicit flow', { response_types_supported: ['code', 'id_token'] }, ['O3', 'O62']],
    ['with plain PKCE', { code_challenge_methods_supported: ['S256', 'plain'] }, ['O5', 'A16']],
    ['with client_secret_basic', { token_endpoint_auth_methods_supported: ['private_key_jwt', 'client_secret_basic'] }, ['O66', 'A18']],
    ['with the password grant', { grant_types_supported: ['authorization_code', 'password'] }, ['O63', 'A3']],
    ['with amr', { claims_supported: ['sub', 'acr', 'amr', 'organisation'] }, ['O44', 'O90']],
    ['with registration', { registration_endpoint: 'https://x.example/reg' }, ['O4', 'O79', 'O82', 'A9']],
  ])('%s turns its rows', async (_name, changes, ids) => {
    const realm = broken(() => undefined);
    const host = await openHost({ realm, system: config.system, keys, steps, registered: [] });
    try {
      const doctored = { ...host, discovery: { ...host.discovery, body: { ...host.discovery.body, ...changes } } };
      for (const id of ids) expect([id, (await rows.find((row) => row.id === id)!.check(doctored)).state]).toEqual([id, 'not met']);
    } finally {
      await host.close();
    }
  });
});

describe('the files of a realm with profile nlgov', () => {
  test('are refused with every client and lifetime that breaks it', async () => {
    const workshop = await openWorkshop(await newBrokerKeys());
    const base = 'realms/inlichtingenbureau';
    workshop.edit(`${base}/realm.yaml`, (text) => text.replace('refresh_token: 21600', 'refresh_token: 90000\n  id_token: 3600'));
    workshop.edit(`${base}/portals/werk-en-inkomen.yaml`, (text) => `${text}    require_pkce: false\n`);
    workshop.edit(`${base}/portals/portaal-zorg.yaml`, (text) => text.replace('token_endpoint_auth_method: private_key_jwt', `token_endpoint_auth_method: client_secret_basic\n    client_secret_hash: sha256:${'x'.repeat(43)}`));
    try {
      expect(() => workshop.load()).toThrow(ConfigError);
      const messages = (() => { try { workshop.load(); return ''; } catch (error) { return (error as Error).message; } })();
      for (const text of ['ttl.refresh_token: is 90000: profile nlgov allows at most 21600', 'ttl.id_token: is 3600', 'profile nlgov requires PKCE', 'client_secret_basic is not allowed by profile nlgov']) expect(messages).toContain(text);
    } finally {
      workshop.remove();
    }
  });
});
