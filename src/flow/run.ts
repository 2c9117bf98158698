import { networkAllows } from '../config/networks.ts';
import type { Portal, Realm } from '../config/schema.ts';
import { portalIsOpen } from '../domain/opening.ts';
import { loadState } from '../domain/state.ts';
import { findRun } from '../store/runs.ts';
import type { Db } from '../store/schema.ts';
import { freshJournal, requiredOf, SESSION, type Demand, type Demander } from './demand.ts';
import type { BrokerProof, Facts, JournalEntry, Proof } from './facts.ts';
import { ensuredOfOrganisation, portalOf, usesCredentials } from './flow.ts';
import { highest } from './levels.ts';
import type { Problem } from './step.ts';

export type RunRow = NonNullable<Awaited<ReturnType<typeof findRun>>>;

/** Somebody and the organisation for which they acted. */
export type Former = { accountId: string; organisationId: string };

/** What the portal asked, kept so that an expired run can still answer it. */
export type RunRequest = {
  levelId: string;
  /** who asked for that level; absent in a run of an earlier version */
  levelBy?: Demander;
  /** epoch seconds: what was shown before does not count */
  since?: number;
  /** where the browser was that began it */
  address?: string;
  /** the organisation that it names */
  organisation?: string;
  /** id of the live session in which it began: what that session's person changes about themselves does not have it begin anew */
  session?: string;
  /** for whom the session acted in which it began */
  former?: Former;
  /** the person wants to choose an organisation again (`prompt=select_account`) */
  choose?: true;
  redirectUri?: string;
  state?: string;
  loginHint?: string;
  language?: string;
};

/** What the next GET shows once: problems, and what was typed (never a secret). */
export type Notice = { binding: string; problems: Problem[]; values: Record<string, string> };

/** A run as read from its row, with the facts of this moment. */
export type OpenRun = {
  row: RunRow;
  portal: Portal;
  request: RunRequest;
  journal: JournalEntry[];
  state: Record<string, unknown>;
  notice: Notice | undefined;
  facts: Facts;
};

/** Reads a run and loads the account's state fresh, for a browser at an address. Undefined when there is no such run. */
export async function openRun(db: Db, realm: Realm, id: string, now: number, address?: string): Promise<OpenRun | undefined> {
  // an id out of an address may hold a NUL, which PostgreSQL fails at
  const row = id.includes('\u0000') ? undefined : await findRun(db, id);
  const portal = row && portalOf(realm, row.portal);
  return row && portal ? readRun(db, realm, portal, row, now, address) : undefined;
}

export async function readRun(db: Db, realm: Realm, portal: Portal, row: RunRow, now: number, address?: string): Promise<OpenRun> {
  const journal = JSON.parse(row.journal) as JournalEntry[];
  const request = JSON.parse(row.request) as RunRequest;
  const where = address ?? request.address;
  const demand: Demand = {
    levelId: request.levelId, by: request.levelBy ?? 'request', ...(request.since !== undefined && { since: request.since }), ...(where !== undefined && { address: where }),
    ...(request.organisation !== undefined && { organisation: request.organisation }),
  };
  return {
    row, portal, request, journal,
    state: JSON.parse(row.state) as Record<string, unknown>,
    notice: row.notice === null ? undefined : JSON.parse(row.notice) as Notice,
    facts: await gatherFacts(db, realm, portal, journal, demand, now),
  };
}

/** Facts = what the journal proves + what the database says now. */
export async function gatherFacts(db: Db, realm: Realm, portal: Portal, whole: JournalEntry[], demand: Demand, now: number): Promise<Facts> {
  const journal = freshJournal(whole, demand.since);
  const accountId = lastOf(journal, (entry) => entry.accountId);
  const organisationId = lastOf(journal, (entry) => entry.organisationId);
  const broker = lastOf(journal, (entry) => lastOf(entry.proofs, (proof) => proof.broker));
  const state = await loadState(db, realm, {
    now, ...(accountId && { accountId }), ...(organisationId && { organisationId }), ...(broker && { broker }),
    ...(demand.organisation !== undefined && { named: demand.organisation }), credentials: usesCredentials(realm, portal.flow),
  });
  const proofs = proofsOfOne(journal, state.account?.id, broker);
  return {
    proofs, now, shown: proofsOfOne(whole, state.account?.id, broker),
    shownNow: proofsOfOne(journal.filter((entry) => entry.binding !== SESSION), state.account?.id, broker),
    marks: Object.assign({}, ...journal.map((entry) => entry.marks ?? {})) as Record<string, string>,
    named: demand.organisation !== undefined, asNamed: state.asNamed !== false,
    account: state.account, organisation: state.organisation, membership: state.membership,
    level: highest(realm, proofs),
    required: requiredOf(realm, portal, demand, state.organisation),
    applications: portal.applications, ensured: ensuredOfOrganisation(realm, portal.flow),
    networkAllowed: networkAllows(portal.networks, demand.address),
    portalOpen: portal.open === 'everyone',
    applicationsOpen: portalIsOpen(realm, portal, now),
  };
}

/**
 * One person's proofs only. When somebody else came before us (another account, another identity at a broker), what the
 * first one showed must not lend its level to the second.
 */
function proofsOfOne(journal: JournalEntry[], accountId: string | undefined, broker: BrokerProof | undefined): Proof[] {
  return journal
    .filter((entry) => entry.accountId === undefined || entry.accountId === accountId)
    .flatMap((entry) => entry.proofs)
    .filter((proof) => proof.broker === undefined || (proof.broker.id === broker?.id && proof.broker.actingSubject === broker.actingSubject));
}

function lastOf<T, R>(items: T[], pick: (item: T) => R | undefined): R | undefined {
  return items.reduce<R | undefined>((found, item) => pick(item) ?? found, undefined);
}
