import type { Realm } from '../../config/schema.ts';
import { brokersOf, type Person } from '../../domain/people.ts';
import { effectiveRoles, entitledRoles, type Roles } from '../../domain/roles.ts';
import type { Db } from '../../store/schema.ts';

/**
 * Data of the page of one person (pages C08, C09): the organisation's applications with their roles, and whether a
 * code can be issued. `typed` are roles as the form sent them, when they could not be saved.
 */
export async function personPage(db: Db, realm: Realm, organisationId: string, person: Person, typed?: Roles) {
  const entitled = await entitledRoles(db, realm, organisationId);
  const saved = await effectiveRoles(db, realm, { id: person.id, organisation_id: organisationId });
  const chosen = typed ?? saved;
  const applications = realm.applications.filter((application) => entitled[application.id]).map((application) => ({
    id: application.id,
    name: application.name,
    description: application.description,
    exclusive: application.exclusive,
    field: roleField(application.id),
    roles: application.roles.map((role) => ({
      id: role.id, name: role.name, description: role.description,
      checked: chosen[application.id]?.includes(role.id) ?? false,
      entitled: entitled[application.id]?.includes(role.id) ?? false,
    })),
  }));
  return {
    person: { ...person, brokers: await brokerNames(db, realm, organisationId, person) },
    applications,
    /** a registration that waits, with at least one role (seed row IB-6) */
    canIssue: person.status === 'pending' && Object.keys(saved).length > 0,
  };
}

// no dot: the form parser would make an object of it
const PREFIX = 'role-';

/** Name of the fields with the roles of an application. */
export function roleField(applicationId: string): string {
  return `${PREFIX}${applicationId}`;
}

/** The roles that a form asks for. What is not in it is not asked: unticked boxes are not sent. */
export function rolesOf(body: Record<string, unknown>): Roles {
  const fields = Object.entries(body).filter(([name]) => name.startsWith(PREFIX));
  return Object.fromEntries(fields.map(([name, value]) => {
    const ids = (Array.isArray(value) ? value : [value]).filter((id): id is string => typeof id === 'string' && id !== '');
    return [name.slice(PREFIX.length), ids];
  }));
}

async function brokerNames(db: Db, realm: Realm, organisationId: string, person: Person): Promise<string[]> {
  const ids = await brokersOf(db, organisationId, person.accountId);
  return ids.map((id) => realm.brokers.find((broker) => broker.id === id)?.name ?? id);
}
