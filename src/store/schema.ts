import type { Generated, Kysely, Transaction } from 'kysely';

/**
 * The tables of one realm's database. Times are epoch seconds, flags 0/1, documents JSON text: what SQLite and
 * PostgreSQL both keep unchanged. Ids are UUIDs unless said otherwise.
 */
export interface Tables {
  accounts: {
    id: string;
    /** dormant: nobody logged in for so long that nobody may, until it returns */
    status: 'active' | 'locked' | 'dormant' | 'deleted';
    salutation: string | null;
    initials: string | null;
    given_name: string | null;
    infix: string | null;
    family_name: string | null;
    department: string | null;
    phone: string | null;
    email: string | null;
    newsletter: Generated<number>;
    /** ISO 8601 calendar date */
    birth_date: string | null;
    gender: string | null;
    /** lines, parted by line feeds */
    address: string | null;
    postal_address: string | null;
    mobile: string | null;
    /** for people to write to; Sluis mails to `email` */
    contact_email: string | null;
    /** a code of the realm's list */
    function: string | null;
    card_function: string | null;
    language: string | null;
    created_at: number;
    updated_at: number;
    last_login_at: number | null;
    /** 1: the activation code that was sent beside the password must be typed first (row CAK-3) */
    must_activate: Generated<number>;
    /** when it became dormant or deleted, and why */
    ended_at: number | null;
    end_reason: string | null;
    /** when its personal data were removed */
    purged_at: number | null;
    /** when the service desk let its person in again (unlocked, or back from dormancy): it is not unused since before then */
    reopened_at: number | null;
  };
  /** Login names of local accounts; `scope` is the relation number, or '' where the realm asks none. */
  logins: { scope: string; username: string; account_id: string };
  /** One password per account, as a PHC string. */
  passwords: { account_id: string; hash: string; changed_at: number; one_time: Generated<number> };
  /** Hashes of passwords that somebody had before: they may not come back. */
  password_history: { id: string; account_id: string; hash: string; replaced_at: number };
  /** Second factors. `secret` is sealed (domain/vault.ts): a TOTP seed, or the phone number of SMS and voice. */
  factors: {
    id: string;
    account_id: string;
    kind: 'totp' | 'sms';
    secret: string;
    created_at: number;
    last_used_at: number | null;
    /** the newest time step of a TOTP that was accepted: neither it nor an older one works again (RFC 6238, 5.2) */
    last_step: number | null;
  };
  /** Passkeys (WebAuthn): the public half of a key that never leaves its device, or the cloud that copies it. */
  passkeys: {
    id: string;
    account_id: string;
    /** the authenticator's name for it, base64url */
    credential_id: string;
    /** COSE_Key, base64url */
    public_key: string;
    /** signatures that the authenticator says to have made; 0: it does not count */
    counter: number;
    /** JSON string[]: how browsers reach it (`internal`, `usb` …) */
    transports: string;
    name: string;
    /** `multi`: it may be copied to other devices of its person */
    device: 'single' | 'multi';
    /** 1: such a copy exists */
    backed_up: number;
    created_at: number;
    last_used_at: number | null;
    /** when its counter went back: there may be a clone, and it logs nobody in any more */
    blocked_at: number | null;
  };
  recovery_codes: { id: string; account_id: string; hash: string; created_at: number; used_at: number | null };
  /** Codes that were sent: `purpose` says to whom and for what (`sms:<factor>`, `phone:<account>`); the newest of a purpose counts. */
  sent_codes: {
    id: string;
    purpose: string;
    account_id: string;
    hash: string;
    tries: Generated<number>;
    max_tries: number;
    issued_at: number;
    expires_at: number;
    closed_at: number | null;
    close_reason: 'used' | 'replaced' | 'guessed' | null;
  };
  /** Activation codes (row CAK-3), one open at a time for an account. */
  activation_codes: {
    id: string;
    account_id: string;
    hash: string;
    tries: Generated<number>;
    max_tries: number;
    channel: 'mail' | 'letter';
    /** in the outbox: what became of it */
    message_id: string | null;
    issued_by: string;
    issued_at: number;
    expires_at: number;
    closed_at: number | null;
    close_reason: 'used' | 'replaced' | 'guessed' | null;
  };
  /** Answers to secret questions (row CAK-7), hashed as passwords are. */
  security_answers: { account_id: string; question: string; hash: string; set_at: number };
  /** What somebody was told once (`about` is what it was about), so that no worker tells it twice. */
  notices: { account_id: string; kind: string; about: string; told_at: number };
  /** Accounts that a membership has in an application, told apart by a number: AGB codes (row CAK-13). */
  application_accounts: { membership_id: string; application: string; type: string; value: string };
  /** Who a broker says somebody is: the pseudonym together with the organisation is the key (E27). */
  broker_identities: { broker_id: string; acting_subject: string; organisation_id: string; account_id: string; created_at: number; last_seen_at: number };
  organisations: {
    id: string;
    name: string;
    created_at: number;
    /** id of the lowest level with which its people may enter any portal; null: what the portal asks */
    minimum_level: string | null;
    /** where it is, in lines */
    address: string | null;
    postal_address: string | null;
    phone: string | null;
    email: string | null;
  };
  organisation_identifiers: { organisation_id: string; type: string; value: string };
  agreements: { organisation_id: string; agreement: string; signed_at: number; recorded_by: string; recorded_at: number };
  /** What the operator lets an organisation's administrators hand out: they never grant more. */
  entitlements: { organisation_id: string; application: string; role: string };
  memberships: {
    id: string;
    account_id: string;
    organisation_id: string;
    tier: 'user' | 'administrator';
    /** pending until the verification code is typed */
    status: 'pending' | 'active' | 'ended';
    registered_at: number;
    verified_at: number | null;
  };
  role_assignments: { membership_id: string; application: string; role: string; assigned_by: string; assigned_at: number };
  /** Verification codes (row IB-5): bound to one registration, its organisation and a tier. */
  verification_codes: {
    id: string;
    membership_id: string;
    tier: 'user' | 'administrator';
    hash: string;
    tries: Generated<number>;
    max_tries: number;
    issued_by: string;
    issued_at: number;
    expires_at: number;
    /** used, replaced, guessed to death, or its membership ended */
    closed_at: number | null;
    close_reason: 'used' | 'replaced' | 'guessed' | 'ended' | null;
  };
  /** A person's walk through a flow. `id` is the provider's interaction uid. */
  runs: {
    id: string;
    flow: string;
    portal: string;
    client_id: string;
    /** JSON: what is needed to answer the portal when the run has expired (redirect_uri, state, response_mode) */
    request: string;
    version: Generated<number>;
    /** JSON JournalEntry[] */
    journal: string;
    /** JSON: per binding, the step's own state */
    state: string;
    /** JSON: what to show at the next GET (problems, values), or null */
    notice: string | null;
    account_id: string | null;
    organisation_id: string | null;
    status: 'open' | 'done' | 'ended';
    end_code: string | null;
    created_at: number;
    expires_at: number;
  };
  /** Single-use ways back. `hash` is SHA-256 of the handle; the handle itself is never stored. */
  tickets: { hash: string; kind: string; run_id: string | null; payload: string; created_at: number; expires_at: number; used_at: number | null };
  /** The Sluis session beside the provider's; `id` is the provider session's uid. */
  sessions: { id: string; account_id: string; organisation_id: string | null; proofs: string; created_at: number; last_active_at: number; expires_at: number };
  /** The clients that a session logged in to, and where to tell them that it ended (OpenID Connect Back-Channel Logout). */
  session_clients: { session_id: string; client_id: string; sid: string; logout_uri: string | null; since: number };
  /** Grant -> whom and what it is for; claims are read from here, so a grant never changes organisation. */
  grants: { id: string; session_id: string; account_id: string; client_id: string; organisation_id: string | null; acr: string; created_at: number };
  /** Documents of oidc-provider (all models but Client). */
  documents: {
    model: string;
    id: string;
    payload: string;
    grant_id: string | null;
    uid: string | null;
    user_code: string | null;
    consumed_at: number | null;
    expires_at: number | null;
  };
  /** Clients registered by command line; those of the realm's files are not here. */
  clients: { client_id: string; portal: string; metadata: string; created_at: number; updated_at: number };
  /** A face's own session (administration, account pages). `hash` is SHA-256 of the cookie. */
  face_sessions: { hash: string; face: string; account_id: string; organisation_id: string | null; session_id: string; grant_id: string; created_at: number; last_active_at: number; expires_at: number };
  outbox: {
    id: string;
    /** `logout`: a back-channel logout to a client; `recipient` is its address, `subject` its client id, `text` JSON LogoutNotice */
    channel: 'mail' | 'sms' | 'voice' | 'letter' | 'logout';
    recipient: string;
    subject: string;
    text: string;
    html: string | null;
    code: string | null;
    links: string;
    /** 1: what it says lets somebody in, and is forgotten once it was sent */
    secret: Generated<number>;
    state: 'waiting' | 'sending' | 'sent' | 'failed';
    attempts: Generated<number>;
    next_at: number;
    error: string | null;
    created_at: number;
    sent_at: number | null;
    /** whose account it is about, where the recipient does not tell */
    account_id: string | null;
  };
  audit: {
    /** ever increasing */
    seq: Generated<number>;
    id: string;
    at: number;
    event: string;
    /** create, read, update, delete, execute (NEN 7513) */
    action: 'C' | 'R' | 'U' | 'D' | 'E';
    outcome: 'success' | 'refused' | 'failed';
    reason: string | null;
    actor: string;
    organisation_id: string | null;
    /** whose account it is about: what its person may read of the trail */
    account_id: string | null;
    object_type: string | null;
    object_id: string | null;
    client_id: string | null;
    run_id: string | null;
    /** access point: network address, or the machine's name for a command */
    address: string | null;
    detail: string;
    /** of the request: on pages and in the log */
    reference: string | null;
    user_agent: string | null;
    /** of the actor: session, acr of what they showed, organisation on whose behalf */
    session_id: string | null;
    acr: string | null;
    acting_for: string | null;
    /** `component/version@node` that wrote the row */
    source: string | null;
  };
  /** Rows of the trail that wait for their seal: written with the row, removed by the seal. */
  audit_unsealed: { audit_id: string };
  /** The chain over the trail. `position` counts from 1 without gaps; `hash` as audit-chain.ts says. */
  audit_seals: { position: number; audit_id: string; hash: string; sealed_at: number };
  /** One row (id 1): the last position and its hash. Who moves it on has sealed. */
  audit_head: { id: number; position: number; hash: string };
  /** Throttle counters. */
  /** `opens_at`: when the next try may be taken, of what waits longer after each */
  counters: { key: string; count: number; resets_at: number; opens_at: Generated<number> };
  /** Things that may be seen once: assertion ids. */
  replays: { id: string; expires_at: number };
}

/** A database or a transaction on it: every store function takes one, so that one turn is one transaction. */
export type Db = Kysely<Tables> | Transaction<Tables>;
