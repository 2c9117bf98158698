import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair } from 'jose';
import * as oauth from 'oauth4webapi';
import type { Realm } from '../../src/config/schema.ts';
import { lockAccount } from '../../src/domain/accounts.ts';
import { setEntitlements } from '../../src/domain/entitlements.ts';
import { endMembership, resumeMembership } from '../../src/domain/memberships.ts';
import { recordAgreement, withdrawAgreement } from '../../src/domain/organisations.ts';
import { assignRoles } from '../../src/domain/roles.ts';
import { redeemCode } from '../../src/domain/verification.ts';
import { listAudit } from '../../src/store/audit.ts';
import { verificationCodes } from '../../src/store/codes.ts';
import { findMembership } from '../../src/store/memberships.ts';
import { listOutbox } from '../../src/store/outbox.ts';
import type { Db } from '../../src/store/schema.ts';
import { listSessionClients, listSessions } from '../../src/store/sessions.ts';
import { desk } from '../support/house.ts';
import type { HttpBrowser } from '../support/http-browser.ts';
import { install, type Install } from '../support/install.ts';
import { codeFor, ib, login, loginCak, membershipOf, newcomer, person, registerAt, throughBroker, type Someone } from '../support/journeys.ts';
import { callback, register, RelyingParty, type Tokens } from '../support/relying-party.ts';

const iwmo = { application: 'iwmo', role: 'gebruiker' };
const registertoets = { application: 'wlz-registertoets', role: 'gebruiker' };

let at: Install;
let clients: [RelyingParty, RelyingParty];
beforeAll(async () => {
  at = await install();
  clients = [await client('files', 'portaal-zorg'), await client('work', 'werk-en-inkomen')];
}, 60_000);
afterAll(() => at?.stop());

async function client(id: string, portal: string): Promise<RelyingParty> {
  const keys = await generateKeyPair('ES256', { extractable: true }) as CryptoKeyPair;
  await register(at, ib, portal, {
    client_id: id, jwks: { keys: [{ ...await exportJWK(keys.publicKey), kid: 'k1', alg: 'ES256', use: 'sig' }] }, redirect_uris: [callback],
    grant_types: ['authorization_code', 'refresh_token'], backchannel_logout_uri: `http://localhost:9/${id}/bcl`,
  });
  return RelyingParty.connect(`${at.url}/${ib}`, { client_id: id }, oauth.PrivateKeyJwt({ key: keys.privateKey, kid: 'k1' }), callback);
}

const change = <T>(work: (tx: Db, parts: { realm: Realm; now: number }) => Promise<T>) => at.host(ib)
  .database.transaction((tx) => work(tx, { realm: at.host(ib).realm, now: at.now() }));

type Live = { browser: HttpBrowser; accountId: string; membershipId: string; tokens: [Tokens, Tokens]; sids: string[] };

/** Logged in at both clients with one session; both want to be told of its end. */
async function loggedIn(who: string | Someone): Promise<Live> {
  const browser = at.browser();
  const tokens = [];
  for (const rp of clients) {
    const started = await rp.start({ scope: 'openid organisation roles' });
    const page = await browser.get(started.url);
    tokens.push(await rp.finish(started, page.step === 'broker' ? await throughBroker(at, browser, page, who) : page));
  }
  const { db } = at.host(ib).database;
  const membershipId = await membershipOf(at, who);
  const accountId = (await findMembership(db, membershipId))?.account_id ?? '';
  const sids = [];
  for (const session of await listSessions(db, { accountId })) sids.push(...(await listSessionClients(db, session.id)).map(({ sid }) => sid));
  expect(sids.length).toBeGreaterThanOrEqual(clients.length);
  return { browser, accountId, membershipId, tokens: tokens as [Tokens, Tokens], sids };
}

/** Somebody new of Gemeente Lissendam with these roles, verified by a code, and logged in. */
async function employee(roles: Record<string, string[]>): Promise<Live> {
  const someone = newcomer();
  const { membershipId } = await registerAt(at, at.browser(), someone);
  await change((tx, { realm, now }) => assignRoles(tx, { realm, membershipId, roles, actor: desk, now }));
  await codeFor(at, membershipId, 'user');
  await change(async (tx, { now }) => redeemCode(tx, { codeId: (await verificationCodes.latest(tx, membershipId))?.id ?? '', membershipId, now }));
  return loggedIn(someone);
}

