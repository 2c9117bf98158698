import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { listAudit, type AuditRow } from '../../src/store/audit.ts';
import { findMembership, updateMembership } from '../../src/store/memberships.ts';
import { listSessions } from '../../src/store/sessions.ts';
import { HttpBrowser, type Page } from '../support/http-browser.ts';
import { install, type Install } from '../support/install.ts';
import { arrive, authUrl, ib, login, membershipOf, newcomer, person, redeem, registerAt, throughBroker } from '../support/journeys.ts';

const admin = `/${ib}/admin`;
const agent = 'Mozilla/5.0 (tests)';
const [annekesId, lindesId] = ['ib-admin', 'ib-user'].map((id) => person(id).account?.id ?? '') as [string, string];

let sluis: Install;
let anneke: HttpBrowser;
let linde: string;
beforeAll(async () => {
  sluis = await install();
  anneke = new HttpBrowser(sluis.url, { 'user-agent': agent });
  await throughBroker(sluis, anneke, await anneke.get(`${admin}/`), 'ib-admin');
  linde = await membershipOf(sluis, 'ib-user');
}, 60_000);
afterAll(() => sluis?.stop());

const db = () => sluis.host(ib).database.db;
const statusOf = async (id: string) => (await findMembership(db(), id))?.status;
const newest = async (event: string): Promise<AuditRow | undefined> => (await listAudit(db(), { event, limit: 1 }))[0];
/** Where a form of the page goes, and its token: every page has forms for logging out and staying logged in too. */
const formTo = (page: Page, way: string): { action: string; csrf: string } => {
  const [, action = '', csrf = ''] = new RegExp(`action="([^"]+/people/[^"]+${way})"[^]*?name="csrf" value="([^"]+)"`).exec(page.html) ?? [];
  if (csrf === '') throw new Error(`no form to ${way}`);
  return { action, csrf };
};
const csrfOf = async (browser: HttpBrowser): Promise<string> => formTo(await browser.get(`${admin}/people/${linde}/end`), '/end').csrf;
const press = (page: Page, way: string): Promise<Page> => {
  const { action, csrf } = formTo(page, way);
  return anneke.post(action, { csrf });
};
const sessionOf = async (accountId: string) => (await listSessions(db(), { accountId }))[0]?.id;

