import type { Context } from 'koa';
import type { DomainError } from '../../domain/errors.ts';
import type { Person } from '../../domain/people.ts';
import type { Roles } from '../../domain/roles.ts';
import { adminOf, adminUrl, auditRead, nowOf, organisationName, personUrl, translate, type AdminContext } from './context.ts';
import { personPage, roleField } from './person-page.ts';
import { showOnce } from '../shown-once.ts';

/** A verification code that was just issued is shown once, to who issued it, on the page of that person. */
export const CODE = 'admin.code';
type ShownCode = { code: string; expiresAt: number };

export function ownerOfCode(person: Person, accountId: string): string {
  return `${person.id}:${accountId}`;
}

/** What was just done, said once on the page that a form leads to. */
export const doneWords = ['roles', 'ended', 'resumed'] as const;
export type Done = (typeof doneWords)[number];

/** The page of one person (C08, C09); `failed`: what could not be done, with the roles as they were typed. */
export async function showPerson(context: AdminContext, ctx: Context, person: Person, failed?: { error: DomainError; typed?: Roles }): Promise<void> {
  const { realm, database } = context;
  const admin = adminOf(ctx);
  const { shown, saved } = ctx.query;
  const code = typeof shown === 'string' ? await showOnce<ShownCode>(database.db, CODE, ownerOfCode(person, admin.accountId), shown, nowOf(context)) : undefined;
  if (failed) ctx.status = failed.error.code === 'verification.wait' ? 429 : 422;
  ctx.set('Cache-Control', 'no-store');
  await auditRead(context, ctx, { event: 'person.read', type: 'membership', id: person.id });
  await context.render(ctx, 'admin/person', {
    title: person.name,
    page: {
      ...await personPage(database.db, realm, admin.organisationId, person, failed?.typed),
      organisation: await organisationName(context, ctx),
      code: code?.code,
      expiresAt: code?.expiresAt,
      /** the address of a code that was shown before, e.g. after a reload */
      codeGone: shown !== undefined && !code,
      saved: doneWords.find((word) => word === saved),
      /** nobody puts themselves out */
      own: person.accountId === admin.accountId,
      rolesAction: `${personUrl(context, person)}/roles`,
      codeAction: `${personUrl(context, person)}/code`,
      endUrl: `${personUrl(context, person)}/end`,
      resumeAction: `${personUrl(context, person)}/resume`,
      peopleUrl: `${adminUrl(context)}/`,
    },
    ...(failed && { problems: [problemOf(context, ctx, failed.error)] }),
  });
}

function problemOf(context: AdminContext, ctx: Context, { code, params }: DomainError) {
  const application = context.realm.applications.find(({ id }) => id === params['applicationId']);
  return { code, message: translate(context, ctx)(code, params), ...(application && { field: roleField(application.id) }) };
}
