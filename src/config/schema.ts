import { z } from 'zod';
import { helpSchema, lifecycleSchema, manualSchema, passwordPolicySchema, questionsSchema, secondFactorSchema } from './accounts.ts';
import { networkSchema } from './networks.ts';
import { openingSchema } from './opening.ts';
import { personSchema, usualPerson } from './person.ts';

/**
 * What the configuration files may say. Each schema is strict: an unknown key is a mistake, not a comment.
 * Keys are snake_case in YAML and stay so in code, so that a message about a key can be searched for in both.
 */

const id = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'use lower-case letters, digits and hyphens');
const seconds = z.int().positive();
const url = z.url();

/** One rung of the realm's ladder of assurance. The order in the file, low to high, is the order of the ladder. */
export const levelSchema = z.strictObject({
  id,
  /** what people call it, e.g. `3` */
  label: z.string(),
  /** the `acr` value in tokens: an eIDAS URI only where identity was proofed (design, section 4) */
  acr: z.string().min(1),
  /** factors of our own that earn it together, each list one way: `[[password, totp], [password, sms]]` */
  factors: z.array(z.array(id).min(1)).min(1).optional(),
});

const roleSchema = z.strictObject({ id, name: z.string(), description: z.string().optional() });

export const applicationSchema = z.strictObject({
  id,
  name: z.string(),
  description: z.string().optional(),
  roles: z.array(roleSchema).min(1),
  /** at most one of the roles at a time (seed row IB-7: who sets the web service up cannot consult) */
  exclusive: z.boolean().default(false),
  /** when it can be used; absent: always */
  opening: openingSchema.optional(),
  /** kinds of numbers (`agb`) under which somebody works in it, and of which they may have several (row CAK-13) */
  accounts: z.array(z.enum(['agb', 'kvk', 'rsin', 'oin', 'kbo'])).default([]),
});

export const agreementSchema = z.strictObject({ id, name: z.string() });

const conditions = z.array(z.string()).optional();

/** One line of a flow: which step, with which settings, and when. Conditions name predicates (flow/predicates.ts). */
export const bindingSchema = z.strictObject({
  /** unique in the flow; defaults to the step's id */
  id: id.optional(),
  step: id,
  with: z.record(z.string(), z.unknown()).default({}),
  /** every one must hold */
  when: conditions,
  /** none may hold */
  unless: conditions,
  /** at least one must hold */
  any_of: conditions,
});

export const flowSchema = z.strictObject({
  bindings: z.array(bindingSchema).min(1),
  /** predicates that must hold at the end; a run that ends without one is refused */
  ensure: z.array(z.string()).min(1),
});

/** `sha256:<base64url>` of a random secret of at least 32 characters. Hashed fast: it is random, not a password. */
const secretHash = z.string().regex(/^sha256:[A-Za-z0-9_-]{43}$/, 'expected sha256:<43 base64url characters>');

const signing = z.enum(['ES256', 'RS256', 'PS256']);
const encryption = z.enum(['RSA-OAEP', 'RSA-OAEP-256']);

export const clientSchema = z.strictObject({
  client_id: z.string().min(1),
  client_name: z.string().optional(),
  redirect_uris: z.array(z.string()).default([]),
  post_logout_redirect_uris: z.array(z.string()).default([]),
  token_endpoint_auth_method: z.enum(['private_key_jwt', 'client_secret_basic', 'client_secret_post']).default('private_key_jwt'),
  client_secret_hash: secretHash.optional(),
  jwks_uri: url.optional(),
  jwks: z.strictObject({ keys: z.array(z.record(z.string(), z.unknown())).min(1) }).optional(),
  grant_types: z.array(z.enum(['authorization_code', 'refresh_token', 'client_credentials'])).default(['authorization_code', 'refresh_token']),
  scope: z.string().default('openid profile email phone organisation roles'),
  id_token_signed_response_alg: signing.default('ES256'),
  /** where Sluis tells that a session ended (OpenID Connect Back-Channel Logout 1.0) */
  backchannel_logout_uri: url.optional(),
  /** id of the lowest level that this client takes; raises that of its portal, never lowers it */
  level: id.optional(),
  /** seconds since a login after which the person logs in again, when a request does not say (`max_age`) */
  default_max_age: z.int().min(0).optional(),
  /** OpenID Connect Registration 1.0: accepted as it is, since `auth_time` is in every ID token */
  require_auth_time: z.boolean().optional(),
  /** false only for a confidential client that cannot do PKCE (stack of an older portal) */
  require_pkce: z.boolean().default(true),
  /** `pairwise`: another `sub` for every sector (host of the redirect URI, or of `sector_identifier_uri`); the profile decides when absent */
  subject_type: z.enum(['public', 'pairwise']).optional(),
  /** JSON list of redirect URIs of several hosts that share one sector (OpenID Connect Core 8.1) */
  sector_identifier_uri: url.optional(),
  /** userinfo as a signed JWT */
  userinfo_signed_response_alg: signing.optional(),
  /** ID token and userinfo encrypted to the client's `use: enc` key, always with A256GCM */
  id_token_encrypted_response_alg: encryption.optional(),
  userinfo_encrypted_response_alg: encryption.optional(),
  /** the only algorithm accepted for its request objects (RFC 9101) */
  request_object_signing_alg: signing.optional(),
  require_signed_request_object: z.boolean().default(false),
  /** only requests pushed beforehand (RFC 9126) */
  require_pushed_authorization_requests: z.boolean().default(false),
  /** its tokens are bound to a key of its own (RFC 9449) */
  dpop_bound_access_tokens: z.boolean().default(false),
  /** origins whose pages may call userinfo and the token endpoints for it (CORS) */
  allowed_origins: z.array(z.string()).default([]),
  /** epoch seconds after which its secret is refused */
  client_secret_expires_at: z.int().min(0).optional(),
  /** a demo client: refused outside demo mode */
  demo: z.boolean().default(false),
});

