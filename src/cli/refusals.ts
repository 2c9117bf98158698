import type { DomainError } from '../domain/errors.ts';

const sentences: Record<string, string> = {
  'account.unknown': 'there is no such account',
  'accounts.absent': 'this person has no account {type}:{value} in {application}',
  'accounts.unknown': 'there is no application {application} with accounts of type {type}',
  'activation.done': 'this account is in use: it needs no activation code',
  'activation.no_account': 'this account has no password, or is not active ({status}): there is nothing to activate',
  'activation.no_email': 'this account has no e-mail address: send a letter (--letter, --address)',
  'agreement.date': 'an agreement cannot be signed in the future',
  'agreement.not_recorded': 'no agreement {agreement} is recorded for this organisation',
  'agreement.unknown': 'the realm has no agreement {agreement}',
  'entitlement.absent': 'the organisation may not hand out {application}:{role}: there is nothing to take away',
  'identifier.unknown': 'there is no kind of identifier called {type}',
  'invite.done': 'this person has a password of their own already (sluis user reset-password gives a one-time one)',
  'invite.no_email': 'this account has no e-mail address: there is nowhere to mail to',
  'letter.address': 'a postal address has at most {lines} lines of {length} characters, without control characters',
  'membership.ended': 'this membership has ended',
  'membership.not_ended': 'this membership has not ended',
  'organisation.address': 'an address has at most 200 characters, in lines without control characters',
  'organisation.email': 'this is not an e-mail address',
  'organisation.exists': 'another organisation has {type} {value}',
  'organisation.identifier': 'an organisation needs at least one identifier',
  'organisation.level': 'the realm has no level {level}',
  'organisation.name': 'this cannot be the name of an organisation',
  'organisation.phone': 'this is not a telephone number: 7 to 15 digits, with a + or 0 before them',
  'organisation.postal_address': 'an address has at most 200 characters, in lines without control characters',
  'organisation.unknown': 'there is no such organisation',
  'questions.wait': 'too many answers were tried for this person: wait {minutes} minutes',
  'roles.exclusive': 'only one role of {application} at a time',
  'roles.not_entitled': 'the organisation is not entitled to this role of {application}',
  'roles.unknown': 'there is no such role in {application}',
  'second-factor.none': 'this account has no second factor',
  'user.deleted': 'this account is deleted already',
  'user.dormant_for_good': 'in this realm a dormant account is never active again: delete it and make a new one',
  'user.no_login': 'this person has no login name here: they log in through a broker',
  'user.not_active': 'this account is not active but {status}',
  'user.not_locked': 'this account is not locked but {status}',
  'user.reason': 'a reason is one line of at most 500 characters',
  'verification.not_pending': 'this person is not waiting for a code',
  'verification.role_first': 'give at least one role first (--role application:role)',
  'verification.tier': 'this tier cannot be given by you',
};

/** An English sentence for a refusal of the domain; its stable code when there is none. */
export function sentenceFor({ code, params }: DomainError): string {
  const sentence = sentences[code] ?? (code.startsWith('identifier.') ? 'this is not a valid {type} number' : code);
  return sentence.replace(/\{(\w+)\}/g, (_, name: string) => String(params[name] ?? name));
}
