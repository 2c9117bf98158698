import { describe, expect, test } from '@jest/globals';
import type { Client } from 'oidc-provider';
import { portalWith } from '../../test/support/flow.ts';
import { exampleRealm } from '../../test/support/house.ts';
import type { OpenRun } from '../flow/run.ts';
import { clientsOf, compareHashedSecret, faceClientId, hashSecret, portalOfClient, withDefaults } from './clients.ts';
import { answerUrl } from './finish.ts';

const secret = 'a-secret-of-enough-characters-and-more';
const zorg = portalWith({ clients: [
  { client_id: 'zorg', client_secret_hash: hashSecret(secret), token_endpoint_auth_method: 'client_secret_basic', redirect_uris: ['https://zorg.example/cb'], demo: true },
  { client_id: 'batch', jwks: { keys: [{ kty: 'EC' }] }, grant_types: ['client_credentials'] },
] });
const beheer = { ...portalWith({ first_party: 'admin', url: 'http://localhost:3000/voorbeeld/admin/' }), id: 'beheer' };
const realm = exampleRealm({ portals: [zorg, beheer] });

describe('clients of the realm\'s files', () => {
  const [login, batch, face] = clientsOf(realm);

  test('are told to the provider in its own words, with the portal they belong to', () => {
    expect(login).toMatchObject({ client_id: 'zorg', client_name: 'Portaal', portal: 'portaal', response_types: ['code'], redirect_uris: ['https://zorg.example/cb'], id_token_signed_response_alg: 'ES256', require_pkce: true });
    expect(batch).toMatchObject({ client_id: 'batch', response_types: [], grant_types: ['client_credentials'], token_endpoint_auth_method: 'private_key_jwt' });
    expect(login).not.toHaveProperty('demo');
    expect(login).not.toHaveProperty('client_secret_hash');
    expect(login?.client_secret).toMatch(/^sha256:/);
  });

  test('a face of our own has a client of its own, with a key that nobody has', () => {
    expect(face).toMatchObject({ client_id: faceClientId(beheer), portal: 'beheer', redirect_uris: ['http://localhost:3000/voorbeeld/admin/callback'], grant_types: ['authorization_code'] });
    expect(face).toMatchObject({ token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [{ kty: 'EC' }] } });
    expect(JSON.stringify(face)).not.toContain('"d"');
    expect(clientsOf(realm)[2]?.jwks).not.toEqual(face?.jwks);
  });

  test('what a client leaves open is as the profile has it; a client without logins has no sector', () => {
    expect([login?.['subject_type'], batch?.['subject_type']]).toEqual(['public', 'public']);
    const [strict, machine] = clientsOf({ ...realm, profile: 'nlgov' });
    expect([strict?.['subject_type'], machine?.['subject_type']]).toEqual(['pairwise', 'public']);
    expect(withDefaults(realm, { subject_type: 'pairwise', id_token_encrypted_response_alg: 'RSA-OAEP' })).toMatchObject({ subject_type: 'pairwise', id_token_encrypted_response_enc: 'A256GCM' });
  });

  test('a client belongs to one portal; one that names none of the realm belongs to none', () => {
    const clientOf = (portal: string | undefined) => ({ portal }) as unknown as Client;
    expect(portalOfClient(realm, clientOf('beheer'))?.id).toBe('beheer');
    expect([portalOfClient(realm, clientOf('other')), portalOfClient(realm, clientOf(undefined)), portalOfClient(realm, undefined)]).toEqual([undefined, undefined, undefined]);
  });
});

describe('secrets', () => {
  const compare = (stored: string | undefined, given: string) => compareHashedSecret.call({ clientSecret: stored } as Client, given);

  test('are compared by their hash', async () => {
    expect(await compare(hashSecret(secret), secret)).toBe(true);
    for (const wrong of ['', `${secret} `, hashSecret(secret)]) expect(await compare(hashSecret(secret), wrong)).toBe(false);
  });

  test('a client without one, or with a plain one, is never right', async () => {
    expect(await compare(undefined, '')).toBe(false);
    expect(await compare(secret, secret)).toBe(false);
  });
});

describe('the answer of a run that is too late', () => {
  const url = (request: object) => answerUrl({ request } as OpenRun, 'https://sluis.example/cak');

  test('goes to the validated redirect URI with an error, state and iss, and keeps its query', () => {
    const found = new URL(url({ redirectUri: 'https://x.example/cb?a=1', state: 'é&b' }) ?? '');
    expect(Object.fromEntries(found.searchParams)).toMatchObject({ a: '1', error: 'access_denied', state: 'é&b', iss: 'https://sluis.example/cak' });
    expect(found.pathname).toBe('/cb');
  });

  test('has no state when none was given, and is nowhere without a redirect URI', () => {
    expect(new URL(url({ redirectUri: 'https://x.example/cb' }) ?? '').searchParams.has('state')).toBe(false);
    expect(url({})).toBeUndefined();
  });
});