describe('an administrator ends somebody\'s access', () => {
  test('after a page that asks; sessions end at once, and the trail says who, from where and for whom', async () => {
    const browser = sluis.browser();
    expect((await login(sluis, browser, 'ib-user')).answer['code']).toBeDefined();
    const question = await anneke.get(`${admin}/people/${linde}/end`);
    expect(question.status).toBe(200);
    expect(question.html).toContain('Wilt u de toegang van');
    expect(await statusOf(linde)).toBe('active');
    const session = await sessionOf(annekesId);
    const ended = await press(question, '/end');
    expect([ended.status, new URL(ended.url).search]).toEqual([200, '?saved=ended']);
    expect(ended.html).toContain('Opnieuw toelaten');
    expect(ended.html).not.toContain('Opslaan');
    expect(await statusOf(linde)).toBe('ended');
    expect(await sessionOf(lindesId)).toBeUndefined();
    expect((await browser.get(authUrl('werk-en-inkomen', { prompt: 'none' }))).answer['error']).toBe('login_required');
    expect((await login(sluis, browser, 'ib-user')).end).toBe('membership_ended');
    const known = {
      actor: { kind: 'person', id: annekesId }, address: expect.stringMatching(/^(127\.0\.0\.1|::1)$/), reference: expect.stringMatching(/^[0-9A-F]{10}$/), user_agent: agent,
      session_id: session, acr: 'http://eidas.europa.eu/LoA/high', acting_for: person('ib-admin').organisation_id, source: expect.stringMatching(/^http\//),
    };
    expect(await newest('membership.ended')).toMatchObject({ ...known, object_id: linde, detail: { before: { status: 'active', roles: ['iwmo/gebruiker'] } } });
    // what came of it is of the same request
    expect(await newest('session.ended')).toMatchObject({ ...known, reason: 'revoked', reference: (await newest('membership.ended'))?.reference });
  });

  test('and may admit them again: as a newcomer', async () => {
    expect(await statusOf(linde)).toBe('ended');
    const page = await anneke.get(`${admin}/people/${linde}`);
    const resumed = await press(page, '/resume');
    expect(resumed.url).toContain('?saved=resumed');
    expect(await statusOf(linde)).toBe('pending');
    expect((await login(sluis, sluis.browser(), 'ib-user')).step).toBe('verification-code');
    await updateMembership(db(), linde, { status: 'active' });
    const twice = await anneke.post(`${admin}/people/${linde}/resume`, { csrf: formTo(page, '/resume').csrf });
    expect([twice.status, twice.problems]).toEqual([422, ['membership.not_ended']]);
  });

  test('never of another organisation: as unknown as nobody', async () => {
    const theirs = await membershipOf(sluis, 'ib-card');
    const csrf = await csrfOf(anneke);
    for (const id of [theirs, person('ib-card').account?.id ?? '', '00000000-0000-4000-8000-000000000000', 'x', '%00', '..%2f..', 'A'.repeat(2000)]) {
      for (const page of [
        await anneke.get(`${admin}/people/${id}/end`),
        await anneke.post(`${admin}/people/${id}/end`, { csrf }),
        await anneke.post(`${admin}/people/${id}/resume`, { csrf }),
      ]) {
        expect([id, page.status < 500 && page.status >= 400]).toEqual([id, true]);
        expect(page.html).not.toContain('Duinker');
      }
    }
    expect(await statusOf(theirs)).toBe('active');
  });

  test('never their own', async () => {
    const own = await membershipOf(sluis, 'ib-admin');
    const csrf = await csrfOf(anneke);
    expect((await anneke.get(`${admin}/people/${own}`)).html).not.toContain('/end"');
    expect(new URL((await anneke.get(`${admin}/people/${own}/end`)).url).pathname).toBe(`${admin}/people/${own}`);
    for (const way of ['end', 'resume']) {
      const page = await anneke.post(`${admin}/people/${own}/${way}`, { csrf });
      expect([page.status, page.problems]).toEqual([422, ['membership.self']]);
    }
    expect(await statusOf(own)).toBe('active');
  });

  test('not by a page that somebody else made: every post needs the token of this session', async () => {
    for (const csrf of ['', 'x', '\u0000']) {
      for (const way of ['end', 'resume']) {
        const page = await anneke.post(`${admin}/people/${linde}/${way}`, { csrf });
        expect([page.status, page.end]).toEqual([403, 'csrf']);
      }
    }
    expect((await sluis.browser().post(`${admin}/people/${linde}/end`, { csrf: await csrfOf(anneke) })).status).toBe(401);
    expect(await statusOf(linde)).toBe('active');
  });

  test('somebody who registered and waits can be turned away', async () => {
    const { membershipId } = await registerAt(sluis, sluis.browser(), newcomer());
    await press(await anneke.get(`${admin}/people/${membershipId}/end`), '/end');
    expect(await statusOf(membershipId)).toBe('ended');
  });
});

describe('the audit trail', () => {
  const reads = async (event: string) => (await listAudit(db(), { event, limit: 1000 })).length;

  test('shows who looked at whom, once for each page', async () => {
    const before = [await reads('people.read'), await reads('person.read')];
    await anneke.get(`${admin}/`);
    await anneke.get(`${admin}/people/${linde}`);
    await anneke.get(`${admin}/people/${linde}/end`);
    expect([await reads('people.read'), await reads('person.read')]).toEqual([before[0]! + 1, before[1]! + 2]);
    expect(await newest('person.read')).toMatchObject({ action: 'R', actor: { id: annekesId }, object_type: 'membership', object_id: linde, reference: expect.any(String), session_id: expect.any(String) });
    expect(await newest('people.read')).toMatchObject({ action: 'R', object_type: 'organisation', object_id: person('ib-admin').organisation_id });
    // who is refused has seen nothing
    await anneke.get(`${admin}/people/${await membershipOf(sluis, 'ib-card')}`);
    expect(await reads('person.read')).toBe(before[1]! + 2);
  });

  test('says of a first login and of tokens for whom and how surely, with the request', async () => {
    const someone = newcomer();
    const browser = new HttpBrowser(sluis.url, { 'user-agent': agent });
    await throughBroker(sluis, browser, await arrive(browser), someone);
    const { membershipId } = await registerAt(sluis, browser, someone);
    const registration = await newest('registration.created');
    const request = { user_agent: agent, address: expect.any(String), reference: expect.stringMatching(/^[0-9A-F]{10}$/), source: expect.stringMatching(/^http\//) };
    const surely = { acr: 'http://eidas.europa.eu/LoA/substantial', acting_for: someone.organisation_id };
    expect(registration).toMatchObject({ object_id: membershipId, ...request, ...surely });
    const other = sluis.browser();
    const { answer } = await login(sluis, other, 'ib-user');
    expect((await redeem(sluis, 'werk-en-inkomen', answer['code'] ?? '')).status).toBe(200);
    // what the provider decides is written right after its answer
    for (let tries = 0; tries < 50 && !await newest('token.issued'); tries += 1) await sleep(100);
    expect(await newest('token.issued')).toMatchObject({ actor: { id: lindesId }, session_id: await sessionOf(lindesId), ...surely, reference: expect.any(String) });
    expect(await newest('login.completed')).toMatchObject({ actor: { id: lindesId }, ...surely });
  });

  test('never takes a forwarded address or a reference from whoever sends one', async () => {
    const liar = new HttpBrowser(sluis.url, { 'x-forwarded-for': '203.0.113.9', 'x-request-id': 'mine', 'user-agent': `<b>${'z'.repeat(1000)}` });
    await login(sluis, liar, 'ib-card');
    const row = await newest('login.completed');
    expect(row?.address).not.toBe('203.0.113.9');
    expect(row?.reference).toMatch(/^[0-9A-F]{10}$/);
    expect(row?.user_agent).toHaveLength(200);
  });
});
