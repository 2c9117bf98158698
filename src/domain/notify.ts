import type { Realm } from '../config/schema.ts';
import { enqueue } from '../store/outbox.ts';
import type { Db } from '../store/schema.ts';
import { textsFor, type Params } from '../texts/catalogue.ts';

/** Who gets a message: an account, or an administrator as a list of them has it. */
export type Addressee = { email: string | null; language: string | null };

/** The realm's language that is nearest to what somebody chose. */
export function languageFor(realm: Pick<Realm, 'languages'>, chosen: string | null): string {
  return realm.languages.find((language) => language === chosen) ?? realm.languages[0] ?? 'nl';
}

/**
 * Writes a mail in its reader's language, with the texts `mail.<message>.subject` and `.body`; `desk` and `phone` are always
 * there to fill in. Somebody without an address gets none.
 * @returns the message's id in the outbox
 */
export async function tellPerson(tx: Db, realm: Realm, { email, language }: Addressee, { message, params = {}, links = [], code, now }: { message: string; params?: Params; links?: string[]; code?: string; now: number }): Promise<string | undefined> {
  if (!email) return undefined;
  const t = textsFor(realm).t(languageFor(realm, language));
  const all = { realm: realm.name, desk: realm.desk.name, phone: realm.desk.phone, ...params };
  return enqueue(tx, {
    channel: 'mail', recipient: email, subject: t(`mail.${message}.subject`, all), text: t(`mail.${message}.body`, all), links, now, ...(code !== undefined && { code }),
  });
}
