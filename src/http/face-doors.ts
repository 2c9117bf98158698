import type { Portal } from '../config/schema.ts';
import { loadState } from '../domain/state.ts';
import { SESSION } from '../flow/demand.ts';
import { sessionEntry } from '../oidc/evidence.ts';
import { listMembershipsOf } from '../store/memberships.ts';
import type { FaceSessionRow, SessionRow } from '../store/sessions.ts';
import type { RealmHost } from './realm.ts';

/** Who uses the administration: set for every route behind it, loaded fresh at each request. */
export type AdminState = { accountId: string; organisationId: string; membershipId: string; displayName: string };
/** Who uses the account pages. */
export type PersonState = { accountId: string; displayName: string; organisationId: string | undefined; email: string | null; language: string | null };

export type Visit = { host: RealmHost; portal: Portal; face: FaceSessionRow; session: SessionRow; address: string; now: number };
/** What goes into `ctx.state` of who may enter; undefined: nobody. */
type Door = (visit: Visit) => Promise<{ admin: AdminState } | { person: PersonState } | undefined>;

export type Face = NonNullable<Portal['first_party']>;

/** Who may enter each of our own faces, asked anew at each request: a removed role, a lock or an end counts at once. */
export const doors: Record<Face, Door> = { admin: administrators, account: everybody };

async function administrators({ host: { database, realm }, face, now }: Visit): ReturnType<Door> {
  const organisationId = face.organisation_id;
  if (organisationId === null) return undefined;
  const { account, membership, organisation } = await loadState(database.db, realm, { accountId: face.account_id, organisationId, now });
  if (!account?.active || membership?.status !== 'active' || membership.tier !== 'administrator' || organisation?.missingAgreements.length !== 0) return undefined;
  return { admin: { accountId: account.id, organisationId, membershipId: membership.id, displayName: account.displayName } };
}

/** Whoever the flow of the portal lets in, as it would at a new authorization. */
async function everybody(visit: Visit): ReturnType<Door> {
  const { facts: { account, organisation }, admitted } = await judge(visit);
  if (!admitted || !account?.active || account.id !== visit.face.account_id) return undefined;
  return { person: { accountId: account.id, displayName: account.displayName, organisationId: organisation?.id, email: account.email, language: account.language } };
}

/** `organisationId`: for whom the face is open, when that is its own and not the session's. */
type Judged = Omit<Visit, 'face'> & { organisationId?: string };

/** Has everything that the portal's flow asks been shown within the last `seconds`? The same judgement as of a request with `max_age`. */
export async function isFresh(visit: Judged, seconds: number): Promise<boolean> {
  return (await judge(visit, visit.now - seconds)).admitted;
}

/** Does somebody belong to several organisations, where one can be chosen? */
export async function hasSeveral({ host, portal, session }: Pick<Visit, 'host' | 'portal' | 'session'>): Promise<boolean> {
  if (!host.engine.offersChoice(portal)) return false;
  return (await listMembershipsOf(host.database.db, session.account_id)).filter(({ status }) => status === 'active').length > 1;
}

function judge({ host, portal, session, address, organisationId }: Judged, since?: number): ReturnType<RealmHost['engine']['judge']> {
  const demand = { levelId: portal.level, by: 'portal' as const, address, ...(since !== undefined && { since }) };
  const entry = sessionEntry(session);
  // a broker's word is for one organisation
  const other = organisationId !== undefined && organisationId !== session.organisation_id && { organisationId, proofs: entry.proofs.filter(({ broker }) => !broker) };
  return host.engine.judge(portal, demand, [{ binding: SESSION, ...entry, ...other }]);
}
