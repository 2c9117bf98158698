import type { Facts } from './facts.ts';

/**
 * The one table of conditions that flows may use: pure functions of the facts, no expressions. A predicate about
 * something that is not there does not hold.
 */
export const predicates = {
  /** somebody showed who they are */
  identified: (f: Facts) => f.proofs.length > 0,
  /** what was shown reaches the level asked */
  level_reached: (f: Facts) => f.level >= f.required.level,
  /** the person's browser is in one of the portal's networks; a portal without networks can be reached from anywhere */
  network_allowed: (f: Facts) => f.networkAllowed,
  /** the portal lets people in; one that is open for registration only does not */
  portal_open: (f: Facts) => f.portalOpen,
  organisation_known: (f: Facts) => f.organisation !== undefined,
  agreements_signed: (f: Facts) => f.organisation?.missingAgreements.length === 0,
  organisation_has_administrator: (f: Facts) => f.organisation?.hasAdministrator === true,
  /** the identity belongs to an account that we know */
  registered: (f: Facts) => f.account !== undefined,
  account_active: (f: Facts) => f.account?.active === true,
  profile_complete: (f: Facts) => f.account?.profileComplete === true,
  /** the verification code of this registration was typed */
  verified: (f: Facts) => f.membership?.status === 'active',
  /** their place in the organisation was taken away: no code helps, somebody must let them in again */
  membership_ended: (f: Facts) => f.membership?.status === 'ended',
  administrator: (f: Facts) => f.membership?.status === 'active' && f.membership.tier === 'administrator',
  /** at least one role in an application of this portal; a portal without applications asks none */
  has_role: (f: Facts) => f.membership?.status === 'active'
    && (f.applications.length === 0 || f.applications.some((a) => (f.membership?.roles[a]?.length ?? 0) > 0)),
  /** the person said to be the administrator of an organisation that has none yet */
  claims_administrator: (f: Facts) => f.marks['claims'] === 'administrator',
} as const;

export type PredicateName = keyof typeof predicates;

export const predicateNames = Object.keys(predicates) as PredicateName[];

/** What a portal's own file decides: nothing that a person does in a run changes it. */
export const decidedByPortal: readonly PredicateName[] = ['network_allowed', 'portal_open'];

/** What cannot be otherwise: the prover leaves out combinations that break these. */
export const implications: readonly (readonly [PredicateName, PredicateName])[] = [
  ['level_reached', 'identified'],
  ['agreements_signed', 'organisation_known'],
  ['organisation_has_administrator', 'organisation_known'],
  ['account_active', 'registered'],
  ['profile_complete', 'registered'],
  ['verified', 'registered'],
  ['verified', 'organisation_known'],
  ['membership_ended', 'registered'],
  ['membership_ended', 'organisation_known'],
  ['administrator', 'verified'],
  ['administrator', 'organisation_has_administrator'],
  ['has_role', 'verified'],
];

/** What cannot both be: left out by the prover too. */
export const exclusions: readonly (readonly [PredicateName, PredicateName])[] = [
  ['membership_ended', 'verified'],
];

export function isPredicate(name: string): name is PredicateName {
  return Object.hasOwn(predicates, name);
}

export function holds(name: string, facts: Facts): boolean {
  // a name that slipped past the configuration check fails closed
  return isPredicate(name) && predicates[name](facts);
}
