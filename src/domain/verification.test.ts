import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { desk, emptyDatabase, exampleProof, exampleRealm, noon, organisationWith, registered } from '../../test/support/house.ts';
import { listAudit, type Actor } from '../store/audit.ts';
import { verificationCodes } from '../store/codes.ts';
import type { Database } from '../store/database.ts';
import { findMembership, setRoles } from '../store/memberships.ts';
import { checkCode, issueCode, redeemCode, type Tier } from './verification.ts';

const realm = exampleRealm();
const person: Actor = { kind: 'person', id: 'administrator' };
const later = noon + 60;
let database: Database;
let organisationId: string;
let membershipId: string;

beforeEach(async () => {
  database = await emptyDatabase();
  organisationId = await organisationWith(database, realm, '10000001');
  membershipId = await newcomer();
});
afterEach(() => database.close());

async function newcomer(): Promise<string> {
  const id = (await registered(database, realm, organisationId, { broker: exampleProof('10000001') })).membershipId;
  await setRoles(database.db, id, [{ application: 'iwmo', role: 'gebruiker', assigned_by: 'x', assigned_at: noon }]);
  return id;
}

function issue(tier: Tier = 'user', actor: Actor = person, id = membershipId) {
  return database.transaction((tx) => issueCode(tx, { realm, membershipId: id, tier, actor, now: noon }));
}

function check(typed: string, { id = membershipId, now = later } = {}) {
  return checkCode(database.db, { membershipId: id, typed, now });
}

function redeem(codeId: string, id = membershipId, now = later): Promise<boolean> {
  return database.transaction((tx) => redeemCode(tx, { codeId, membershipId: id, now }));
}

async function rightCode(tier: Tier = 'user', actor: Actor = person): Promise<string> {
  const { code } = await issue(tier, actor);
  const checked = await check(code);
  if (!checked.ok) throw new Error(checked.code);
  return checked.codeId;
}

