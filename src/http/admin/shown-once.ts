import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { Db } from '../../store/schema.ts';
import { issueTicket, newHandle, peekTicket, redeemTicket } from '../../store/tickets.ts';

const KIND = 'admin.code';
/** Seconds in which the page after the form must be fetched. */
const TTL = 300;

/** Who may see it, and on whose page. */
type For = { membershipId: string; accountId: string };
export type ShownCode = { code: string; expiresAt: number };
type Payload = For & { sealed: string };

/**
 * Keeps a code just issued until the page that shows it is fetched (POST, 303, GET). It is sealed with the handle,
 * which the database does not hold: the code can't be read from there.
 * @returns the handle for the address of that page
 */
export async function keepToShow(tx: Db, owner: For, shown: ShownCode, now: number): Promise<string> {
  const handle = newHandle();
  const payload: Payload = { ...owner, sealed: seal(JSON.stringify(shown), handle) };
  return issueTicket(tx, { kind: KIND, runId: null, payload, ttl: TTL, now, handle });
}

/** The code, the first time and to who issued it only; undefined otherwise. */
export async function showOnce(db: Db, owner: For, handle: string, now: number): Promise<ShownCode | undefined> {
  const kept = await peekTicket<Payload>(db, KIND, handle, now);
  if (kept?.payload.membershipId !== owner.membershipId || kept.payload.accountId !== owner.accountId) return undefined;
  if (!(await redeemTicket<Payload>(db, KIND, handle, now))) return undefined;
  return JSON.parse(open(kept.payload.sealed, handle)) as ShownCode;
}

function keyOf(handle: string): Buffer {
  return createHash('sha256').update(`${KIND}:${handle}`).digest();
}

function seal(text: string, handle: string): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', keyOf(handle), iv);
  return Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64url');
}

function open(sealed: string, handle: string): string {
  const bytes = Buffer.from(sealed, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', keyOf(handle), bytes.subarray(0, 12));
  decipher.setAuthTag(bytes.subarray(-16));
  return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8');
}
