import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Adapter } from 'oidc-provider';
import { emptyDatabase, noon } from '../../test/support/house.ts';
import { putClient } from '../store/clients.ts';
import type { Database } from '../store/database.ts';
import { createAdapterFactory } from './adapter.ts';

let database: Database;
let of: (model: string) => Adapter;
beforeEach(async () => {
  database = await emptyDatabase();
  of = createAdapterFactory(database, () => noon);
});
afterEach(() => database.close());

const settled = async (work: Promise<unknown>[]) => (await Promise.allSettled(work)).map((one) => (one.status === 'fulfilled' ? 'done' : (one.reason as { error: string }).error));

describe('the provider\'s storage', () => {
  test('keeps what it is given, apart by model, and forgets what is destroyed', async () => {
    await of('AccessToken').upsert('1', { accountId: 'anna', grantId: 'g' }, 60);
    expect(await of('AccessToken').find('1')).toMatchObject({ accountId: 'anna' });
    expect(await of('RefreshToken').find('1')).toBeUndefined();
    await of('AccessToken').upsert('1', { accountId: 'bert', grantId: 'g' }, 60);
    expect(await of('AccessToken').find('1')).toMatchObject({ accountId: 'bert' });
    await of('AccessToken').destroy('1');
    expect(await of('AccessToken').find('1')).toBeUndefined();
  });

  test('of ten redemptions of a code at once one succeeds; it is then known to be consumed', async () => {
    await of('AuthorizationCode').upsert('c', { grantId: 'g' }, 60);
    const all = await settled(Array.from({ length: 10 }, () => of('AuthorizationCode').consume('c')));
    expect(all.sort()).toEqual(['done', ...Array(9).fill('invalid_grant')]);
    expect((await of('AuthorizationCode').find('c'))?.['consumed']).toBeTruthy();
    expect(await settled([of('AuthorizationCode').consume('nothing')])).toEqual(['invalid_grant']);
  });

  test('of ten uses of an assertion at once one succeeds: a replay is never an update', async () => {
    const all = await settled(Array.from({ length: 10 }, () => of('ReplayDetection').upsert('jti', {}, 60)));
    expect(all.sort()).toEqual(['done', ...Array(9).fill('invalid_grant')]);
  });

  test('revoking a grant takes its tokens and leaves others', async () => {
    await of('AccessToken').upsert('mine', { grantId: 'g1' }, 60);
    await of('AccessToken').upsert('other', { grantId: 'g2' }, 60);
    await of('AccessToken').revokeByGrantId('g1');
    expect([await of('AccessToken').find('mine'), await of('AccessToken').find('other')]).toEqual([undefined, expect.anything()]);
  });

  test('a session is found by its uid, also after its id changed', async () => {
    await of('Session').upsert('a', { uid: 'u', accountId: 'anna' }, 60);
    expect(await of('Session').findByUid('u')).toMatchObject({ accountId: 'anna' });
    await of('Session').destroy('a');
    await of('Session').upsert('b', { uid: 'u', accountId: 'bert' }, 60);
    expect(await of('Session').findByUid('u')).toMatchObject({ accountId: 'bert' });
  });

  test('a registered client comes with its portal and id; they cannot be told otherwise', async () => {
    await putClient(database.db, { client_id: 'x', portal: 'zorg', metadata: JSON.stringify({ client_id: 'other', portal: 'other', redirect_uris: ['https://x.example/cb'] }), created_at: noon, updated_at: noon });
    expect(await of('Client').find('x')).toEqual({ client_id: 'x', portal: 'zorg', redirect_uris: ['https://x.example/cb'] });
    expect(await of('Client').find('other')).toBeUndefined();
  });
});