describe('IB-6 issuing a verification code', () => {
  test('gives a readable code that is nowhere stored, and lives as long as the realm says', async () => {
    const { code, expiresAt } = await issue();
    expect(code).toMatch(/^[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{2}$/);
    expect(expiresAt).toBe(noon + 14 * 86_400);
    const everything = JSON.stringify([await database.db.selectFrom('verification_codes').selectAll().execute(), await listAudit(database.db)]);
    expect(everything).not.toContain(code);
    expect(everything).not.toContain(code.replaceAll('-', ''));
    expect(everything).toContain('code.issued');
  });

  test('not before at least one role that counts is assigned', async () => {
    await setRoles(database.db, membershipId, []);
    await expect(issue()).rejects.toMatchObject({ code: 'verification.role_first' });
    await setRoles(database.db, membershipId, [{ application: 'unknown', role: 'gebruiker', assigned_by: 'x', assigned_at: noon }]);
    await expect(issue('user', desk)).rejects.toMatchObject({ code: 'verification.role_first' });
  });

  test('IB-5 an administrator\'s code comes from the service desk alone, and needs no role', async () => {
    await setRoles(database.db, membershipId, []);
    for (const kind of ['person', 'client', 'system'] as const) {
      await expect(issue('administrator', { kind, id: 'x' })).rejects.toMatchObject({ code: 'verification.tier' });
    }
    await expect(issue('user', { kind: 'client', id: 'x' })).rejects.toMatchObject({ code: 'verification.tier' });
    await expect(issue('administrator', desk)).resolves.toMatchObject({ code: expect.any(String) });
  });

  test('only for a registration that waits', async () => {
    await redeem(await rightCode());
    await expect(issue()).rejects.toMatchObject({ code: 'verification.not_pending' });
    await expect(issue('user', person, 'nobody')).rejects.toMatchObject({ code: 'verification.not_pending' });
  });
});

describe('IB-5 typing a verification code', () => {
  test('spaces, hyphens and case do not count', async () => {
    const { code } = await issue();
    const checked = await check(` ${code.toLowerCase().replaceAll('-', ' ')} `);
    expect(checked).toMatchObject({ ok: true, tier: 'user' });
  });

  test('each wrong one takes a try and is recorded; the fifth kills the code', async () => {
    const { code } = await issue();
    for (const left of [4, 3, 2, 1]) expect(await check('WRONG')).toEqual({ ok: false, code: 'wrong', left });
    expect(await check('WRONG')).toEqual({ ok: false, code: 'dead', left: 0 });
    expect(await check(code)).toEqual({ ok: false, code: 'dead', left: 0 });
    expect((await verificationCodes.latest(database.db, membershipId))?.close_reason).toBe('guessed');
    expect(await listAudit(database.db, { event: 'code.refused' })).toHaveLength(6);
    await issue();
    expect(await check(code)).toEqual({ ok: false, code: 'wrong', left: 4 });
  });

  test('fifty guesses at once count as fifty, also when the right one is last', async () => {
    const { code } = await issue();
    const answers = await Promise.all([...Array.from({ length: 49 }, (_, n) => check(`GUESS${n}`)), check(code)]);
    expect(answers.filter((answer) => answer.ok)).toHaveLength(0);
    expect(answers.filter((answer) => !answer.ok && answer.code === 'wrong')).toHaveLength(4);
    expect((await verificationCodes.latest(database.db, membershipId))?.tries).toBe(5);
  });

  test('expired: said, right or wrong', async () => {
    const { code, expiresAt } = await issue();
    expect(await check(code, { now: expiresAt })).toEqual({ ok: false, code: 'expired', left: 0 });
    expect(await check('WRONG', { now: expiresAt })).toEqual({ ok: false, code: 'expired', left: 0 });
  });

  test('before any was issued every code is wrong', async () => {
    expect(await check('K7QM-4TPX-92')).toEqual({ ok: false, code: 'wrong', left: 5 });
  });

  test('a replaced code is wrong, the new one right', async () => {
    const old = await issue();
    const fresh = await issue();
    expect(await check(old.code)).toMatchObject({ ok: false, code: 'wrong' });
    expect(await check(fresh.code)).toMatchObject({ ok: true });
  });

  test('a code works for its own registration only', async () => {
    const other = await newcomer();
    const { code } = await issue();
    await issue('user', person, other);
    expect(await check(code, { id: other })).toMatchObject({ ok: false, code: 'wrong' });
  });
});

describe('IB-5 using a verification code up', () => {
  test('makes the membership active in the tier of the code', async () => {
    expect(await redeem(await rightCode())).toBe(true);
    expect(await findMembership(database.db, membershipId)).toMatchObject({ status: 'active', tier: 'user', verified_at: later });
    expect(await listAudit(database.db, { event: 'code.used' })).toMatchObject([{ detail: { tier: 'user' }, organisation_id: organisationId }]);
  });

  test('an administrator\'s code makes an administrator', async () => {
    expect(await redeem(await rightCode('administrator', desk))).toBe(true);
    expect((await findMembership(database.db, membershipId))?.tier).toBe('administrator');
  });

  test('works once, also for two at once, and then says so', async () => {
    const { code } = await issue();
    const checked = await check(code);
    if (!checked.ok) throw new Error(checked.code);
    const both = await Promise.all([redeem(checked.codeId), redeem(checked.codeId)]);
    expect(both.toSorted()).toEqual([false, true]);
    expect(await check(code)).toEqual({ ok: false, code: 'used', left: 0 });
  });

  test('not for another registration, not after it was replaced, not when expired', async () => {
    const codeId = await rightCode();
    expect(await redeem(codeId, await newcomer())).toBe(false);
    expect(await redeem(codeId, membershipId, noon + 15 * 86_400)).toBe(false);
    await issue();
    expect(await redeem(codeId)).toBe(false);
    expect((await findMembership(database.db, membershipId))?.status).toBe('pending');
  });

  test('a transaction that fails leaves the code open', async () => {
    const codeId = await rightCode();
    await expect(database.transaction(async (tx) => {
      await redeemCode(tx, { codeId, membershipId, now: later });
      throw new Error('undone');
    })).rejects.toThrow('undone');
    expect(await redeem(codeId)).toBe(true);
  });
});
