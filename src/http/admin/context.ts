import type { Context } from 'koa';
import type { Realm } from '../../config/schema.ts';
import { personOf, type Person } from '../../domain/people.ts';
import { appendAudit, type Actor } from '../../store/audit.ts';
import type { Database } from '../../store/database.ts';
import { findOrganisation } from '../../store/organisations.ts';
import { textsFor } from '../../texts/catalogue.ts';

export type AdminLocals = {
  title: string;
  page: Record<string, unknown>;
  problems?: { field?: string; code: string; message: string }[];
};
export type AdminContext = {
  realm: Realm;
  database: Database;
  render: (ctx: Context, view: string, locals: AdminLocals) => Promise<void>;
  /** epoch seconds; the system's clock when absent */
  clock?: () => number;
};
/** Who is at work, loaded anew for each request: an active administrator of this organisation. */
export type Administrator = { accountId: string; organisationId: string; membershipId: string; displayName: string };

/** Anything else (PostgreSQL would stumble over %00) is nobody. */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The person that the address names, of the administrator's own organisation; another's and nobody are the same answer: 404. */
export async function personAt({ database }: AdminContext, ctx: Context): Promise<Person> {
  const id = String(ctx['params'].id);
  const person = UUID.test(id) ? await personOf(database.db, adminOf(ctx).organisationId, id) : undefined;
  return person ?? ctx.throw(404);
}

/** Reading about people is an act that the trail must show (NEN 7513): once for each page with their data. */
export async function auditRead(context: AdminContext, ctx: Context, object: { event: 'people.read' | 'person.read'; type: 'organisation' | 'membership'; id: string }): Promise<void> {
  await appendAudit(context.database.db, {
    event: object.event, action: 'R', outcome: 'success', actor: actorOf(ctx), organisationId: adminOf(ctx).organisationId,
    objectType: object.type, objectId: object.id, now: nowOf(context),
  });
}

export async function organisationName({ database }: AdminContext, ctx: Context): Promise<string> {
  return (await findOrganisation(database.db, adminOf(ctx).organisationId))?.name ?? '';
}

export function adminOf(ctx: Context): Administrator {
  return ctx.state['admin'] as Administrator;
}

export function actorOf(ctx: Context): Actor {
  const { accountId, displayName } = adminOf(ctx);
  return { kind: 'person', id: accountId, display: displayName };
}

export function languageOf(ctx: Context): string {
  return String(ctx.state['language'] ?? 'nl');
}

export function translate({ realm }: AdminContext, ctx: Context) {
  return textsFor(realm).t(languageOf(ctx));
}

export function adminUrl({ realm }: AdminContext): string {
  return `${new URL(realm.issuer).pathname}/admin`;
}

export function personUrl(context: AdminContext, person: Person): string {
  return `${adminUrl(context)}/people/${person.id}`;
}

export function seeOther(ctx: Context, url: string): void {
  ctx.redirect(url);
  ctx.status = 303;
}

export function nowOf({ clock }: AdminContext): number {
  return clock?.() ?? Math.floor(Date.now() / 1000);
}
