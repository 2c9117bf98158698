import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { findPasskey, insertPasskey, listPasskeys, renamePasskey as rename } from '../../store/passkeys.ts';
import type { Db } from '../../store/schema.ts';
import type { Confirmed } from '../factors/enrol.ts';
import { DomainError } from '../errors.ts';
import { keepNothing, note, openFor, refused, sealFor, takeGuess, type Holder, type Refused, type Rule, type Whose } from '../factors/holder.ts';
import { codeGuessesOf } from '../guesses.ts';
import { UNWANTED } from '../names.ts';
import { forgiveTries } from '../throttle.ts';
import { isChallenge } from './challenge.ts';
import type { Why } from './judge.ts';
import { readClientData, readRegistration, type Registration } from './message.ts';
import { algorithms } from './options.ts';
import { siteOf } from './site.ts';
import { webauthn } from './webauthn.ts';

/** Passkeys of one account. */
const MOST = 20;
/** Characters of a name, as people count them. */
const LONGEST_NAME = 60;

/** A passkey as its person and the service desk may see it. Times are epoch seconds; `synced`: it is copied between the person's devices. */
export type ShownPasskey = { id: string; name: string; synced: boolean; createdAt: number; lastUsedAt?: number; blockedAt?: number };

const newPasskey = z.object({ credential_id: z.string(), public_key: z.string(), counter: z.number(), transports: z.array(z.string()), device: z.enum(['single', 'multi']), backed_up: z.number() });
type NewPasskey = z.infer<typeof newPasskey>;

/**
 * Judges what a device made (WebAuthn Level 3, 7.1). The try is taken before; audits `passkey.refused`. `factor` holds the passkey, sealed for the account: `keepFactor`
 * keeps it, then or later.
 * @param typed RegistrationResponseJSON
 */
export async function confirmPasskey(db: Db, holder: Holder, { turn, typed }: { turn: string; typed: string }): Promise<Confirmed | Refused> {
  if (typed === '') return refused('required');
  const wait = await takeGuess(db, holder);
  if (wait) return wait;
  if ((await listPasskeys(db, holder.accountId)).length >= MOST) return refused('limit', { most: MOST });
  const registration = readRegistration(typed);
  const data = registration && readClientData(registration.response.clientDataJSON);
  if (!registration || !data) return refuse(db, holder, 'wrong', 'unreadable');
  if (!isChallenge(holder.vault, turn, holder.now, data.challenge)) return refuse(db, holder, 'expired', 'challenge');
  if (data.crossOrigin === true || data.origin !== siteOf(holder.realm).origin) return refuse(db, holder, 'wrong', 'origin');
  const made = await verified(holder, data.challenge, registration);
  if (!made) return refuse(db, holder, 'wrong', 'signature');
  if (await findPasskey(db, made.credential_id)) return refuse(db, holder, 'used', 'known');
  await forgiveTries(db, codeGuessesOf(holder.accountId));
  return { ok: true, factor: { kind: 'passkey', secret: sealFor(holder, JSON.stringify(made), 'passkey') }, keep: keepNothing };
}

/** As often as there are guesses: each wrote its counter before. */
async function refuse(db: Db, holder: Holder, rule: Rule, reason: Why | 'known'): Promise<Refused> {
  await note(db, holder, { event: 'passkey.refused', action: 'C', outcome: 'refused', reason, detail: { setUp: true } });
  return refused(rule);
}

async function verified({ realm }: Pick<Holder, 'realm'>, challenge: string, { id, rawId, type, response }: Registration): Promise<NewPasskey | undefined> {
  const { rpId, origin } = siteOf(realm);
  const library = await webauthn();
  try {
    const { registrationInfo } = await library.verifyRegistrationResponse({
      response: { id, rawId, type, response, clientExtensionResults: {} },
      expectedChallenge: challenge, expectedOrigin: origin, expectedRPID: rpId, requireUserVerification: true, supportedAlgorithmIDs: algorithms,
    });
    if (!registrationInfo) return undefined;
    const { credential, credentialDeviceType, credentialBackedUp } = registrationInfo;
    return {
      credential_id: credential.id, public_key: Buffer.from(credential.publicKey).toString('base64url'), counter: credential.counter, transports: response.transports,
      device: credentialDeviceType === 'multiDevice' ? 'multi' : 'single', backed_up: credentialBackedUp ? 1 : 0,
    };
  } catch {
    // whatever the library finds wrong it throws
    return undefined;
  }
}

/**
 * Keeps a passkey that `confirmPasskey` found right, under a name that its person may change.
 * @returns its id; undefined when another turn kept it first, or what was sealed does not open
 */
export async function keepPasskey(tx: Db, holder: Holder, sealed: string): Promise<string | undefined> {
  const opened = openFor(holder, sealed, 'passkey');
  if (opened === undefined) return undefined;
  const { transports, ...made } = newPasskey.parse(JSON.parse(opened));
  const names = new Set((await listPasskeys(tx, holder.accountId)).map(({ name }) => name));
  const free = Array.from({ length: MOST + 1 }, (_, n) => `Passkey ${n + 1}`).find((name) => !names.has(name)) ?? 'Passkey';
  const row = { id: randomUUID(), account_id: holder.accountId, name: free, transports: JSON.stringify(transports), created_at: holder.now, last_used_at: holder.now, blocked_at: null };
  return await insertPasskey(tx, { ...row, ...made }) ? row.id : undefined;
}

/** What somebody has set up, the oldest first. */
export async function shownPasskeys(db: Db, accountId: string): Promise<ShownPasskey[]> {
  return (await listPasskeys(db, accountId)).map(({ id, name, device, created_at, last_used_at, blocked_at }) => ({
    id, name, synced: device === 'multi', createdAt: created_at, ...(last_used_at !== null && { lastUsedAt: last_used_at }), ...(blocked_at !== null && { blockedAt: blocked_at }),
  }));
}

/**
 * Gives a passkey the name by which its person knows it.
 * @throws DomainError passkey.name.required, passkey.name.long, passkey.name.characters; passkey.gone when the account has none such
 */
export async function renamePasskey(tx: Db, holder: Whose, { id, typed }: { id: string; typed: string }): Promise<void> {
  const name = nameOf(typed);
  if (!await rename(tx, { id, accountId: holder.accountId, name })) throw new DomainError('passkey.gone');
  await note(tx, holder, { event: 'passkey.renamed', action: 'U', detail: { passkey: id } });
}

function nameOf(typed: string): string {
  const name = typed.normalize('NFC').trim();
  if (name === '') throw new DomainError('passkey.name.required');
  if (UNWANTED.test(name)) throw new DomainError('passkey.name.characters');
  if ([...name].length > LONGEST_NAME) throw new DomainError('passkey.name.long', { most: LONGEST_NAME });
  return name.replace(/\s+/gu, ' ');
}
