import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { hashSecret } from '../../src/oidc/clients.ts';
import { deleteClient, findClient, putClient } from '../../src/store/clients.ts';
import { install, type Install } from '../support/install.ts';
import { register } from '../support/relying-party.ts';

let at: Install;
beforeAll(async () => { at = await install(); });
afterAll(() => at.stop());

const secretOf = (id: string) => `secret-of-${id}-that-is-long-enough`;
const batch = (id: string) => register(at, 'cak', 'mijn-cak-zakelijk', {
  client_id: id, token_endpoint_auth_method: 'client_secret_post', client_secret_hash: hashSecret(secretOf(id)), grant_types: ['client_credentials'], scope: 'roles',
});
const status = async (id: string, secret = secretOf(id)) => (await fetch(`${at.url}/cak/token`, {
  method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials', client_id: id, client_secret: secret }),
})).status;
const found = (id: string) => at.host('cak').provider.Client.find(id);

/** Another node changes the row; this one is told nothing. */
async function change(id: string, changes: Record<string, unknown>): Promise<void> {
  const { db } = at.host('cak').database;
  const row = await findClient(db, id);
  await putClient(db, { ...row!, metadata: JSON.stringify({ ...JSON.parse(row!.metadata) as object, ...changes }) });
}

test('a client is built once for as long as its row is the same', async () => {
  await batch('same');
  const client = await found('same');
  expect(client?.clientId).toBe('same');
  expect(await found('same')).toBe(client);
});

test('a new secret counts at the next request, and the old one no more', async () => {
  await batch('rotated');
  expect(await status('rotated')).toBe(200);
  await change('rotated', { client_secret: hashSecret('another-secret-that-is-long-enough-too') });
  expect([await status('rotated'), await status('rotated', 'another-secret-that-is-long-enough-too')]).toEqual([401, 200]);
});

test('another portal counts at the next request', async () => {
  await batch('moved');
  expect((await found('moved'))?.['portal']).toBe('mijn-cak-zakelijk');
  const { db } = at.host('cak').database;
  await putClient(db, { ...(await findClient(db, 'moved'))!, portal: 'elsewhere' });
  expect((await found('moved'))?.['portal']).toBe('elsewhere');
});

test('a client that is removed is nobody at the next request, and may come back', async () => {
  await batch('removed');
  expect(await status('removed')).toBe(200);
  await deleteClient(at.host('cak').database.db, 'removed');
  expect(await status('removed')).toBe(401);
  await batch('removed');
  expect(await status('removed')).toBe(200);
});

test('clients of the files are found as before, and what cannot be an id is nobody', async () => {
  expect((await found('mijn-cak-zakelijk'))?.clientId).toBe('mijn-cak-zakelijk');
  expect(await found('no\u0000body')).toBeUndefined();
});
