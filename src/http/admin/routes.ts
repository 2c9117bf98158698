import { Router } from '@koa/router';
import type { Context } from 'koa';
import { DomainError } from '../../domain/errors.ts';
import { byFamilyName } from '../../domain/names.ts';
import { listPeople, type Person } from '../../domain/people.ts';
import { assignRoles } from '../../domain/roles.ts';
import { takeTry } from '../../domain/throttle.ts';
import { issueCode } from '../../domain/verification.ts';
import {
  actorOf, adminOf, adminUrl, auditRead, languageOf, nowOf, organisationName, personAt, personUrl, seeOther, translate, type AdminContext,
} from './context.ts';
import { askEnd, end, resume } from './membership.ts';
import { rolesOf } from './person-page.ts';
import { keepToShow } from '../shown-once.ts';
import { CODE, ownerOfCode, showPerson } from './show-person.ts';

/** Codes per administrator and hour: a stolen session must not hand out an organisation. */
const issues = { limit: 20, window: 3600 };

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
  router.get('/people/:id/end', async (ctx) => askEnd(context, ctx, await personAt(context, ctx)));
  router.post('/people/:id/end', async (ctx) => end(context, ctx, await personAt(context, ctx)));
  router.post('/people/:id/resume', async (ctx) => resume(context, ctx, await personAt(context, ctx)));
  router.post('/people/:id/code', async (ctx) => giveCode(context, ctx, await personAt(context, ctx)));
  return router;
}

async function showPeople(context: AdminContext, ctx: Context): Promise<void> {
  const everyone = await listPeople(context.database.db, adminOf(ctx).organisationId);
  const order = byFamilyName(languageOf(ctx));
  const sorted = everyone.toSorted((a, b) => order(a.names, b.names));
  await auditRead(context, ctx, { event: 'people.read', type: 'organisation', id: adminOf(ctx).organisationId });
  await context.render(ctx, 'admin/people', {
    title: translate(context, ctx)('admin.people.title'),
    page: {
      organisation: await organisationName(context, ctx),
      pending: sorted.filter((person) => person.status === 'pending'),
      people: sorted.filter((person) => person.status !== 'pending'),
    },
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
    return keepToShow(tx, CODE, ownerOfCode(person, accountId), issued, nowOf(context));
  });
}

function bodyOf(ctx: Context): Record<string, unknown> {
  return ((ctx.request as { body?: unknown }).body ?? {}) as Record<string, unknown>;
}