/** An API whose access tokens Sluis issues as JWTs (RFC 8707, RFC 9068). */
export const resourceSchema = z.strictObject({
  /** its identifier, an absolute URI without fragment; the `aud` of its tokens */
  id: url.refine((text) => !text.includes('#'), 'a fragment is not allowed'),
  name: z.string(),
  /** the portal that it belongs to: whose roles its tokens hold, and whose flow decides who may have one */
  portal: id,
  scopes: z.array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'expected a scope: no spaces')).min(1),
  /** client ids that may ask; absent: every client of the portal */
  clients: z.array(z.string()).optional(),
  signing_alg: signing.default('ES256'),
  /** seconds; such a token cannot be recalled */
  ttl: z.int().positive().max(300, 'a token that cannot be recalled lives at most 300 seconds').default(300),
});

export const portalSchema = z.strictObject({
  name: z.string(),
  /** the service as the broker page names it (row IB-2) */
  service: z.string(),
  /** where a person starts, and starts again */
  url,
  flow: id,
  /** id of the lowest level with which a run may end */
  level: id,
  /** applications whose roles count here and go into the token */
  applications: z.array(id).default([]),
  /** where its people must be, as seen from here (row IB-10); empty: anywhere */
  networks: z.array(networkSchema).default([]),
  /** `registration`: people can register and be verified, but nobody enters yet (row IB-10) */
  open: z.enum(['everyone', 'registration']).default('everyone'),
  /** a test environment is marked on every page (row IB-10) */
  test: z.boolean().default(false),
  /** one of Sluis' own faces: `admin` is the administration, `account` is where people look after their own account */
  first_party: z.enum(['admin', 'account']).optional(),
  clients: z.array(clientSchema).default([]),
});

export const samlBrokerSchema = z.strictObject({
  protocol: z.literal('saml'),
  name: z.string(),
  formerly: z.string().optional(),
  active: z.boolean().default(true),
  /** highest level this broker can deliver; below what a portal asks it is shown as unavailable with the reason */
  level: id,
  entity_id: z.string().min(1),
  single_sign_on: z.strictObject({ url, binding: z.enum(['post', 'redirect']).default('post') }),
  /** PEM files; two while a certificate is being replaced. Only these keys are believed, never a key in a message. */
  certificate_files: z.array(z.string()).min(1),
  /** AttributeConsumingServiceIndex: which service of the catalogue (E11) */
  service_index: z.int().min(0).optional(),
  force_authn: z.boolean().default(true),
  /** AuthnContextClassRef -> level id */
  levels: z.record(z.string(), id),
});

export const brokerSchema = z.discriminatedUnion('protocol', [samlBrokerSchema]);

