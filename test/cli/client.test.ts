import { createHash, generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { passwordAlone } from '../../bench/plain-login.ts';
import { openDatabase } from '../../src/store/database.ts';
import { findClient } from '../../src/store/clients.ts';
import { openDesk, type Desk } from './support.ts';

let desk: Desk;
beforeEach(async () => {
  desk = openDesk();
  await desk.run('migrate');
});
afterEach(() => desk.remove());

const realm = ['--realm', 'cak'];
const create = ['client', 'create', ...realm, '--portal', 'mijn-cak-zakelijk'];
const redirect = ['--redirect-uri', 'https://portaal.example.nl/callback'];

async function stored(id: string, of = 'cak'): Promise<Record<string, unknown>> {
  const database = openDatabase({ file: join(desk.folder, `data/${of}.sqlite`) });
  try {
    return JSON.parse((await findClient(database.db, id))!.metadata) as Record<string, unknown>;
  } finally {
    await database.close();
  }
}

describe('client (ALL-2)', () => {
  test('a secret is shown once and kept as a hash', async () => {
    const made = await desk.json<{ client_id: string; client_secret: string }>(...create, ...redirect, '--auth-method', 'client_secret_basic', '--name', 'Proef');
    expect(made.client_id).toMatch(/^mijn-cak-zakelijk-[0-9a-f]{8}$/);
    expect(made.client_secret).toMatch(/^[A-Za-z0-9_-]{43}$/);
    const metadata = await stored(made.client_id);
    expect(metadata).toMatchObject({
      client_id: made.client_id, client_name: 'Proef', portal: 'mijn-cak-zakelijk', redirect_uris: redirect.slice(1), response_types: ['code'],
      grant_types: ['authorization_code', 'refresh_token'], token_endpoint_auth_method: 'client_secret_basic', require_pkce: true,
      client_secret: `sha256:${createHash('sha256').update(made.client_secret).digest('base64url')}`,
    });
    const { out } = await desk.run('client', 'show', ...realm, '--client-id', made.client_id);
    expect(out).toContain('Proef');
    expect(out).not.toMatch(/sha256|client_secret /);
    expect((await desk.json<{ detail: unknown }[]>('audit', 'list', ...realm, '--event', 'client.created'))[0]!.detail).toEqual({
      portal: 'mijn-cak-zakelijk', changed: ['name', 'redirect-uri', 'auth-method'] });
  });

  test('a level of its own, which its portal must be able to reach, and a default age', async () => {
    const zorg = ['client', 'create', '--realm', 'inlichtingenbureau', '--portal', 'portaal-zorg', ...redirect, '--jwks-uri', 'https://portaal.example.nl/jwks.json'];
    const made = await desk.json<{ client_id: string }>(...zorg, '--level', 'eh4', '--default-max-age', '600');
    expect(await stored(made.client_id, 'inlichtingenbureau')).toMatchObject({ level: 'eh4', default_max_age: 600 });
    expect(await desk.run(...zorg, '--level', 'eh5')).toMatchObject({ code: 2, err: expect.stringContaining('has no level eh5; it has eh2, eh2plus, eh3, eh4') });
    expect((await desk.run(...zorg, '--default-max-age', 'soon')).err).toContain('--default-max-age');
    passwordAlone(join(desk.folder, 'config/realms/cak'));
    expect(await desk.run(...create, ...redirect, '--auth-method', 'client_secret_basic', '--level', 'two-factor'))
      .toMatchObject({ code: 2, err: expect.stringContaining('no way through flow password of portal mijn-cak-zakelijk reaches level two-factor') });
  });

  test('where it is told of ended sessions is checked as other addresses are, and can be taken away', async () => {
    const told = (uri: string) => desk.run(...create, '--client-id', 'told', ...redirect, '--auth-method', 'client_secret_post', '--backchannel-logout-uri', uri);
    for (const [uri, why] of [['nonsense', 'Invalid URL'], ['http://portaal.example.nl/bcl', 'must be https'], ['https://portaal.example.nl/bcl#x', 'a fragment'], ['https://u:p@portaal.example.nl/bcl', 'a user name']] as const) {
      expect(await told(uri)).toMatchObject({ code: 2, err: expect.stringMatching(new RegExp(`--backchannel-logout-uri: .*${why}`)) });
    }
    expect(await desk.run(...create, '--client-id', 'machine', '--grant', 'client_credentials', '--auth-method', 'client_secret_post', '--backchannel-logout-uri', 'https://portaal.example.nl/bcl'))
      .toMatchObject({ code: 2, err: expect.stringContaining('only used with the authorization_code grant') });
    expect((await told('https://portaal.example.nl/bcl')).code).toBe(0);
    expect(await stored('told')).toMatchObject({ backchannel_logout_uri: 'https://portaal.example.nl/bcl' });
    expect((await desk.run('client', 'update', ...realm, '--client-id', 'told', '--backchannel-logout-uri', '')).code).toBe(0);
    expect(await stored('told')).not.toHaveProperty('backchannel_logout_uri');
  });

  test('update keeps what is not given; another way of authenticating drops the old credential', async () => {
    await desk.run(...create, '--client-id', 'proef', ...redirect, '--auth-method', 'client_secret_post');
    const before = await stored('proef');
    const update = ['client', 'update', ...realm, '--client-id', 'proef'];
    const changed = await desk.json(...update, '--name', 'Anders');
    expect(changed).not.toHaveProperty('client_secret');
    expect(await stored('proef')).toEqual({ ...before, client_name: 'Anders' });
    const file = join(desk.folder, 'jwks.json');
    writeFileSync(file, JSON.stringify({ keys: [generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })] }));
    await desk.json(...update, '--auth-method', 'private_key_jwt', '--jwks-file', file);
    const after = await stored('proef');
    expect(after).not.toHaveProperty('client_secret');
    expect(after).toMatchObject({ jwks: { keys: [{ kty: 'EC' }] } });
    expect(await desk.run('client', 'rotate-secret', ...realm, '--client-id', 'proef')).toMatchObject({ code: 1 });
  });

  test('rotate-secret gives a new one', async () => {
    const { client_secret: old } = await desk.json(...create, '--client-id', 'proef', ...redirect, '--auth-method', 'client_secret_basic');
    const { client_secret: renewed } = await desk.json<{ client_secret: string }>('client', 'rotate-secret', ...realm, '--client-id', 'proef');
    expect(renewed).not.toBe(old);
    expect((await stored('proef'))['client_secret']).toBe(`sha256:${createHash('sha256').update(renewed).digest('base64url')}`);
  });

  test('list shows both sources; those of the files are not changed here', async () => {
    await desk.run(...create, '--client-id', 'proef', '--grant', 'client_credentials', '--auth-method', 'client_secret_basic', '--scope', 'roles');
    expect(await desk.json('client', 'list', ...realm)).toEqual(expect.arrayContaining([
      expect.objectContaining({ client_id: 'mijn-cak-zakelijk', source: 'file' }), expect.objectContaining({ client_id: 'proef', source: 'registered' })]));
    for (const command of ['show', 'update', 'delete', 'rotate-secret']) {
      expect(await desk.run('client', command, ...realm, '--client-id', 'mijn-cak-zakelijk')).toMatchObject({ code: 1, err: expect.stringContaining('configuration files') });
    }
    expect(await desk.run('client', 'delete', ...realm, '--client-id', 'proef')).toMatchObject({ code: 0 });
    expect(await desk.run('client', 'delete', ...realm, '--client-id', 'proef')).toMatchObject({ code: 1, err: 'there is no client proef' });
  });

  test.each([
    [['--redirect-uri', 'https://*.example.nl/'], '--redirect-uri (1): a wildcard is not allowed'],
    [['--redirect-uri', 'http://portaal.example.nl/'], '--redirect-uri (1): must be https'],
    [['--redirect-uri', 'https://portaal.example.nl/#x'], '--redirect-uri (1): a fragment is not allowed'],
    [[], '--redirect-uri: the authorization_code grant needs at least one'],
    [redirect, '--auth-method: private_key_jwt needs jwks or jwks_uri'],
    [[...redirect, '--auth-method', 'none'], '--auth-method: '],
    [[...redirect, '--jwks-file', '/nonexistent'], '--jwks-file /nonexistent: ENOENT'],
  ])('%j is refused', async (options, message) => {
    const { code, err } = await desk.run(...create, ...options);
    expect(err).toContain(message);
    expect(code).toBe(2);
  });

  test('an id that is taken, by a file, by Sluis itself or in the database', async () => {
    const strict = ['client', 'create', '--realm', 'inlichtingenbureau', '--portal', 'portaal-zorg', ...redirect, '--jwks-uri', 'https://portaal.example.nl/jwks.json', '--client-id'];
    expect(await desk.run(...strict, 'batch-zorg')).toMatchObject({ code: 1 });
    expect(await desk.run(...strict, 'sluis-beheer')).toMatchObject({ code: 1 });
    expect(await desk.run(...strict, 'proef')).toMatchObject({ code: 0 });
    expect(await desk.run(...strict, 'proef')).toMatchObject({ code: 1, err: 'there is already a client proef' });
  });

  test('profile nlgov of a realm is asked here too', async () => {
    const strict = ['client', 'create', '--realm', 'inlichtingenbureau', '--portal', 'portaal-zorg', ...redirect];
    expect(await desk.run(...strict, '--auth-method', 'client_secret_basic')).toMatchObject({ code: 2, err: expect.stringContaining('--auth-method: client_secret_basic is not allowed by profile nlgov') });
    expect(await desk.run(...strict, '--jwks-uri', 'https://portaal.example.nl/jwks.json', '--without-pkce')).toMatchObject({ code: 2, err: expect.stringContaining('--without-pkce: profile nlgov requires PKCE') });
    expect(await desk.run(...strict, '--jwks-uri', 'https://portaal.example.nl/jwks.json', '--redirect-uri', 'https://other.example.nl/callback')).toMatchObject({ code: 2, err: expect.stringContaining('--sector-identifier-uri: is missing') });
  });

  test('what a client asks of tokens and requests is kept; encryption keeps the keys of a client with a secret', async () => {
    const file = join(desk.folder, 'jwks.json');
    writeFileSync(file, JSON.stringify({ keys: [{ ...generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' }), use: 'enc' }] }));
    await desk.json(...create, '--client-id', 'proef', ...redirect, '--auth-method', 'client_secret_basic', '--jwks-file', file, '--id-token-encryption-alg', 'RSA-OAEP-256', '--subject-type', 'pairwise',
      '--require-par', '--require-dpop', '--allowed-origin', 'https://portaal.example.nl', '--secret-expires-at', '1900000000');
    expect(await stored('proef')).toMatchObject({
      jwks: { keys: [{ kty: 'RSA' }] }, id_token_encrypted_response_alg: 'RSA-OAEP-256', subject_type: 'pairwise', require_pushed_authorization_requests: true,
      dpop_bound_access_tokens: true, allowed_origins: ['https://portaal.example.nl'], client_secret_expires_at: 1_900_000_000,
    });
  });
});
