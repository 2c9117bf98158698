import { generateSecret, generateURI, verifySync } from 'otplib';
import { findFactor, useStep } from '../../store/factors.ts';
import type { Db } from '../../store/schema.ts';
import { codeGuessesOf } from '../guesses.ts';
import { forgiveTries } from '../throttle.ts';
import type { Confirmed } from './enrol.ts';
import { keepNothing, openFor, refused, sealFor, takeGuess, type Checked, type Holder, type Refused } from './holder.ts';
import { labelOf } from './label.ts';
import { qrOf, type Qr } from './qr.ts';
import { digitsOf } from './typed.ts';

/** Seconds of a time step (RFC 6238, 4.1). A code of the step before or after is taken too: clocks differ. */
const STEP = 30;

/** How a secret is shown to its person: as a picture and as text. */
export type ShownTotp = { secret: string; uri: string; qr: Qr };

/** A new secret of 160 bits (RFC 4226, 4), sealed: keep it where its person cannot change it, and give it to `confirmTotp`. */
export function beginTotp(holder: Pick<Holder, 'vault' | 'accountId'>): string {
  return sealTotp(holder, generateSecret());
}

/** @param secret base32, at least 16 bytes */
export function sealTotp(holder: Pick<Holder, 'vault' | 'accountId'>, secret: string): string {
  return sealFor(holder, secret, 'totp');
}

/** What an authenticator app needs of a secret that `beginTotp` made. Undefined when it does not open. */
export async function showTotp(db: Db, holder: Holder, pending: string): Promise<ShownTotp | undefined> {
  const secret = openFor(holder, pending, 'totp');
  if (secret === undefined) return undefined;
  // a colon ends the issuer in the label (Key URI format)
  const uri = generateURI({ issuer: holder.realm.name.replaceAll(':', ' '), label: (await labelOf(db, holder.accountId)).replaceAll(':', ' '), secret });
  return { secret, uri, qr: qrOf(uri) };
}

/** Judges the first code of an app that is being set up: it shows that the secret arrived. `keepFactor` keeps it. */
export async function confirmTotp(db: Db, holder: Holder, { pending, typed }: { pending: string; typed: string }): Promise<Confirmed | Refused> {
  const judged = await judgeTotp(db, holder, { sealed: pending, typed });
  return judged.ok ? { ok: true, factor: { kind: 'totp', secret: pending, lastStep: judged.step }, keep: keepNothing } : judged;
}

/** Judges a code of the authenticator app that is set up. The try is taken before; `keep` uses the time step up. */
export async function checkTotp(db: Db, holder: Holder, typed: string): Promise<Checked> {
  const row = await findFactor(db, holder.accountId, 'totp');
  if (!row) return refused('none');
  const judged = await judgeTotp(db, holder, { sealed: row.secret, typed, ...(row.last_step !== null && { last: Number(row.last_step) }) });
  if (!judged.ok) return judged;
  return { ok: true, keep: (tx) => useStep(tx, row.id, { step: judged.step, newest: newestStep(holder.now), now: holder.now }) };
}

/** @param last the newest time step that was accepted */
async function judgeTotp(db: Db, holder: Holder, { sealed, typed, last }: { sealed: string; typed: string; last?: number }): Promise<{ ok: true; step: number } | Refused> {
  const digits = digitsOf(typed);
  if (digits === '') return refused('required');
  if (!/^\d{6}$/.test(digits)) return refused('format');
  const wait = await takeGuess(db, holder);
  if (wait) return wait;
  const secret = openFor(holder, sealed, 'totp');
  if (secret === undefined) return refused('unreadable');
  const step = stepOf(secret, digits, holder.now);
  if (step === undefined) return refused('wrong');
  // one that was accepted while the clock was ahead binds nobody
  if (last !== undefined && step <= last && last <= newestStep(holder.now)) return refused('used');
  await forgiveTries(db, codeGuessesOf(holder.accountId));
  return { ok: true, step };
}

function newestStep(now: number): number {
  return Math.floor(now / STEP) + 1;
}

/** The time step that a code belongs to; undefined when it is of none that counts now. */
function stepOf(secret: string, token: string, now: number): number | undefined {
  const result = verifySync({ secret, token, epoch: now, epochTolerance: STEP });
  return result.valid && 'timeStep' in result ? result.timeStep : undefined;
}
