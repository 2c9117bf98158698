import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { Db } from '../store/schema.ts';
import { issueTicket, newHandle, peekTicket, redeemTicket } from '../store/tickets.ts';

/** Seconds in which the page after the form must be fetched. */
const TTL = 300;

type Payload = { owner: string; sealed: string };

/**
 * Keeps something secret that was just made until the page that shows it is fetched (POST, 303, GET). It is sealed with the
 * handle, which the database does not hold: it can't be read from there.
 * @param kind what it is @param owner who may see it, and on whose page
 * @returns the handle for the address of that page
 */
export async function keepToShow(tx: Db, kind: string, owner: string, shown: object, now: number): Promise<string> {
  const handle = newHandle();
  const payload: Payload = { owner, sealed: seal(JSON.stringify(shown), keyOf(kind, handle)) };
  return issueTicket(tx, { kind, runId: null, payload, ttl: TTL, now, handle });
}

/** What was kept, the first time and for its owner only; undefined otherwise. */
export async function showOnce<T extends object>(db: Db, kind: string, owner: string, handle: string, now: number): Promise<T | undefined> {
  const kept = await peekTicket<Payload>(db, kind, handle, now);
  if (kept?.payload.owner !== owner) return undefined;
  if (!(await redeemTicket<Payload>(db, kind, handle, now))) return undefined;
  return JSON.parse(open(kept.payload.sealed, keyOf(kind, handle))) as T;
}

function keyOf(kind: string, handle: string): Buffer {
  return createHash('sha256').update(`${kind}:${handle}`).digest();
}

function seal(text: string, key: Buffer): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  return Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64url');
}

function open(sealed: string, key: Buffer): string {
  const bytes = Buffer.from(sealed, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
  decipher.setAuthTag(bytes.subarray(-16));
  return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8');
}