const ramp = z.tuple([hex(), hex(), hex(), hex(), hex(), hex(), hex(), hex()]);
function hex() { return z.string().regex(/^#[0-9a-f]{6}$/, 'expected a colour as #rrggbb in lower case'); }

export const themeSchema = z.strictObject({
  /** brand ramp 50, 100, 200, 300, 400, 500, 600, 700 */
  brand: ramp,
  header_background: hex().default('#ffffff'),
  header_color: hex().default('#001a40'),
  radius: z.string().regex(/^\d*\.?\d+(rem|px)$/).default('0.25rem'),
  /** file in the realm's folder */
  logo: z.string().optional(),
});

export const realmSchema = z.strictObject({
  name: z.string(),
  /** standards profile: `nlgov` has strict values (HANDBOOK) */
  profile: z.enum(['nlgov', 'basic']).default('basic'),
  languages: z.array(z.enum(['nl', 'en'])).min(1).default(['nl', 'en']),
  desk: z.strictObject({ name: z.string(), phone: z.string(), hours: z.string(), email: z.email() }),
  levels: z.array(levelSchema).min(1),
  applications: z.array(applicationSchema).default([]),
  agreements: z.array(agreementSchema).default([]),
  resources: z.array(resourceSchema).default([]),
  flows: z.record(id, flowSchema),
  /** how long things live, in seconds */
  ttl: z.strictObject({
    run: seconds.default(3600),
    session: seconds.default(28_800),
    /** without activity at Sluis or at a portal a session ends (row IB-9) */
    idle: seconds.default(1200),
    code: seconds.default(60),
    access_token: seconds.default(600),
    /** how long an ID token may be taken for a login */
    id_token: seconds.default(300),
    /** without a refresh; each refresh begins a new one */
    refresh_token: seconds.default(28_800),
    verification_code: seconds.default(14 * 86_400),
    activation_code: seconds.default(30 * 86_400),
    /** a mailed link to choose another password (row CIZ-2) */
    password_link: seconds.default(8 * 3600),
    /** the one in the first mail of a new account: people read it after their holiday (row CFX-1) */
    password_first_link: seconds.default(7 * 86_400),
  }).prefault({}),
  login: z.strictObject({
    /** what a person types at the password step, in this order; `relation_number` is an identifier of the organisation */
    identifiers: z.array(z.enum(['relation_number', 'username', 'email'])).min(1)
      .refine((names) => names.some((name) => name !== 'relation_number'), 'a relation number alone names nobody').default(['username']),
    argon2: z.strictObject({ memory_kib: z.int().min(8192), passes: z.int().min(1), lanes: z.int().min(1) })
      .default({ memory_kib: 19_456, passes: 2, lanes: 1 }),
    /** the password step takes a passkey in place of all it asks, where a passkey alone reaches the level asked (`factors: [[passkey]]`) */
    passkeys: z.boolean().default(false),
  }).default({ identifiers: ['username'], argon2: { memory_kib: 19_456, passes: 2, lanes: 1 }, passkeys: false }),
  password: passwordPolicySchema.prefault({}),
  second_factor: secondFactorSchema.prefault({}),
  /** secret questions for the service desk; absent: none */
  questions: questionsSchema.optional(),
  lifecycle: lifecycleSchema.prefault({}),
  /** personal details that are asked (rows IB-4, CFX-5) */
  person: personSchema.default(usualPerson),
  manuals: z.array(manualSchema).default([]),
  /** the page for who cannot log in; absent: none */
  help: helpSchema.optional(),
  /** SAML service provider; the entity id and where brokers answer follow from the issuer when absent */
  saml: z.strictObject({ entity_id: z.string().optional() }).default({}),
  links: z.strictObject({ means: url.optional(), privacy: url.optional(), accessibility: url.optional() }).default({}),
});

export const systemSchema = z.strictObject({
  public_url: url,
  port: z.coerce.number().int().min(0).max(65_535),
  /** address to listen on; absent: all of them, in the demo world only this machine */
  host: z.string().min(1).optional(),
  /** port of `/metrics`; absent: not served, in the demo world on the main port */
  metrics_port: z.coerce.number().int().min(0).max(65_535).optional(),
  /** address of that port */
  metrics_host: z.string().min(1).default('127.0.0.1'),
  /** the demo world: demo secrets, plain http on localhost and the outbox page are allowed */
  demo: z.union([z.boolean(), z.stringbool()], 'must be true or false').default(false),
  data: z.string().default('db/data'),
  keys: z.string().default('keys'),
  /** absent or empty: SQLite files in `data`, one per realm */
  database_url: z.string().optional(),
  realms: z.array(id).min(1),
  /** addresses of reverse proxies whose X-Forwarded-* headers are believed */
  trusted_proxies: z.array(networkSchema).default([]),
  mail: z.strictObject({ smtp_url: z.string(), from: z.string() }).optional(),
  /** HTTP gateway for SMS and voice: POST {channel, to, text} with a bearer token */
  gateway: z.strictObject({ url, token: z.string() }).optional(),
  /** letters are written into this folder as HTML to print, each realm in a folder of its own; absent: they wait, in the demo world they are only shown */
  letters: z.strictObject({ folder: z.string().min(1) }).optional(),
  log_level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

export type Level = z.infer<typeof levelSchema>;
export type Application = z.infer<typeof applicationSchema>;
export type Resource = z.infer<typeof resourceSchema>;
export type Agreement = z.infer<typeof agreementSchema>;
export type Binding = z.infer<typeof bindingSchema>;
export type Flow = z.infer<typeof flowSchema>;
export type ClientConfig = z.infer<typeof clientSchema>;
export type Portal = z.infer<typeof portalSchema> & { id: string };
export type BrokerConfig = z.infer<typeof brokerSchema> & { id: string };
export type Theme = z.infer<typeof themeSchema>;
export type System = z.infer<typeof systemSchema>;

/** A realm with everything of its folder, references checked. */
export type Realm = z.infer<typeof realmSchema> & {
  id: string;
  /** `<public_url>/<id>` */
  issuer: string;
  /** absolute path of the realm's folder, for its logo and texts */
  folder: string;
  portals: Portal[];
  brokers: BrokerConfig[];
  theme: Theme;
  /** overrides of catalogue texts: language -> key -> text */
  texts: Record<string, Record<string, string>>;
};

export type Config = { system: System; realms: Realm[] };