/** What everything that somebody holds is worth now: at both clients refresh, userinfo and introspection, and a silent authorization. */
async function worth({ browser, tokens }: Live): Promise<string[]> {
  const found: string[] = [];
  for (const [index, rp] of clients.entries()) {
    const { access_token, refresh_token } = tokens[index as 0 | 1];
    found.push(`userinfo ${(await rp.userinfo(access_token)).status}`, `active ${(await rp.introspect(access_token)).active}`);
    const fresh = await rp.refresh(refresh_token ?? '').catch((error: { error?: string }) => error);
    if ('access_token' in fresh) Object.assign(tokens[index as 0 | 1], fresh);
    found.push(`refresh ${'access_token' in fresh ? 'new' : (fresh as { error?: string }).error}`);
    const { answer } = await browser.get((await rp.start({ prompt: 'none' })).url);
    found.push(`silent ${answer['code'] ? 'code' : answer['error']}`);
  }
  return found;
}

const nothing = ['userinfo 401', 'active false', 'refresh invalid_grant', 'silent login_required'];
const all = ['userinfo 200', 'active true', 'refresh new', 'silent code'];
const told = async () => (await listOutbox(at.host(ib).database.db, { channel: 'logout', limit: 1000 })).map(({ text }) => (JSON.parse(text) as { sid: string }).sid);

describe('what is taken away is gone at once, at every client', () => {
  test.each<[string, (live: Live) => Promise<unknown>]>([
    ['the account is locked', ({ accountId }) => change((tx, { now }) => lockAccount(tx, { accountId, actor: desk, now }))],
    ['the membership ends', ({ membershipId }) => change((tx, { now }) => endMembership(tx, { membershipId, actor: desk, now }))],
    ['a role is taken', ({ membershipId }) => change((tx, { realm, now }) => assignRoles(tx, { realm, membershipId, roles: {}, actor: desk, now }))],
    ['the organisation loses the entitlement to their role', async () => {
      const organisationId = person('ib-user').organisation_id ?? '';
      await change((tx, { realm, now }) => setEntitlements(tx, { realm, organisationId, wanted: { add: [], remove: [registertoets] }, actor: desk, now }));
      await change((tx, { realm, now }) => setEntitlements(tx, { realm, organisationId, wanted: { add: [registertoets], remove: [] }, actor: desk, now }));
    }],
  ])('%s: refresh, userinfo, introspection and silent authorization are refused; others notice nothing', async (_name, take) => {
    const theirs = await employee({ 'wlz-registertoets': ['gebruiker'] });
    const colleague = await loggedIn('ib-user');
    const neighbour = await loggedIn('ib-card');
    expect(await worth(theirs)).toEqual([...all, ...all]);
    await take(theirs);
    expect(await worth(theirs)).toEqual([...nothing, ...nothing]);
    expect(await worth(colleague)).toEqual([...all, ...all]);
    expect(await worth(neighbour)).toEqual([...all, ...all]);
    expect(await told()).toEqual(expect.arrayContaining(theirs.sids));
    for (const sid of [...colleague.sids, ...neighbour.sids]) expect(await told()).not.toContain(sid);
  }, 60_000);

  test('an agreement is withdrawn: the whole organisation is out, another one is not', async () => {
    const [admin, user, neighbour] = [await loggedIn('ib-admin'), await loggedIn('ib-user'), await loggedIn('ib-card')];
    const organisationId = person('ib-user').organisation_id ?? '';
    await change((tx, { now }) => withdrawAgreement(tx, { organisationId, agreement: 'vecozo', actor: desk, now }));
    try {
      for (const live of [admin, user]) {
        expect(await worth(live)).toEqual([...nothing, ...nothing]);
        expect(await told()).toEqual(expect.arrayContaining(live.sids));
      }
      expect(await worth(neighbour)).toEqual([...all, ...all]);
      expect((await login(at, at.browser(), 'ib-user')).end).toBe('agreements_missing');
    } finally {
      await change((tx, { realm, now }) => recordAgreement(tx, { realm, organisationId, agreement: 'vecozo', signedAt: now, actor: desk, now }));
    }
    // what ended does not come back with the signature
    expect(await worth(user)).toEqual([...nothing, ...nothing]);
  }, 60_000);

  test('a role that is given ends nothing, and is in the next token', async () => {
    const live = await employee({ 'wlz-registertoets': ['gebruiker'] });
    await change((tx, { realm, now }) => assignRoles(tx, { realm, membershipId: live.membershipId, roles: { 'wlz-registertoets': ['gebruiker'], [iwmo.application]: [iwmo.role] }, actor: desk, now }));
    expect(await worth(live)).toEqual([...all, ...all]);
    const tokens = await clients[0].refresh(live.tokens[0].refresh_token ?? '');
    expect(oauth.getValidatedIdTokenClaims(tokens)).toMatchObject({ roles: expect.arrayContaining(['iwmo:gebruiker']) });
    expect(await told()).not.toEqual(expect.arrayContaining(live.sids));
  });
});

