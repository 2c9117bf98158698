import type { Context } from 'koa';
import type { OwnOrganisation } from '../../domain/own-organisations.ts';
import { loadState } from '../../domain/state.ts';
import { contactFields, findContact } from '../../store/organisations.ts';
import { personOf, translate, type AccountContext } from './context.ts';

/** The organisation of this session, and the person's place in it; undefined without one, or when they have no place there (any more). */
export async function ownOrganisation({ host: { database, realm, clock } }: AccountContext, ctx: Context): Promise<OwnOrganisation | undefined> {
  const { accountId, organisationId } = personOf(ctx);
  if (organisationId === undefined) return undefined;
  const { organisation, membership } = await loadState(database.db, realm, { accountId, organisationId, now: clock() });
  return organisation && membership?.status === 'active' ? { organisation, membership } : undefined;
}

/** The organisation as it is registered, to read (row CFX-10, page B10): only of the session's own. */
export async function showMyOrganisation(context: AccountContext, ctx: Context): Promise<void> {
  const own = await ownOrganisation(context, ctx);
  if (!own) return ctx.throw(404);
  const { organisation: { id, name, identifiers }, membership: { tier, roles } } = own;
  const applications = context.host.realm.applications.flatMap((application) => {
    const held = roles[application.id] ?? [];
    return held.length > 0 ? [{ name: application.name, roles: application.roles.filter(({ id }) => held.includes(id)).map((role) => role.name) }] : [];
  });
  const contact = await findContact(context.host.database.db, id);
  const reached = contactFields.flatMap((field) => (contact?.[field] ? [{ field, lines: contact[field].split('\n') }] : []));
  await context.render(ctx, 'account/my-organisation', {
    title: translate(context, ctx)('account.my-organisation.title'),
    page: { name, reached, numbers: Object.entries(identifiers).map(([type, value]) => ({ type, value })), tier, applications },
  });
}
