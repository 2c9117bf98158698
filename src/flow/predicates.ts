import type { SecondFactor } from '../config/accounts.ts';
import type { Facts, Proof } from './facts.ts';

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
  /** one of the portal's applications is open at this time; a portal without applications has no hours */
  applications_open: (f: Facts) => f.applicationsOpen,
  organisation_known: (f: Facts) => f.organisation !== undefined,
  /** the organisation in view is the one that the request names; holds when it names none */
  organisation_as_named: (f: Facts) => f.asNamed,
  /** they act for an organisation for which the flow lets them in: active there, with all that it ensures about an organisation */
  organisation_fits: (f: Facts): boolean => f.membership?.status === 'active' && f.ensured.every((name) => predicates[name](f)),
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
  /** at least one role in an application of this portal, also one that is closed now; a portal without applications asks none */
  has_role: (f: Facts) => f.membership?.status === 'active'
    && (f.applications.length === 0 || f.applications.some((a) => (f.membership?.roles[a]?.length ?? 0) > 0)),
  /** a password was shown, and still counts */
  password_shown: (f: Facts) => has(f.proofs, ['password']),
  /** in this run, not brought along by a session */
  password_shown_now: (f: Facts) => has(f.shownNow, ['password']),
  /** a password was shown, or a passkey that is enough without one; and still counts */
  login_shown: (f: Facts) => has(f.proofs, ['password']) || (has(f.proofs, ['passkey']) && f.level >= f.required.level),
  /** a second factor of Sluis' own was shown, and still counts */
  second_factor_shown: (f: Facts) => has(f.proofs, ownFactors),
  /** who has set up two steps showed both: nothing is set up, or a second factor was shown and still counts */
  second_factor_shown_if_enrolled: (f: Facts) => has(f.proofs, ownFactors) || f.account?.credentials?.factors.length === 0,
  /** nobody waits for an activation code */
  activated: (f: Facts) => f.account?.credentials?.mustActivate === false,
  /** the password is the person's own choice, and has not expired; of who came in with a passkey in place of it nothing is asked */
  password_current: (f: Facts) => isCurrent(f) || (f.account !== undefined && has(f.proofs, ['passkey']) && !has(f.proofs, ['password'])),
  /** its end is near enough to tell */
  password_expiring: (f: Facts) => isCurrent(f) && (f.account?.credentials?.password?.noticeFrom ?? Infinity) <= f.now,
  factor_enrolled: (f: Facts) => (f.account?.credentials?.factors.length ?? 0) > 0,
  totp_enrolled: (f: Facts) => hasEnrolled(f, 'totp'),
  sms_enrolled: (f: Facts) => hasEnrolled(f, 'sms'),
  /** at least one passkey, also one that is blocked */
  passkey_enrolled: (f: Facts) => hasEnrolled(f, 'passkey'),
  /** the realm's secret questions are answered */
  questions_answered: (f: Facts) => (f.account?.credentials?.answers ?? 0) > 0,
  /** of their second factors the person wants this one now; a choice of one that is not there, or not any more, does not count */
  chose_totp: (f: Facts) => f.marks['second_factor'] === 'totp' && hasEnrolled(f, 'totp'),
  chose_sms: (f: Facts) => f.marks['second_factor'] === 'sms' && hasEnrolled(f, 'sms'),
  chose_passkey: (f: Facts) => f.marks['second_factor'] === 'passkey' && hasEnrolled(f, 'passkey'),
  /** in place of a factor: the codes go with the last one */
  chose_recovery: (f: Facts) => f.marks['second_factor'] === 'recovery' && (f.account?.credentials?.factors.length ?? 0) > 0,
  /** the person said to be the administrator of an organisation that has none yet */
  claims_administrator: (f: Facts) => f.marks['claims'] === 'administrator',
} as const;

/** Second factors of Sluis' own, and what stands in for one. */
const ownFactors = ['totp', 'sms', 'recovery', 'passkey'];

