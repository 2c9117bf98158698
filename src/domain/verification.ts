import { randomUUID } from 'node:crypto';
import type { Realm } from '../config/schema.ts';
import { appendAudit, type Actor } from '../store/audit.ts';
import { verificationCodes } from '../store/codes.ts';
import { findMembership, updateMembership } from '../store/memberships.ts';
import type { Db } from '../store/schema.ts';
import { judgeCode, MAX_TRIES, type Refused } from './code-check.ts';
import { DomainError } from './errors.ts';
import { effectiveRoles } from './roles.ts';
import { hashCode, newCode } from './verification-code.ts';

export type Tier = 'user' | 'administrator';
export type CodeCheck = { ok: true; codeId: string; tier: Tier } | Refused;

/**
 * Issues the code with which a registration is verified; an earlier one of this registration dies (seed rows IB-5, IB-6).
 * The code itself is only in the answer, never stored. `expiresAt` is in epoch seconds.
 * @throws DomainError verification.tier, verification.not_pending, verification.role_first
 */
export async function issueCode(tx: Db, issue: { realm: Realm; membershipId: string; tier: Tier; actor: Actor; now: number }): Promise<{ code: string; expiresAt: number }> {
  const { realm, tier, actor, now } = issue;
  if (actor.kind !== 'desk' && (actor.kind !== 'person' || tier !== 'user')) throw new DomainError('verification.tier');
  const membership = await findMembership(tx, issue.membershipId);
  if (membership?.status !== 'pending') throw new DomainError('verification.not_pending');
  if (tier === 'user' && Object.keys(await effectiveRoles(tx, realm, membership)).length === 0) throw new DomainError('verification.role_first');
  const code = newCode();
  const expiresAt = now + realm.ttl.verification_code;
  const id = randomUUID();
  await verificationCodes.insert(tx, {
    id, membership_id: membership.id, tier, hash: hashCode(code), max_tries: MAX_TRIES,
    issued_by: actor.id, issued_at: now, expires_at: expiresAt,
  });
  await appendAudit(tx, {
    event: 'code.issued', action: 'C', outcome: 'success', actor, organisationId: membership.organisation_id, accountId: membership.account_id,
    objectType: 'membership', objectId: membership.id, detail: { codeId: id, tier, expiresAt }, now,
  });
  return { code, expiresAt };
}

/**
 * Judges a typed code (code-check.ts): give it the database itself, never a transaction. `redeemCode` then uses a right code up.
 */
export async function checkCode(db: Db, check: { membershipId: string; typed: string; runId?: string; now: number }): Promise<CodeCheck> {
  const judged = await judgeCode(db, verificationCodes, { ownerId: check.membershipId, typed: check.typed, now: check.now });
  return judged.ok ? { ok: true, codeId: judged.code.id, tier: judged.code.tier } : refused(db, check, judged);
}

/**
 * Uses a right code up: the registration becomes active in the code's tier, and in no other way (seed row IB-5).
 * False when the code was used, replaced or guessed to death in the meantime, or is of another registration.
 */
export async function redeemCode(tx: Db, redeem: { codeId: string; membershipId: string; runId?: string; now: number }): Promise<boolean> {
  const { codeId, membershipId, now } = redeem;
  const membership = await findMembership(tx, membershipId);
  const code = await verificationCodes.latest(tx, membershipId);
  if (membership?.status !== 'pending' || code?.id !== codeId || code.expires_at <= now) return false;
  if (!(await verificationCodes.close(tx, codeId, 'used', now))) return false;
  await updateMembership(tx, membershipId, { status: 'active', tier: code.tier, verified_at: now });
  await appendAudit(tx, {
    event: 'code.used', action: 'E', outcome: 'success', actor: { kind: 'person', id: membership.account_id },
    organisationId: membership.organisation_id, objectType: 'membership', objectId: membershipId,
    ...(redeem.runId && { runId: redeem.runId }), detail: { codeId, tier: code.tier }, now,
  });
  return true;
}

async function refused(db: Db, check: { membershipId: string; runId?: string; now: number }, refusal: Refused): Promise<Refused> {
  const membership = await findMembership(db, check.membershipId);
  await appendAudit(db, {
    event: 'code.refused', action: 'E', outcome: 'refused', reason: `verification-code.${refusal.code}`,
    actor: membership ? { kind: 'person', id: membership.account_id } : { kind: 'system', id: 'unknown' },
    ...(membership && { organisationId: membership.organisation_id }), objectType: 'membership', objectId: check.membershipId,
    ...(check.runId && { runId: check.runId }), detail: { left: refusal.left }, now: check.now,
  });
  return refusal;
}