describe('a login on its way', () => {
  const waiting = async () => {
    const someone = newcomer();
    const browser = at.browser();
    const { page, membershipId } = await registerAt(at, browser, someone);
    return { someone, browser, page, membershipId, code: await codeFor(at, membershipId) };
  };

  test('is refused where it is when the membership ends: the right code opens nothing, nor does logging in again', async () => {
    const { someone, browser, page, membershipId, code } = await waiting();
    await change((tx, { now }) => endMembership(tx, { membershipId, actor: desk, now }));
    const refused = await browser.submit(page, { code });
    expect([refused.status, refused.end]).toEqual([403, 'membership_ended']);
    // the reference on the page is the one in the trail
    const reference = /data-reference>([0-9A-F]{10})</.exec(refused.html)?.[1] ?? '';
    const [row] = await listAudit(at.host(ib).database.db, { reference });
    expect(row).toMatchObject({ event: 'login.refused', reason: 'membership_ended' });
    expect((await findMembership(at.host(ib).database.db, membershipId))?.status).toBe('ended');
    const again = await login(at, at.browser(), someone);
    expect(again.end).toBe('membership_ended');
    expect(again.html).toContain('Gemeente Lissendam');
    const other = at.browser();
    expect((await throughBroker(at, other, await other.get(`/${ib}/admin/`), someone)).end).toBe('membership_ended');
  });

  test('is refused when the account is locked in the middle', async () => {
    const { browser, page, membershipId, code } = await waiting();
    const accountId = (await findMembership(at.host(ib).database.db, membershipId))?.account_id ?? '';
    await change((tx, { now }) => lockAccount(tx, { accountId, actor: desk, now }));
    expect((await browser.submit(page, { code })).end).toBe('account_inactive');
  });

  test('a code that was not yet redeemed buys nothing', async () => {
    const [rp] = clients;
    const live = await employee({ iwmo: ['gebruiker'] });
    const started = await rp.start();
    const page = await live.browser.get(started.url);
    expect(page.answer['code']).toBeDefined();
    await change((tx, { now }) => lockAccount(tx, { accountId: live.accountId, actor: desk, now }));
    await expect(rp.finish(started, page)).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  test('who has a password ends on that page too', async () => {
    const { database } = at.host('cak');
    const membershipId = person('cak-twin').membership?.id ?? '';
    await database.transaction((tx) => endMembership(tx, { membershipId, actor: desk, now: at.now() }));
    expect((await loginCak(at.browser(), 'cak-twin')).end).toBe('membership_ended');
  });

  test('who is admitted again with the same means waits for a new code, and gets in with it', async () => {
    const { someone, membershipId } = await waiting();
    await change((tx, { now }) => endMembership(tx, { membershipId, actor: desk, now }));
    await change((tx, { now }) => resumeMembership(tx, { membershipId, actor: desk, now }));
    const browser = at.browser();
    const page = await login(at, browser, someone);
    expect(page.step).toBe('verification-code');
    expect((await browser.submit(page, { code: await codeFor(at, membershipId) })).end).toBe('verified');
  });
});