function hasEnrolled({ account }: Facts, factor: SecondFactor): boolean {
  return account?.credentials?.factors.includes(factor) === true;
}

function has(proofs: Proof[], factors: string[]): boolean {
  return proofs.some((proof) => factors.includes(proof.factor));
}

function isCurrent({ account, now }: Facts): boolean {
  const password = account?.credentials?.password;
  return password !== undefined && !password.oneTime && (password.expiresAt ?? Infinity) > now;
}

export type PredicateName = keyof typeof predicates;

export const predicateNames = Object.keys(predicates) as PredicateName[];

/** What a portal's own file decides, with the place and the time: nothing that a person does in a run changes it. */
export const decidedByPortal: readonly PredicateName[] = ['network_allowed', 'portal_open', 'applications_open'];

/** What is true of the organisation in view, and of their place in it: nothing is known of it any more when another one comes into view. */
export const aboutTheOrganisation: readonly PredicateName[] = [
  'organisation_known', 'organisation_fits', 'verified', 'membership_ended', 'administrator', 'has_role', 'agreements_signed', 'organisation_has_administrator',
];

/** What of an account these need to be loaded for: a flow that asks none of them does not pay for it. */
export const aboutCredentials: readonly PredicateName[] = [
  'activated', 'password_current', 'password_expiring', 'factor_enrolled', 'totp_enrolled', 'sms_enrolled', 'passkey_enrolled', 'second_factor_shown_if_enrolled', 'questions_answered',
  'chose_totp', 'chose_sms', 'chose_passkey', 'chose_recovery',
];

/** What is true of the account in view: nothing is known of it any more when another one comes into view. */
export const aboutTheAccount: readonly PredicateName[] = [...aboutTheOrganisation, 'account_active', 'profile_complete', ...aboutCredentials];

/** What cannot be otherwise: the prover leaves out combinations that break these. */
export const implications: readonly (readonly [PredicateName, PredicateName])[] = [
  ['level_reached', 'identified'],
  ['agreements_signed', 'organisation_known'],
  ['organisation_has_administrator', 'organisation_known'],
  ['account_active', 'registered'],
  ['profile_complete', 'registered'],
  ['verified', 'registered'],
  ['verified', 'organisation_known'],
  ['organisation_fits', 'verified'],
  ['membership_ended', 'registered'],
  ['membership_ended', 'organisation_known'],
  ['administrator', 'verified'],
  ['administrator', 'organisation_has_administrator'],
  ['has_role', 'verified'],
  ['password_shown', 'login_shown'],
  ['login_shown', 'identified'],
  ['password_shown_now', 'password_shown'],
  ['second_factor_shown', 'identified'],
  ['second_factor_shown', 'second_factor_shown_if_enrolled'],
  ['activated', 'registered'],
  ['password_current', 'registered'],
  ['password_expiring', 'password_current'],
  ['factor_enrolled', 'registered'],
  ['totp_enrolled', 'factor_enrolled'],
  ['sms_enrolled', 'factor_enrolled'],
  ['passkey_enrolled', 'factor_enrolled'],
  ['chose_totp', 'totp_enrolled'],
  ['chose_sms', 'sms_enrolled'],
  ['chose_passkey', 'passkey_enrolled'],
  ['chose_recovery', 'factor_enrolled'],
  ['questions_answered', 'registered'],
];

/** What cannot both be: left out by the prover too. */
export const exclusions: readonly (readonly [PredicateName, PredicateName])[] = [
  ['membership_ended', 'verified'],
  ['chose_totp', 'chose_sms'],
  ['chose_totp', 'chose_recovery'],
  ['chose_sms', 'chose_recovery'],
  ['chose_passkey', 'chose_totp'],
  ['chose_passkey', 'chose_sms'],
  ['chose_passkey', 'chose_recovery'],
];

export function isPredicate(name: string): name is PredicateName {
  return Object.hasOwn(predicates, name);
}

export function holds(name: string, facts: Facts): boolean {
  // a name that slipped past the configuration check fails closed
  return isPredicate(name) && predicates[name](facts);
}
