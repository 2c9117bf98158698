import { randomBytes, createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { SignJWT } from 'jose';
import { root } from '../../src/root.ts';
import { issueCode, type Tier } from '../../src/domain/verification.ts';
import { subjectsWith } from '../../src/oidc/subjects.ts';
import { findIdentity } from '../../src/store/identities.ts';
import { findMembershipOf } from '../../src/store/memberships.ts';
import { desk } from './house.ts';
import type { HttpBrowser, Page } from './http-browser.ts';
import type { Install } from './install.ts';
import * as saml from './saml.ts';

/** Walks of people and portals over plain HTTP. */

export type Someone = {
  id: string; organisation_id: string | null; membership?: { id: string }; account?: { id: string };
  identity?: { broker: string; pseudonym: string }; means?: { level: string; organisation?: { identifiers: Record<string, string> } }; login: Record<string, string>;
};
type World = { realms: { id: string; organisations: { id: string; identifiers: Record<string, string> }[]; people: Someone[] }[] };
const world = JSON.parse(readFileSync(join(root, 'db/demo/world.json'), 'utf8')) as World;

export const ib = 'inlichtingenbureau';
export const portals = 'http://localhost:3001';
export const secrets: Record<string, string> = Object.fromEntries(
  ['mijn-cak-zakelijk', 'porta', 'aanvraag', 'aanvraag-beheer', 'klantenportaal'].map((portal) => [portal, `demo-secret-${portal}-not-for-production`]),
);
const realms: Record<string, string> = { aanvraag: 'ciz', 'aanvraag-beheer': 'ciz', klantenportaal: 'careflex' };
const realmOf = (portal: string): string => realms[portal] ?? (portal in secrets ? 'cak' : ib);

/** Somebody of the demo world by id, or made up by `newcomer`. */
type Who = string | Someone;

/** An employee of Gemeente Lissendam whom nobody has met. */
export function newcomer(): Someone {
  const { organisation_id, means } = person('ib-new');
  const id = randomBytes(8).toString('hex');
  return { id, organisation_id, identity: { broker: 'reecent', pseudonym: `${id}@test` }, login: {}, ...(means && { means }) };
}

export function person(id: Who): Someone {
  if (typeof id !== 'string') return id;
  const found = world.realms.flatMap((realm) => realm.people).find((someone) => someone.id === id);
  if (!found) throw new Error(`the demo world has no ${id}`);
  return found;
}

/** Proof key of every request of these tests. */
export const verifier = randomBytes(32).toString('base64url');

export function authUrl(portal: string, changes: Record<string, string | undefined> = {}): string {
  const realm = realmOf(portal);
  const all = {
    client_id: portal, redirect_uri: `${portals}/${portal}/callback`, response_type: 'code', scope: 'openid profile organisation roles',
    state: 'st-1', nonce: 'n-1', code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256', ...changes,
  };
  const query = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return `/${realm}/auth?${new URLSearchParams(query).toString()}`;
}

/** Somebody on the way at a broker: what the broker got, and what it needs to answer. */
export type Departure = { requestId: string; relay: string; broker: string };

/** Chooses a broker on the page of the broker step, and reads what is sent there. */
export async function depart(browser: HttpBrowser, page: Page, broker: string): Promise<Departure> {
  const left = await browser.submit(page, { broker });
  const query = left.location ? new URL(left.location).searchParams : undefined;
  const packed = Buffer.from(query?.get('SAMLRequest') ?? left.hidden['SAMLRequest'] ?? '', 'base64');
  const xml = query ? inflateRawSync(packed).toString() : packed.toString();
  const requestId = / ID="([^"]+)"/.exec(xml)?.[1];
  if (!requestId) throw new Error(`not sent to a broker: ${left.status} ${left.problems.join()} ${left.end ?? ''}`);
  return { requestId, relay: query?.get('RelayState') ?? left.hidden['RelayState'] ?? '', broker };
}

export type Answer = { SAMLResponse: string; RelayState: string };
type AnswerChanges = { keys?: saml.KeyPair; status?: string; inResponseTo?: string; level?: string; xml?: (text: string) => string; id?: string; /** when the person logged in there, epoch seconds */ authnAt?: number; /** SAML attributes beside those of the person */ also?: Record<string, string> };

/** What a broker answers for a person of the demo world. */
export function brokerAnswer(at: Install, { requestId, relay, broker }: Departure, someone: Someone, changes: AnswerChanges = {}): Answer {
  const config = at.host(ib).realm.brokers.find((one) => one.id === broker);
  const [now, acsUrl, audience] = [at.now(), `${at.url}/${ib}/saml/acs`, `${at.url}/${ib}/saml/metadata`];
  const id = changes.id ?? randomBytes(8).toString('hex');
  const issuer = config?.entity_id ?? '';
  const about = { issuer, issueInstant: saml.instant(now) };
  const inResponseTo = changes.inResponseTo ?? requestId;
  const assertion = saml.signRoot(saml.assertionXml({
    ...about, id: `_a${id}`,
    subject: saml.subject(saml.confirmation({ recipient: acsUrl, until: saml.instant(now + 120), inResponseTo })),
    conditions: saml.conditions(saml.restriction(audience), now - 5, now + 120),
    statement: saml.statement(changes.level ?? (someone.means?.level ?? '').replace(/.*:/, ''), changes.authnAt ?? now),
    attributes: attributesOf(someone) + Object.entries(changes.also ?? {}).map(([name, text]) => saml.attribute(name, text)).join(''),
  }), changes.keys ?? at.brokerKeys);
  const xml = saml.responseXml({
    ...about, id: `_r${id}`, destination: acsUrl, inResponseTo, ...(changes.status ? { status: changes.status } : { content: assertion }),
  });
  return { SAMLResponse: saml.encode(changes.xml?.(xml) ?? xml), RelayState: relay };
}

