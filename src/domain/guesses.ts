import { appendAudit, type Actor } from '../store/audit.ts';
import { clearCounters, opensAtOf } from '../store/counters.ts';
import type { Db } from '../store/schema.ts';

/** Counter of the guesses at an account's password; those of a browser that its person knows are below it. */
export function guessesOf(accountId: string): string {
  return `password:${accountId}`;
}

/** Counter of wrong codes of one account, of whatever second factor. */
export function codeGuessesOf(accountId: string): string {
  return `factor:${accountId}`;
}

/** Until when (epoch seconds) somebody must wait who guessed too often at this password or its codes, from wherever; undefined when nobody must. */
export async function waitUntil(db: Db, accountId: string, now: number): Promise<number | undefined> {
  const opensAt = [await opensAtOf(db, guessesOf(accountId)), await opensAtOf(db, codeGuessesOf(accountId))];
  const last = Math.max(...opensAt.map((at) => at ?? 0));
  return last > now ? last : undefined;
}

type Lifting = { accountId: string; actor: Actor; now: number };

/** Lets somebody try again at once, password and codes: the service desk knows who it is. @returns whether there was anything to lift */
export async function liftWait(tx: Db, lifting: Lifting): Promise<boolean> {
  return lift(tx, lifting, [guessesOf(lifting.accountId), codeGuessesOf(lifting.accountId)]);
}

/**
 * Lets somebody try a new password at once. Their codes go on waiting: who reads their mail gets no tries at the second step.
 * @returns whether there was anything to lift
 */
export async function liftPasswordWait(tx: Db, lifting: Lifting): Promise<boolean> {
  return lift(tx, lifting, [guessesOf(lifting.accountId)]);
}

async function lift(tx: Db, { accountId, actor, now }: Lifting, counters: string[]): Promise<boolean> {
  const lifted: number[] = [];
  for (const counter of counters) lifted.push(await clearCounters(tx, counter));
  if (lifted.every((count) => count === 0)) return false;
  await appendAudit(tx, { event: 'password.wait_lifted', action: 'U', outcome: 'success', actor, objectType: 'account', objectId: accountId, now });
  return true;
}
