import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { root } from '../../src/root.ts';
import { insertAccount, listAccounts } from '../../src/store/accounts.ts';
import { setApplicationAccounts } from '../../src/store/application-accounts.ts';
import { appendAudit } from '../../src/store/audit.ts';
import type { Database } from '../../src/store/database.ts';
import { insertIdentity } from '../../src/store/identities.ts';
import { insertMembership, setRoles } from '../../src/store/memberships.ts';
import { insertOrganisation, putAgreement, putEntitlements, updateOrganisation } from '../../src/store/organisations.ts';
import type { Db } from '../../src/store/schema.ts';
import { localAccountSchema, seedLocalAccount, type Place } from './local-account.ts';

const roles = z.record(z.string(), z.array(z.string()));
const text = z.string().nullable();
const more = text.default(null);
const membership = z.object({
  id: z.string(), tier: z.enum(['user', 'administrator']), status: z.enum(['pending', 'active', 'ended']), roles,
  /** application -> the numbers under which they work there */
  accounts: z.record(z.string(), z.array(z.object({ type: z.string(), value: z.string() }))).default({}),
});

/** What the seed reads of world.json; the simulator and the portals read the rest. */
const worldSchema = z.object({
  realms: z.array(z.object({
    id: z.string(),
    organisations: z.array(z.object({
      id: z.string(),
      name: z.string(),
      identifiers: z.record(z.string(), z.string()),
      contact: z.object({ address: more, postal_address: more, phone: more, email: more }).optional(),
      agreements: z.array(z.string()),
      entitlements: z.array(z.object({ application: z.string(), roles: z.array(z.string()) })),
    })),
    people: z.array(z.object({
      id: z.string(),
      organisation_id: text,
      /** absent: somebody whom Sluis has not met yet */
      account: z.object({
        id: z.string(), status: z.enum(['active', 'locked', 'dormant', 'deleted']), salutation: text, initials: text, given_name: text, infix: text,
        family_name: text, department: text, phone: text, email: text, newsletter: z.boolean(), language: text,
        birth_date: more, gender: more, address: more, postal_address: more, mobile: more, contact_email: more, function: more, card_function: more,
      }).optional(),
      membership: membership.optional(),
      /** their places in other organisations */
      elsewhere: z.array(z.object({ organisation_id: z.string(), membership })).default([]),
      /** a login in the past; absent: never */
      last_login_days_ago: z.int().optional(),
      /** when and why the account ended */
      ended: z.object({ days_ago: z.int(), reason: z.string() }).optional(),
      identity: z.object({ broker: z.string(), pseudonym: z.string() }).optional(),
    }).extend(localAccountSchema.shape)),
  })),
});
const DAY = 86_400;

type World = z.infer<typeof worldSchema>['realms'][number];
type Someone = World['people'][number];

/**
 * Fills a realm without accounts with the people and organisations of the demo world; a realm that has any is left as
 * it is. `now` is in epoch seconds.
 */
export async function seedDemo(database: Database, { hashPassword, ...place }: Place & { hashPassword: (password: string) => Promise<string> }): Promise<void> {
  const { realm, now } = place;
  if ((await listAccounts(database.db, { limit: 1 })).length > 0) return;
  const { realms } = worldSchema.parse(JSON.parse(await readFile(join(root, 'db/demo/world.json'), 'utf8')));
  const world = realms.find((candidate) => candidate.id === realm.id);
  if (!world) return;
  const hashes = await hashPasswords(world, hashPassword);
  await database.transaction(async (tx) => {
    for (const organisation of world.organisations) await seedOrganisation(tx, organisation, now);
    for (const someone of world.people) await seedPerson(tx, place, someone, hashes.get(someone.id));
    await appendAudit(tx, {
      event: 'demo.seeded', action: 'C', outcome: 'success', actor: { kind: 'system', id: 'demo' },
      detail: { organisations: world.organisations.length, people: world.people.length }, now,
    });
  });
}

/** Before the transaction: hashing is slow. Who logs in through a broker has no password here. */
async function hashPasswords(world: World, hashPassword: (password: string) => Promise<string>): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  for (const { id, account, identity, login } of world.people) {
    if (account && login?.password !== undefined && !identity) hashes.set(id, await hashPassword(login.password));
  }
  return hashes;
}

async function seedOrganisation(tx: Db, organisation: World['organisations'][number], now: number): Promise<void> {
  const { id, name, identifiers, agreements } = organisation;
  await insertOrganisation(tx, { id, name, identifiers, now });
  if (organisation.contact) await updateOrganisation(tx, id, organisation.contact);
  for (const agreement of agreements) {
    await putAgreement(tx, { organisation_id: id, agreement, signed_at: now, recorded_by: 'demo', recorded_at: now });
  }
  await putEntitlements(tx, id, organisation.entitlements.flatMap((entry) => entry.roles.map((role) => ({ application: entry.application, role }))));
}

async function seedPerson(tx: Db, place: Place, someone: Someone, hash: string | undefined): Promise<void> {
  const { now } = place;
  const { account, organisation_id: organisationId } = someone;
  if (!account) return;
  await insertAccount(tx, { ...account, newsletter: account.newsletter ? 1 : 0, ...pastOf(someone, now) });
  if (!someone.identity) await seedLocalAccount(tx, place, account.id, someone, hash);
  if (organisationId === null) return;
  if (someone.identity) await seedIdentity(tx, someone.identity, { accountId: account.id, organisationId, now });
  const places = [...someone.membership ? [{ organisation_id: organisationId, membership: someone.membership }] : [], ...someone.elsewhere];
  for (const { organisation_id: at, membership: one } of places) await seedMembership(tx, one, account.id, at, now);
}

/** When an account was made, last used and ended. Who came in the past was there the year before. */
function pastOf({ last_login_days_ago: used, ended }: Someone, now: number) {
  const ago = (days: number): number => now - days * DAY;
  return {
    created_at: used === undefined && !ended ? now : ago(400 + (used ?? 0)), updated_at: now, last_login_at: used === undefined ? null : ago(used),
    ...(ended && { ended_at: ago(ended.days_ago), end_reason: ended.reason }),
  };
}

async function seedIdentity(tx: Db, { broker, pseudonym }: NonNullable<Someone['identity']>, { accountId, organisationId, now }: { accountId: string; organisationId: string; now: number }): Promise<void> {
  await insertIdentity(tx, { broker_id: broker, acting_subject: pseudonym, organisation_id: organisationId, account_id: accountId, created_at: now, last_seen_at: now });
}

async function seedMembership(tx: Db, membership: NonNullable<Someone['membership']>, accountId: string, organisationId: string, now: number): Promise<void> {
  await insertMembership(tx, {
    id: membership.id, account_id: accountId, organisation_id: organisationId, tier: membership.tier, status: membership.status,
    registered_at: now, verified_at: membership.status === 'pending' ? null : now,
  });
  await setApplicationAccounts(tx, membership.id, Object.entries(membership.accounts).flatMap(([application, list]) => list.map((one) => ({ application, ...one }))));
  await setRoles(tx, membership.id, Object.entries(membership.roles).flatMap(([application, ids]) =>
    ids.map((role) => ({ application, role, assigned_by: 'demo', assigned_at: now }))));
}