function attributesOf(someone: Someone): string {
  const organisations = world.realms.flatMap((realm) => realm.organisations);
  const identifiers = someone.means?.organisation?.identifiers ?? organisations.find(({ id }) => id === someone.organisation_id)?.identifiers;
  return saml.attribute('urn:etoegang:core:ActingSubjectID', saml.nameId(someone.identity?.pseudonym ?? '', 'Pseudo'))
    + saml.attribute('urn:etoegang:core:LegalSubjectID', saml.nameId(identifiers?.['kvk'] ?? '', 'KvKnr'));
}

/** From a portal to the choice of broker. */
export function arrive(browser: HttpBrowser, portal = 'werk-en-inkomen', changes: Record<string, string | undefined> = {}): Promise<Page> {
  return browser.get(authUrl(portal, changes));
}

/** Through the broker: the page, or the answer at the portal, that comes after. */
export async function throughBroker(at: Install, browser: HttpBrowser, page: Page, id: Who): Promise<Page> {
  const someone = person(id);
  const departure = await depart(browser, page, someone.identity?.broker ?? '');
  return browser.post(`/${ib}/saml/acs`, brokerAnswer(at, departure, someone));
}

/** The whole login at a portal of the Inlichtingenbureau. */
export async function login(at: Install, browser: HttpBrowser, id: Who, portal = 'werk-en-inkomen', changes: Record<string, string | undefined> = {}): Promise<Page> {
  return throughBroker(at, browser, await arrive(browser, portal, changes), id);
}

export async function loginCak(browser: HttpBrowser, id = 'cak-active'): Promise<Page> {
  const page = await arrive(browser, 'mijn-cak-zakelijk');
  const { relation_number = '', username = '', password = '' } = person(id).login;
  return browser.submit(page, { relation_number, username, password });
}

export const profile = { salutation: 'mevrouw', initials: 'C.', given_name: 'Carla', infix: '', family_name: 'Nieuwenhof', department: '', phone: '0612345678', email: 'carla@lissendam.example' };

/** A person whom Sluis has not met, up to the page that asks for the verification code. */
export async function registerAt(at: Install, browser: HttpBrowser, id: Who, portal = 'werk-en-inkomen'): Promise<{ page: Page; membershipId: string }> {
  const page = await browser.submit(await login(at, browser, id, portal), profile);
  return { page, membershipId: await membershipOf(at, id) };
}

export async function membershipOf(at: Install, id: Who): Promise<string> {
  const someone = person(id);
  const { db } = at.host(ib).database;
  const organisationId = someone.organisation_id ?? '';
  const identity = await findIdentity(db, someone.identity?.broker ?? '', someone.identity?.pseudonym ?? '', organisationId);
  return (await findMembershipOf(db, identity?.account_id ?? '', organisationId))?.id ?? '';
}

/** A code of the service desk. */
export async function codeFor(at: Install, membershipId: string, tier: Tier = 'administrator'): Promise<string> {
  const { database, realm } = at.host(ib);
  return database.transaction(async (tx) => (await issueCode(tx, { realm, membershipId, tier, actor: desk, now: at.now() })).code);
}

/** The token endpoint, as the portal's server calls it. */
export async function token(at: Install, portal: string, fields: Record<string, string>): Promise<{ status: number; body: Record<string, unknown> }> {
  return asClient(at, realmOf(portal), portal, 'token', fields);
}

/** What a demo client sends to prove who it is: its secret, or an assertion signed with the key that tests gave it. */
export async function credentials(at: Install, realm: string, client: string): Promise<{ headers: Record<string, string>; fields: Record<string, string> }> {
  const secret = secrets[client];
  if (secret !== undefined) return { headers: { authorization: `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}` }, fields: {} };
  const client_assertion = await new SignJWT({}).setProtectedHeader({ alg: 'ES256' }).setIssuer(client).setSubject(client).setAudience(`${at.url}/${realm}`)
    .setJti(randomBytes(16).toString('hex')).setIssuedAt().setExpirationTime('60s').sign(at.clientKey);
  return { headers: {}, fields: { client_id: client, client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion } };
}

export async function asClient(at: Install, realm: string, client: string, endpoint: string, fields: Record<string, string>): Promise<{ status: number; body: Record<string, unknown> }> {
  const proof = await credentials(at, realm, client);
  const response = await fetch(`${at.url}/${realm}/${endpoint}`, { method: 'POST', headers: proof.headers, body: new URLSearchParams({ ...fields, ...proof.fields }) });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) as Record<string, unknown> };
}

/** The `sub` that a client knows somebody by. */
export async function subjectAt(at: Install, realm: string, client: string, accountId: string): Promise<string> {
  const { provider, keys } = at.host(realm);
  const found = await provider.Client.find(client);
  if (!found) throw new Error(`there is no client ${client}`);
  return subjectsWith(keys.secret)(accountId, found);
}

export function redeem(at: Install, portal: string, code: string): Promise<{ status: number; body: Record<string, unknown> }> {
  return token(at, portal, { grant_type: 'authorization_code', code, redirect_uri: `${portals}/${portal}/callback`, code_verifier: verifier });
}
