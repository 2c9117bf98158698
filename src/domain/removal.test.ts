import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { dialects, type TestDatabase } from '../../test/support/databases.ts';
import { administratorOf, desk, exampleProof, exampleRealm, noon, organisationWith, registered, type Someone } from '../../test/support/house.ts';
import { listAudit, type Actor } from '../store/audit.ts';
import { verificationCodes } from '../store/codes.ts';
import type { Database } from '../store/database.ts';
import { insertGrant } from '../store/grants.ts';
import { findMembership, hasAdministrator, listRoles, setRoles, updateMembership } from '../store/memberships.ts';
import { listAgreements } from '../store/organisations.ts';
import { listOutbox } from '../store/outbox.ts';
import type { Db } from '../store/schema.ts';
import { listSessions, putSession, putSessionClient } from '../store/sessions.ts';
import { lockAccount, unlockAccount } from './accounts.ts';
import { setEntitlements } from './entitlements.ts';
import { endMembership, resumeMembership } from './memberships.ts';
import { changeMinimumLevel, withdrawAgreement } from './organisations.ts';
import { assignRoles, effectiveRoles } from './roles.ts';
import { checkCode, issueCode } from './verification.ts';

const realm = exampleRealm();
const iwmo = { application: 'iwmo', role: 'gebruiker' };
let count = 0;

