import type { SecondFactor } from '../config/accounts.ts';
import type { Required } from './demand.ts';
import type { PredicateName } from './predicates.ts';

/**
 * What is true of a run right now: the journal's proofs (what was shown, when) and the account's state, loaded anew
 * each turn, so that a lock or a removed role counts at once.
 */
export type Proof = {
  /** broker, password … what was shown */
  factor: string;
  /** id of the level it earned */
  level: string;
  /** epoch seconds at which it was shown, not at which it was seen */
  at: number;
  /** broker proofs: which broker and what it said */
  broker?: BrokerProof;
};

export type BrokerProof = {
  id: string;
  actingSubject: string;
  /** identifier type (`kvk`, `rsin` …) -> value */
  organisation: Record<string, string>;
  organisationName?: string;
  /** prefill of the profile: given_name, family_name, email, phone */
  person: Record<string, string>;
};

export type JournalEntry = {
  binding: string;
  at: number;
  proofs: Proof[];
  accountId?: string;
  organisationId?: string;
  /** other marks a step left (e.g. that the person said to be the administrator) */
  marks?: Record<string, string>;
};

/** What somebody has to log in with at Sluis itself. Times are epoch seconds. */
export type CredentialsState = {
  /** the activation code that was sent beside the password was not typed yet */
  mustActivate: boolean;
  /** `expiresAt`: when it must be replaced; `noticeFrom`: when its person is told */
  password?: { oneTime: boolean; changedAt: number; expiresAt?: number; noticeFrom?: number };
  factors: SecondFactor[];
  /** recovery codes that are left */
  recoveryCodes: number;
  /** secret questions that were answered */
  answers: number;
};

export type AccountState = {
  id: string;
  active: boolean;
  displayName: string;
  email: string | null;
  language: string | null;
  profileComplete: boolean;
  /** only where the portal's flow asks about them */
  credentials?: CredentialsState;
};

export type MembershipState = {
  id: string;
  tier: 'user' | 'administrator';
  status: 'pending' | 'active' | 'ended';
  /** application id -> role ids, only applications the organisation is entitled to */
  roles: Record<string, string[]>;
};

export type OrganisationState = {
  id: string;
  name: string;
  identifiers: Record<string, string>;
  /** ids of required agreements that are not recorded as signed */
  missingAgreements: string[];
  hasAdministrator: boolean;
  /** id of the lowest level with which its people may log in anywhere */
  minimumLevel?: string;
};

export type Facts = {
  /** what was shown and counts here */
  proofs: Proof[];
  /** what the same person showed, also what is too old to count here */
  shown: Proof[];
  /** of what counts: shown in this run, not brought along by a session */
  shownNow: Proof[];
  marks: Record<string, string>;
  account: AccountState | undefined;
  organisation: OrganisationState | undefined;
  membership: MembershipState | undefined;
  /** rank on the realm's ladder (0 = lowest) that the proofs reach, -1 for none */
  level: number;
  /** what is asked: the highest of portal, client, organisation and request */
  required: Required;
  /** applications that count at this portal */
  applications: string[];
  /** the request names an organisation */
  named: boolean;
  /** the organisation in view is the one that it names, and the person's own; true when it names none */
  asNamed: boolean;
  /** what the flow of the portal ensures about an organisation and somebody's place in it */
  ensured: readonly PredicateName[];
  /** the person's browser is where the portal allows it to be */
  networkAllowed: boolean;
  /** the portal lets people in, not only register */
  portalOpen: boolean;
  /** an application of the portal can be used at this time; a portal without applications keeps no hours */
  applicationsOpen: boolean;
  /** epoch seconds */
  now: number;
};
