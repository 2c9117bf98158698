import { Router } from '@koa/router';
import type { Context } from 'koa';
import type { Realm } from '../../config/schema.ts';
import { DomainError } from '../../domain/errors.ts';
import { byFamilyName } from '../../domain/names.ts';
import { listPeople, personOf, type Person } from '../../domain/people.ts';
import { assignRoles, type Roles } from '../../domain/roles.ts';
import { takeTry } from '../../domain/throttle.ts';
import { issueCode } from '../../domain/verification.ts';
import type { Actor } from '../../store/audit.ts';
import type { Database } from '../../store/database.ts';
import { findOrganisation } from '../../store/organisations.ts';
import { textsFor } from '../../texts/catalogue.ts';
import { personPage, roleField, rolesOf } from './person-page.ts';
import { keepToShow, showOnce } from './shown-once.ts';

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

/** Codes per administrator and hour: a stolen session must not hand out an organisation. */
const issues = { limit: 20, window: 3600 };

/** Anything else (PostgreSQL would stumble over %00) is nobody. */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Pages of an organisation's administrator (pages C08, C09; seed row IB-6), without a prefix. What stands before it
 * has checked the session, the level, the membership and the CSRF token, and set `ctx.state.admin` and `.language`.
 * Everything is looked for within the administrator's own organisation: what is another's is not found.
 */
export function adminRoutes(context: AdminContext): Router {
  const router = new Router();
  router.get('/', (ctx) => showPeople(context, ctx));
  router.get('/people', (ctx) => ctx.redirect(`${adminUrl(context)}/`));
  router.get('/people/:id', async (ctx) => showPerson(context, ctx, await personAt(context, ctx)));
  router.post('/people/:id/roles', async (ctx) => saveRoles(context, ctx, await personAt(context, ctx)));
  router.post('/people/:id/code', async (ctx) => giveCode(context, ctx, await personAt(context, ctx)));
  return router;
}

async function showPeople(context: AdminContext, ctx: Context): Promise<void> {
  const everyone = await listPeople(context.database.db, adminOf(ctx).organisationId);
  const order = byFamilyName(languageOf(ctx));
  const sorted = everyone.toSorted((a, b) => order(a.names, b.names));
  await context.render(ctx, 'admin/people', {
    title: translate(context, ctx)('admin.people.title'),
    page: {
      organisation: await organisationName(context, ctx),
      pending: sorted.filter((person) => person.status === 'pending'),
      people: sorted.filter((person) => person.status !== 'pending'),
    },
  });
}

async function personAt({ database }: AdminContext, ctx: Context): Promise<Person> {
  const id = String(ctx['params'].id);
  const person = UUID.test(id) ? await personOf(database.db, adminOf(ctx).organisationId, id) : undefined;
  // another organisation's person and nobody are the same answer
  return person ?? ctx.throw(404);
}

async function showPerson(context: AdminContext, ctx: Context, person: Person, failed?: { error: DomainError; typed?: Roles }): Promise<void> {
  const { realm, database } = context;
  const admin = adminOf(ctx);
  const { shown, saved } = ctx.query;
  const code = typeof shown === 'string' ? await showOnce(database.db, { membershipId: person.id, accountId: admin.accountId }, shown, nowOf(context)) : undefined;
  if (failed) ctx.status = failed.error.code === 'verification.wait' ? 429 : 422;
  ctx.set('Cache-Control', 'no-store');
  await context.render(ctx, 'admin/person', {
    title: person.name,
    page: {
      ...await personPage(database.db, realm, admin.organisationId, person, failed?.typed),
      organisation: await organisationName(context, ctx),
      code: code?.code,
      expiresAt: code?.expiresAt,
      /** the address of a code that was shown before, e.g. after a reload */
      codeGone: shown !== undefined && !code,
      saved: saved !== undefined,
      rolesAction: `${personUrl(context, person)}/roles`,
      codeAction: `${personUrl(context, person)}/code`,
      peopleUrl: `${adminUrl(context)}/`,
    },
    ...(failed && { problems: [problemOf(context, ctx, failed.error)] }),
  });
}

async function saveRoles(context: AdminContext, ctx: Context, person: Person): Promise<void> {
  const { realm, database } = context;
  const roles = rolesOf(bodyOf(ctx));
  try {
    await database.transaction((tx) => assignRoles(tx, { realm, membershipId: person.id, roles, actor: actorOf(ctx), now: nowOf(context) }));
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return showPerson(context, ctx, person, { error, typed: roles });
  }
  seeOther(ctx, `${personUrl(context, person)}?saved=roles`);
}

async function giveCode(context: AdminContext, ctx: Context, person: Person): Promise<void> {
  const { database } = context;
  const { accountId } = adminOf(ctx);
  const issue = await takeTry(database.db, `admin.code:${accountId}`, issues, nowOf(context));
  if (!issue.allowed) {
    return showPerson(context, ctx, person, { error: new DomainError('verification.wait', { minutes: Math.ceil(issue.retryAfter / 60) }) });
  }
  try {
    const handle = await issueToShow(context, ctx, person);
    seeOther(ctx, `${personUrl(context, person)}?shown=${handle}`);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    await showPerson(context, ctx, person, { error });
  }
}

function issueToShow(context: AdminContext, ctx: Context, person: Person): Promise<string> {
  const { realm, database } = context;
  const { accountId } = adminOf(ctx);
  return database.transaction(async (tx) => {
    const issued = await issueCode(tx, { realm, membershipId: person.id, tier: 'user', actor: actorOf(ctx), now: nowOf(context) });
    return keepToShow(tx, { membershipId: person.id, accountId }, issued, nowOf(context));
  });
}

function problemOf(context: AdminContext, ctx: Context, { code, params }: DomainError) {
  const application = context.realm.applications.find(({ id }) => id === params['applicationId']);
  return { code, message: translate(context, ctx)(code, params), ...(application && { field: roleField(application.id) }) };
}

async function organisationName({ database }: AdminContext, ctx: Context): Promise<string> {
  return (await findOrganisation(database.db, adminOf(ctx).organisationId))?.name ?? '';
}

function adminOf(ctx: Context): Administrator {
  return ctx.state['admin'] as Administrator;
}

function actorOf(ctx: Context): Actor {
  const { accountId, displayName } = adminOf(ctx);
  return { kind: 'person', id: accountId, display: displayName };
}

function languageOf(ctx: Context): string {
  return String(ctx.state['language'] ?? 'nl');
}

function translate({ realm }: AdminContext, ctx: Context) {
  return textsFor(realm).t(languageOf(ctx));
}

function bodyOf(ctx: Context): Record<string, unknown> {
  return ((ctx.request as { body?: unknown }).body ?? {}) as Record<string, unknown>;
}

function adminUrl({ realm }: AdminContext): string {
  return `${new URL(realm.issuer).pathname}/admin`;
}

function personUrl(context: AdminContext, person: Person): string {
  return `${adminUrl(context)}/people/${person.id}`;
}

function seeOther(ctx: Context, url: string): void {
  ctx.redirect(url);
  ctx.status = 303;
}

function nowOf({ clock }: AdminContext): number {
  return clock?.() ?? Math.floor(Date.now() / 1000);
}
