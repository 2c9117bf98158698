import type { Realm } from '../config/schema.ts';
import { enqueue } from '../store/outbox.ts';
import type { Db } from '../store/schema.ts';
import { composeMail, type MailName, type MailOf } from './mail.ts';

/** Who gets a message: an account, or an administrator as a list of them has it. */
export type Addressee = { email: string | null; language: string | null };

/** `secret`: one of the links lets somebody in */
export type Told = Omit<MailOf, 'name'> & { message: MailName; secret?: boolean; now: number };

/** The realm's language that is nearest to what somebody chose. */
export function languageFor(realm: Pick<Realm, 'languages'>, chosen: string | null): string {
  return realm.languages.find((language) => language === chosen) ?? realm.languages[0] ?? 'nl';
}

/**
 * Writes a mail in its reader's language, as text and as HTML. Somebody without an address gets none.
 * @returns the message's id in the outbox
 */
export async function tellPerson(tx: Db, realm: Realm, { email, language }: Addressee, { message, secret, now, ...rest }: Told): Promise<string | undefined> {
  if (!email) return undefined;
  const { links = [], code } = rest;
  return enqueue(tx, {
    channel: 'mail', recipient: email, ...composeMail(realm, languageFor(realm, language), { name: message, ...rest }), links, now,
    ...(code !== undefined && { code }), ...(secret !== undefined && { secret }),
  });
}
