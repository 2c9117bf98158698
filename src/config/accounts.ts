import { z } from 'zod';

/**
 * What a realm asks of local accounts: passwords, second factors, secret questions, and how long an account lives
 * without its person. Rules are data here; `domain/` carries them out.
 */

const days = z.int().positive();
const prefix = z.string().regex(/^\+[1-9][0-9]{0,14}$/, 'expected the beginning of a number in E.164: +31');

/** Kinds of characters that a password may have to mix (row CAK-6). */
export const characterClasses = ['lower', 'upper', 'digit', 'punctuation'] as const;

export const passwordPolicySchema = z.strictObject({
  /** characters (code points after NFC); at most 256 are taken */
  min_length: z.int().min(8).max(128).default(12),
  /** at least `need` of these kinds */
  classes: z.strictObject({ of: z.array(z.enum(characterClasses)).min(1), need: z.int().min(1) })
    .refine(({ of, need }) => need <= of.length, 'asks more kinds than it names').optional(),
  /** what of the person's names may not be in it: nothing, the whole user name (CAK-6), or parts of user name and names (CIZ-3) */
  names: z.enum(['allowed', 'username', 'parts']).default('username'),
  /** that many earlier passwords may not come back */
  history: z.int().min(0).max(50).default(0),
  /** refuses common and breached passwords */
  blocklist: z.boolean().default(true),
  /** a password is valid for so many days; absent: for ever */
  valid_days: days.optional(),
  /** from so many days before its end somebody is told: by mail once, and at each login (rows CAK-4, CIZ-4) */
  notice_days: days.default(14),
  /** days in which a one-time password must be replaced */
  one_time_days: days.default(30),
  /** who forgot theirs: `link` mails a link to choose another (rows CIZ-2, CFX-1), `desk` leaves it to the service desk */
  forgotten: z.enum(['link', 'desk']).default('desk'),
  /** whether the login page leads to a page where who knows a password replaces it (row CIZ-16) */
  change_at_login: z.boolean().default(false),
  /**
   * what a new account is mailed: a one-time password (CAK-2); where to ask for a link, which does not expire (CIZ-1); or a link at
   * once, which does (CFX-1)
   */
  first: z.enum(['one_time', 'request', 'link']).default('one_time'),
}).refine(({ first, forgotten }) => first === 'one_time' || forgotten === 'link', { path: ['first'], error: 'leads to the page for a forgotten password: that needs forgotten: link' });

/** Second factors that Sluis itself asks. */
export const secondFactors = ['totp', 'sms', 'passkey'] as const;
/** Those that are shown with a code: an account has one of a kind. */
export const codeFactors = ['totp', 'sms'] as const;

export const secondFactorSchema = z.strictObject({
  /** what people may choose from, in this order */
  methods: z.array(z.enum(secondFactors)).min(1).default(['totp', 'sms']),
  /** how many recovery codes are made with the first factor; 0: none */
  recovery_codes: z.int().min(0).max(20).default(10),
  /** seconds in which a code by SMS or voice can be typed */
  code_ttl: z.int().min(60).max(1800).default(600),
  /** seconds between two messages to one person */
  resend_after: z.int().min(10).default(30),
  /** messages to one phone number in an hour */
  messages_per_hour: z.int().min(1).default(5),
  /** phone numbers that are called and sent to: prefixes in E.164. The first allowed one says where a number without a country's code is */
  numbers: z.strictObject({ allowed: z.array(prefix).min(1).default(['+31']), /** also when allowed: premium rate (0900, 0906, 0909) */ denied: z.array(prefix).default(['+3190']) }).prefault({}),
});

/** Secret questions (row CAK-7): never a way in, only how the service desk knows a caller. */
export const questionsSchema = z.strictObject({
  /** id -> the question in each language of the realm */
  choices: z.array(z.strictObject({ id: z.string().regex(/^[a-z0-9][a-z0-9-]*$/), text: z.record(z.string(), z.string()) })).min(1).max(10),
  /** how many a person sets */
  need: z.int().min(1).default(3),
}).refine(({ choices, need }) => need <= choices.length, 'asks more questions than there are');

/** What becomes of accounts that nobody uses. Absent: nothing by itself. */
export const lifecycleSchema = z.strictObject({
  /** days without a login after which an account is dormant */
  dormant_after_days: days.optional(),
  /** days before that at which its person is reminded by mail */
  remind_before_days: z.array(days).default([]),
  /** false: a dormant account is never active again, its person gets a new one (row CIZ-5) */
  dormant_can_return: z.boolean().default(true),
  /** days after its end (deleted, or dormant for good) at which personal data are removed; the audit trail stays */
  purge_after_days: days.optional(),
});

/** A manual that people may read, also before they are logged in (row CAK-15). */
export const manualSchema = z.strictObject({ id: z.string().regex(/^[a-z0-9][a-z0-9-]*$/), title: z.string(), url: z.url(), /** step on whose page it is offered */ step: z.string().optional() });

/** What somebody who cannot log in puts in a mail (row CIZ-15). */
export const helpSchema = z.strictObject({
  /** absent: that of the desk */
  email: z.email().optional(),
  /** what the mail must say, each in each language of the realm; absent: name, organisation, login name, telephone number, what goes wrong */
  include: z.array(z.record(z.string(), z.string())).min(1).optional(),
});

export type PasswordPolicy = z.infer<typeof passwordPolicySchema>;
export type SecondFactorSettings = z.infer<typeof secondFactorSchema>;
export type Questions = z.infer<typeof questionsSchema>;
export type Lifecycle = z.infer<typeof lifecycleSchema>;
export type CharacterClass = (typeof characterClasses)[number];
export type SecondFactor = (typeof secondFactors)[number];
export type CodeFactor = (typeof codeFactors)[number];
