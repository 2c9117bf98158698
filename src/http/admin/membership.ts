import type { Context } from 'koa';
import { DomainError } from '../../domain/errors.ts';
import { endMembership, resumeMembership, type MembershipChange } from '../../domain/memberships.ts';
import type { Person } from '../../domain/people.ts';
import type { Db } from '../../store/schema.ts';
import { actorOf, adminOf, auditRead, nowOf, organisationName, personUrl, seeOther, translate, type AdminContext } from './context.ts';
import { showPerson, type Done } from './show-person.ts';

/** Asks once more before somebody's access ends. There is nothing to ask about oneself, or who is out already. */
export async function askEnd(context: AdminContext, ctx: Context, person: Person): Promise<void> {
  if (person.status === 'ended' || person.accountId === adminOf(ctx).accountId) return seeOther(ctx, personUrl(context, person));
  ctx.set('Cache-Control', 'no-store');
  await auditRead(context, ctx, { event: 'person.read', type: 'membership', id: person.id });
  await context.render(ctx, 'admin/end', {
    title: translate(context, ctx)('admin.end.question', { name: person.name }),
    page: { person, organisation: await organisationName(context, ctx), endAction: `${personUrl(context, person)}/end`, personUrl: personUrl(context, person) },
  });
}

export function end(context: AdminContext, ctx: Context, person: Person): Promise<void> {
  return change(context, ctx, person, 'ended', endMembership);
}

export function resume(context: AdminContext, ctx: Context, person: Person): Promise<void> {
  return change(context, ctx, person, 'resumed', resumeMembership);
}

async function change(context: AdminContext, ctx: Context, person: Person, done: Done, work: (tx: Db, what: MembershipChange) => Promise<unknown>): Promise<void> {
  try {
    await context.database.transaction((tx) => work(tx, { membershipId: person.id, actor: actorOf(ctx), now: nowOf(context) }));
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return showPerson(context, ctx, person, { error });
  }
  seeOther(ctx, `${personUrl(context, person)}?saved=${done}`);
}
