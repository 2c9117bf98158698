import { randomUUID } from 'node:crypto';
import { sealTotp } from '../../src/domain/factors/totp.ts';
import { insertFactor } from '../../src/store/factors.ts';
import { insertMembership, setRoles } from '../../src/store/memberships.ts';
import { insertOrganisation, putEntitlements, updateOrganisation } from '../../src/store/organisations.ts';
import type { HttpBrowser, Page } from './http-browser.ts';
import type { Install, Workshop } from './install.ts';
import { localAccount } from './local.ts';
import type { RelyingParty, Tokens } from './relying-party.ts';

/** Realm cak made into one where people have several organisations: a user name alone, and the step that asks for which one. */

const flow = `flows:
  password:
    bindings:
      - { step: password, with: { level: password } }
      - { id: account, step: require, with: { that: account_active, else: account_inactive } }
      - { step: organisation }
      - { step: totp, when: [totp_enrolled], unless: [level_reached] }
      - { id: level, step: require, with: { that: level_reached, else: level_too_low } }
      - { id: agreements, step: require, with: { that: agreements_signed, else: agreements_missing } }
      - { id: role, step: require, with: { that: has_role, else: no_role } }
    ensure: [identified, level_reached, account_active, organisation_known, agreements_signed, has_role]
`;

/** For `install({ prepare: several })`. Nothing keeps hours, so that tests run at night too. */
export function several({ edit }: Workshop): void {
  edit('realms/cak/realm.yaml', (text) => text.replace(/^flows:\n(?:(?:[ #].*)?\n)*/m, `${flow}\n`)
    .replace('identifiers: [relation_number, username]', 'identifiers: [username]').replace(/^ {4}opening:\n(?: {6}.*\n)+/m, ''));
}

export const application = 'bestanden';
const role = { application, role: 'gebruiker' };

export type Place = { name?: string; /** who gets a place in it, with a role in the application `bestanden` */ members?: string[]; level?: string };

/** An organisation that is entitled to one application. @returns its id */
export async function place(at: Install, { name = 'Zorggroep', members = [], level }: Place = {}): Promise<string> {
  const { db } = at.host('cak').database;
  const id = randomUUID();
  await insertOrganisation(db, { id, name, identifiers: {}, now: at.now() });
  if (level !== undefined) await updateOrganisation(db, id, { minimum_level: level });
  await putEntitlements(db, id, [role]);
  for (const member of members) await join(at, member, id);
  return id;
}

/** Somebody's place in an organisation. @returns the id of the membership */
export async function join(at: Install, accountId: string, organisationId: string, roles = [role]): Promise<string> {
  const { db } = at.host('cak').database;
  const id = randomUUID();
  await insertMembership(db, { id, account_id: accountId, organisation_id: organisationId, tier: 'user', status: 'active', registered_at: at.now() });
  await setRoles(db, id, roles.map((one) => ({ ...one, assigned_by: 'test', assigned_at: at.now() })));
  return id;
}

/** Somebody new with a password and a place in an organisation of their own. @returns user name and id of the account, and of that place */
export async function someone(at: Install, first: Place = {}): Promise<{ id: string; home: string }> {
  const { database, realm } = at.host('cak');
  const id = `p${randomUUID().slice(0, 8)}`;
  const home = await place(at, first);
  await localAccount(database, realm, id, home);
  await setRoles(database.db, `m-${id}`, [{ ...role, assigned_by: 'test', assigned_at: at.now() }]);
  return { id, home };
}

/** A second factor that is set up. */
export async function enrol(at: Install, accountId: string, secret: string): Promise<void> {
  const { database, vault } = at.host('cak');
  await insertFactor(database.db, { id: randomUUID(), account_id: accountId, kind: 'totp', secret: sealTotp({ vault, accountId }, secret), created_at: at.now() });
}

/** Fills in the page of the step `password`. */
export function typeName(browser: HttpBrowser, page: Page, username: string): Promise<Page> {
  return browser.submit(page, { username, password: 'Sluispoort-14-augustus' });
}

/** The whole way to a portal: password when it is asked, and an organisation when it is. */
export async function enter(rp: RelyingParty, browser: HttpBrowser, who: string, { choose, params = {} }: { choose?: string; params?: Record<string, string | undefined> } = {}): Promise<Tokens> {
  const started = await rp.start(params);
  let page = await browser.get(started.url);
  if (page.step === 'password') page = await typeName(browser, page, who);
  if (page.step === 'organisation') page = await browser.submit(page, { organisation: choose ?? '' });
  return rp.finish(started, page);
}

/** Ids of the organisations on a page of the step `organisation`, in their order. */
export function offered(page: Page): string[] {
  return [...page.html.matchAll(/name="organisation" value="([^"]+)"/g)].map(([, id = '']) => id);
}

/** For whom tokens are, and with which roles. */
export function actingFor({ claims }: Pick<Tokens, 'claims'>): { id: string | undefined; roles: unknown } {
  return { id: (claims['organisation'] as { id: string } | undefined)?.id, roles: claims['roles'] };
}
