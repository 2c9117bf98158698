import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { endSession } from '../../src/domain/sessions.ts';
import { hashSecret } from '../../src/oidc/clients.ts';
import { updateAccount } from '../../src/store/accounts.ts';
import { deleteClient, findClient, putClient } from '../../src/store/clients.ts';
import { listRoles, setRoles } from '../../src/store/memberships.ts';
import { api, basic, BothWays, said } from '../support/both-ways.ts';
import { desk } from '../support/house.ts';
import { person } from '../support/journeys.ts';
import { cakLogin, type Tokens } from '../support/relying-party.ts';

let ways: BothWays;
beforeAll(async () => { ways = await BothWays.open(); }, 60_000);
afterAll(() => ways?.at.stop());

describe('what ended counts at once', () => {
  let own: Tokens;
  const db = () => ways.at.host('cak').database.db;
  const account = person('cak-active').account?.id ?? '';
  beforeEach(async () => { own = await cakLogin(ways.rp, ways.at.browser()); });

  const stored = () => db().selectFrom('documents').select('payload').where('model', '=', 'AccessToken').where('id', '=', own.access_token).executeTakeFirstOrThrow();
  const payload = async () => JSON.parse((await stored()).payload) as Record<string, unknown>;
  const rewrite = async (changes: object) => {
    await db().updateTable('documents').set({ payload: JSON.stringify({ ...await payload(), ...changes }) }).where('model', '=', 'AccessToken').where('id', '=', own.access_token).execute();
  };

  /** Both are refused, as the library refuses them. */
  async function refused(status: number): Promise<void> {
    const told = await ways.same(ways.userinfo(own.access_token));
    expect([told.status, told.byUs]).toEqual([status, false]);
    const asked = await ways.same(ways.introspect({ token: own.access_token }));
    expect([asked.byUs, asked.body]).toEqual([false, { active: false }]);
  }

  test('a revoked token', async () => {
    await ways.rp.revoke(own.access_token);
    await refused(401);
  });

  test('a session that ended', async () => {
    const { grantId } = await payload();
    const { session_id: session } = await db().selectFrom('grants').select('session_id').where('id', '=', String(grantId)).executeTakeFirstOrThrow();
    await ways.at.host('cak').database.transaction((tx) => endSession(tx, session, { reason: 'revoked', actor: desk, now: ways.at.now() }));
    await refused(401);
  });

  test('a locked account, and it comes back', async () => {
    await updateAccount(db(), account, { status: 'locked' });
    await refused(401);
    await updateAccount(db(), account, { status: 'active' });
    expect((await ways.same(ways.userinfo(own.access_token))).byUs).toBe(true);
  });

  test('a role that was taken away', async () => {
    const membership = person('cak-active').membership?.id ?? '';
    const before = await listRoles(db(), membership);
    await setRoles(db(), membership, []);
    await refused(401);
    await setRoles(db(), membership, before);
    expect((await ways.same(ways.introspect({ token: own.access_token }))).byUs).toBe(true);
  });

  test('a client that is gone, or has another secret', async () => {
    await ways.machine('going');
    const row = await findClient(db(), 'going');
    expect((await ways.same(ways.forApi(undefined, basic('going')), said)).byUs).toBe(true);
    await putClient(db(), { ...row!, metadata: JSON.stringify({ ...JSON.parse(row!.metadata) as object, client_secret: hashSecret('another-secret-that-is-long-enough') }) });
    expect(await ways.same(ways.forApi(undefined, basic('going')))).toMatchObject({ status: 401, byUs: false });
    await deleteClient(db(), 'going');
    expect(await ways.same(ways.forApi(undefined, basic('going')))).toMatchObject({ status: 401, byUs: false });
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
    expect((await ways.same(ways.userinfo(own.access_token))).byUs).toBe(false);
    const asked = await ways.same(ways.introspect({ token: own.access_token }));
    expect(asked.byUs).toBe('scope' in changes);
  });
});