describe.each(dialects)('what is taken away on $name', ({ open }) => {
  let opened: TestDatabase;
  let database: Database;
  let [mine, theirs]: string[] = [];
  let [admin, carla, colleague, stranger]: Someone[] = [];
  beforeAll(async () => {
    opened = await open();
    ({ database } = opened);
  });
  afterAll(() => opened.drop());

  /** Two organisations that nobody met: an administrator, two users with a role, and a stranger; each with a session. */
  beforeEach(async () => {
    count += 1;
    const [here, there] = [1, 2].map((first) => `${first}${String(count).padStart(7, '0')}`) as [string, string];
    mine = await organisationWith(database, realm, here);
    theirs = await organisationWith(database, realm, there);
    admin = await administratorOf(database, realm, mine);
    const user = async (organisation: string, kvk: string): Promise<Someone> => {
      const someone = await registered(database, realm, organisation, { broker: exampleProof(kvk) });
      await updateMembership(database.db, someone.membershipId, { status: 'active', verified_at: noon });
      await setRoles(database.db, someone.membershipId, [{ ...iwmo, assigned_by: 'x', assigned_at: noon }]);
      return someone;
    };
    [carla, colleague, stranger] = [await user(mine, here), await user(mine, here), await user(theirs, there)];
    for (const [someone, organisation] of [[admin, mine], [carla, mine], [colleague, mine], [stranger, theirs]] as const) await session(someone, organisation);
  });

  async function session(someone: Someone, organisation: string, level = 'low', id: string = someone.accountId): Promise<void> {
    await putSession(database.db, {
      id, account_id: someone.accountId, organisation_id: organisation, proofs: JSON.stringify({ proofs: [{ factor: 'broker', level, at: noon }] }),
      created_at: noon, last_active_at: noon, expires_at: noon + 28_800,
    });
    await putSessionClient(database.db, { session_id: id, client_id: 'portal', sid: id, logout_uri: 'https://portal.example/bcl', since: noon });
  }
  const act = <T>(work: (tx: Db) => Promise<T>) => database.transaction(work);
  const live = async (someone: Someone) => (await listSessions(database.db, { accountId: someone.accountId })).length;
  const alive = () => Promise.all([admin!, carla!, colleague!, stranger!].map(live));
  const as = ({ accountId }: Someone): Actor => ({ kind: 'person', id: accountId });
  const newest = async (event: string) => (await listAudit(database.db, { event, limit: 1 }))[0];
  const told = async () => (await listOutbox(database.db, { channel: 'logout' })).map(({ text }) => (JSON.parse(text) as { sid: string }).sid);

  test('a membership that ends takes roles, waiting code and sessions, and nothing of others', async () => {
    expect(await act((tx) => endMembership(tx, { membershipId: carla!.membershipId, actor: as(admin!), now: noon }))).toEqual({ sessions: 1, lastAdministrator: false });
    expect(await findMembership(database.db, carla!.membershipId)).toMatchObject({ status: 'ended' });
    expect(await listRoles(database.db, carla!.membershipId)).toEqual([]);
    expect(await alive()).toEqual([1, 0, 1, 1]);
    expect(await told()).toContain(carla!.accountId);
    expect(await told()).not.toContain(colleague!.accountId);
    expect(await newest('membership.ended')).toMatchObject({
      actor: { id: admin!.accountId }, organisation_id: mine, object_id: carla!.membershipId,
      detail: { before: { status: 'active', tier: 'user', roles: ['iwmo/gebruiker'] }, after: { status: 'ended', roles: [] } },
    });
    await expect(act((tx) => endMembership(tx, { membershipId: carla!.membershipId, actor: desk, now: noon }))).rejects.toMatchObject({ code: 'membership.ended' });
    expect(await newest('session.ended')).toMatchObject({ reason: 'revoked' });
  });

  test('a code that waits is closed, and dead after the person is admitted again', async () => {
    const newcomer = await registered(database, realm, mine!);
    const { code } = await act((tx) => issueCode(tx, { realm, membershipId: newcomer.membershipId, tier: 'administrator', actor: desk, now: noon }));
    await act((tx) => endMembership(tx, { membershipId: newcomer.membershipId, actor: desk, now: noon }));
    expect(await verificationCodes.latest(database.db, newcomer.membershipId)).toMatchObject({ close_reason: 'ended', closed_at: noon });
    await act((tx) => resumeMembership(tx, { membershipId: newcomer.membershipId, actor: desk, now: noon }));
    expect(await checkCode(database.db, { membershipId: newcomer.membershipId, typed: code, now: noon })).toMatchObject({ ok: false, code: 'dead' });
  });

  test('who is admitted again begins as a newcomer: no tier, no roles, not verified', async () => {
    await expect(act((tx) => resumeMembership(tx, { membershipId: admin!.membershipId, actor: desk, now: noon }))).rejects.toMatchObject({ code: 'membership.not_ended' });
    await act((tx) => endMembership(tx, { membershipId: admin!.membershipId, actor: desk, now: noon }));
    await act((tx) => resumeMembership(tx, { membershipId: admin!.membershipId, actor: desk, now: noon }));
    expect(await findMembership(database.db, admin!.membershipId)).toMatchObject({ status: 'pending', tier: 'user', verified_at: null });
    expect(await newest('membership.resumed')).toMatchObject({ detail: { before: { status: 'ended', tier: 'administrator' }, after: { status: 'pending', tier: 'user' } } });
  });

  test('the last administrator gone, by end or by lock: the organisation has none, and the answer says so', async () => {
    const second = await administratorOf(database, realm, mine!);
    expect(await act((tx) => endMembership(tx, { membershipId: second.membershipId, actor: desk, now: noon }))).toMatchObject({ lastAdministrator: false });
    expect(await act((tx) => lockAccount(tx, { accountId: admin!.accountId, actor: desk, now: noon }))).toEqual({ sessions: 1, withoutAdministrator: [mine] });
    expect(await hasAdministrator(database.db, mine!)).toBe(false);
    await act((tx) => unlockAccount(tx, realm, { accountId: admin!.accountId, actor: desk, now: noon }));
    expect(await act((tx) => endMembership(tx, { membershipId: admin!.membershipId, actor: desk, now: noon }))).toMatchObject({ lastAdministrator: true });
  });

  test('a person ends only others, of the own organisation, as its administrator', async () => {
    const end = (whom: Someone, actor: Actor) => act((tx) => endMembership(tx, { membershipId: whom.membershipId, actor, now: noon }));
    await expect(end(admin!, as(admin!))).rejects.toMatchObject({ code: 'membership.self' });
    await expect(end(colleague!, as(carla!))).rejects.toMatchObject({ code: 'membership.not_yours' });
    await expect(end(stranger!, as(admin!))).rejects.toMatchObject({ code: 'membership.not_yours' });
    expect(await alive()).toEqual([1, 1, 1, 1]);
  });

  test('of two administrators who end each other at once, one does', async () => {
    const second = await administratorOf(database, realm, mine!);
    const other = opened.second();
    const done = await Promise.allSettled([
      database.transaction((tx) => endMembership(tx, { membershipId: second.membershipId, actor: as(admin!), now: noon })),
      other.transaction((tx) => endMembership(tx, { membershipId: admin!.membershipId, actor: as(second), now: noon })),
    ]);
    expect(done.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(await hasAdministrator(database.db, mine!)).toBe(true);
  });

  test('a session that went on to another organisation ends too when it still has a grant for this one', async () => {
    await session(carla!, theirs!, 'low', carla!.accountId);
    await insertGrant(database.db, { id: `g${count}`, session_id: carla!.accountId, account_id: carla!.accountId, client_id: 'portal', organisation_id: mine!, acr: 'urn:low', created_at: noon });
    await act((tx) => endMembership(tx, { membershipId: carla!.membershipId, actor: desk, now: noon }));
    expect(await live(carla!)).toBe(0);
  });

  test('a lock ends every session of the person, and is undone by unlock alone', async () => {
    await session(carla!, theirs!, 'low', `${carla!.accountId}-2`);
    expect(await act((tx) => lockAccount(tx, { accountId: carla!.accountId, actor: desk, now: noon }))).toEqual({ sessions: 2, withoutAdministrator: [] });
    expect(await alive()).toEqual([1, 0, 1, 1]);
    expect(await newest('account.locked')).toMatchObject({ detail: { before: 'active', after: 'locked' } });
    await expect(act((tx) => lockAccount(tx, { accountId: carla!.accountId, actor: desk, now: noon }))).rejects.toMatchObject({ code: 'user.not_active' });
    await act((tx) => unlockAccount(tx, realm, { accountId: carla!.accountId, actor: desk, now: noon }));
    await expect(act((tx) => unlockAccount(tx, realm, { accountId: carla!.accountId, actor: desk, now: noon }))).rejects.toMatchObject({ code: 'user.not_locked' });
    await expect(act((tx) => unlockAccount(tx, realm, { accountId: 'nobody', actor: desk, now: noon }))).rejects.toMatchObject({ params: { status: 'deleted' } });
  });

  test('a role that is taken ends the person\'s sessions; one that is given, or never counted, ends nothing', async () => {
    const assign = (roles: Record<string, string[]>) => act((tx) => assignRoles(tx, { realm, membershipId: carla!.membershipId, roles, actor: as(admin!), now: noon }));
    await assign({ iwmo: ['gebruiker'], wlz: ['gebruiker'] });
    await assign({ iwmo: ['gebruiker'], wlz: ['gebruiker'] });
    expect(await live(carla!)).toBe(1);
    await act((tx) => setEntitlements(tx, { realm, organisationId: mine!, wanted: { set: [iwmo] }, actor: desk, now: noon }));
    await session(carla!, mine!);
    await assign({ iwmo: ['gebruiker'] });
    expect(await live(carla!)).toBe(1);
    await assign({});
    expect(await alive()).toEqual([1, 0, 1, 1]);
  });

  test('an entitlement that is taken ends the sessions of who had the role', async () => {
    await setRoles(database.db, colleague!.membershipId, [{ application: 'wlz', role: 'gebruiker', assigned_by: 'x', assigned_at: noon }]);
    const entitle = (wanted: Parameters<typeof setEntitlements>[1]['wanted']) => act((tx) => setEntitlements(tx, { realm, organisationId: mine!, wanted, actor: desk, now: noon }));
    expect(await entitle({ add: [], remove: [iwmo] })).toMatchObject({ sessions: 1, after: expect.not.arrayContaining([iwmo]) });
    expect(await alive()).toEqual([1, 0, 1, 1]);
    const place = { id: carla!.membershipId, organisation_id: mine! };
    expect(await effectiveRoles(database.db, realm, place)).toEqual({});
    const record = await newest('organisation.entitled');
    expect([record?.detail['before'], record?.detail['after']]).toEqual([expect.arrayContaining(['iwmo/gebruiker']), expect.not.arrayContaining(['iwmo/gebruiker'])]);
    expect(await entitle({ add: [iwmo, iwmo], remove: [] })).toMatchObject({ sessions: 0 });
    expect(await effectiveRoles(database.db, realm, place)).toEqual({ iwmo: ['gebruiker'] });
    expect((await entitle({ set: 'all' })).after).toHaveLength(6);
    await expect(entitle({ add: [], remove: [{ application: 'iwmo', role: 'baas' }] })).rejects.toMatchObject({ code: 'entitlement.absent' });
    await expect(entitle({ add: [{ application: 'iwmo', role: 'baas' }], remove: [] })).rejects.toMatchObject({ code: 'roles.unknown' });
  });

  test('an agreement that is withdrawn ends the sessions of the whole organisation', async () => {
    const withdraw = (organisationId: string) => act((tx) => withdrawAgreement(tx, { organisationId, agreement: 'vecozo', actor: desk, now: noon }));
    expect(await withdraw(mine!)).toBe(3);
    expect(await alive()).toEqual([0, 0, 0, 1]);
    expect((await listAgreements(database.db, mine!)).map((row) => row.agreement)).toEqual(['aansluitovereenkomst']);
    expect(await newest('agreement.withdrawn')).toMatchObject({ action: 'D', detail: { before: { signedAt: noon }, after: null } });
    await expect(withdraw(mine!)).rejects.toMatchObject({ code: 'agreement.not_recorded' });
    await expect(withdraw('nowhere')).rejects.toMatchObject({ code: 'organisation.unknown' });
  });

  test('a higher minimum level ends the sessions below it', async () => {
    const raise = (level: string | undefined) => act((tx) => changeMinimumLevel(tx, { realm, organisationId: mine!, level, actor: desk, now: noon }));
    await session(colleague!, mine!, 'substantial');
    expect(await raise('low')).toBe(0);
    expect(await raise('substantial')).toBe(2);
    expect(await alive()).toEqual([0, 0, 1, 1]);
    expect(await newest('organisation.level_changed')).toMatchObject({ detail: { from: 'low', to: 'substantial' } });
    expect(await raise(undefined)).toBe(0);
  });

  test('what fails takes nothing away', async () => {
    await expect(act(async (tx) => {
      await endMembership(tx, { membershipId: carla!.membershipId, actor: desk, now: noon });
      throw new Error('undone');
    })).rejects.toThrow('undone');
    expect(await findMembership(database.db, carla!.membershipId)).toMatchObject({ status: 'active' });
    expect(await alive()).toEqual([1, 1, 1, 1]);
    expect(await told()).not.toContain(carla!.accountId);
  });
});
