import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { updateAccount } from '../../src/store/accounts.ts';
import { verificationCodes } from '../../src/store/codes.ts';
import { listRoles, updateMembership } from '../../src/store/memberships.ts';
import { install, type Install } from '../support/install.ts';
import type { HttpBrowser, Page } from '../support/http-browser.ts';
import { depart, brokerAnswer, ib, membershipOf, newcomer, person, registerAt, throughBroker } from '../support/journeys.ts';

const admin = `/${ib}/admin`;

describe('the administration', () => {
  let sluis: Install;
  let anneke: HttpBrowser;
  let pending: string;
  beforeAll(async () => {
    sluis = await install();
    anneke = sluis.browser();
    await throughBroker(sluis, anneke, await anneke.get(`${admin}/`), 'ib-admin');
    ({ membershipId: pending } = await registerAt(sluis, sluis.browser(), newcomer()));
  }, 60_000);
  afterAll(() => sluis?.stop());

  const db = () => sluis.host(ib).database.db;
  const csrfOf = async (browser: HttpBrowser): Promise<string> => (await browser.get(`${admin}/people/${pending}`)).hidden['csrf'] ?? '';
  /** Logs in on the way to the administration: the page, or the end, that comes of it. */
  const enterAs = async (id: string): Promise<{ browser: HttpBrowser; page: Page }> => {
    const browser = sluis.browser();
    return { browser, page: await throughBroker(sluis, browser, await browser.get(`${admin}/`), id) };
  };

  test('an administrator sees the own people', async () => {
    const page = await anneke.get(`${admin}/`);
    expect(page.status).toBe(200);
    expect(page.html).toContain(`${admin}/people/${pending}`);
  });

  test.each(['/', '/people', '/people/1b000000-0000-4000-8000-000000000002', '/people/%00'])('not logged in: %s asks for the login, a post is refused', async (path) => {
    const browser = sluis.browser();
    const page = await browser.get(`${admin}${path}`);
    expect([page.status, page.step]).toEqual([200, 'broker']);
    expect(page.html).not.toContain('Linde');
    const posted = await browser.post(`${admin}/people/${pending}/code`, {});
    expect([posted.status, posted.end]).toEqual([401, 'session_not_found']);
  });

  test('the address asked for is where the login leads, and only within the administration', async () => {
    for (const asked of [`/people/${pending}`, '/people/%2f%2fevil.example', '/?to=https://evil.example']) {
      const browser = sluis.browser();
      const departure = await depart(browser, await browser.get(`${admin}${asked}`), 'digidentity');
      const page = await browser.post(`/${ib}/saml/acs`, brokerAnswer(sluis, departure, person('ib-admin')));
      expect(new URL(page.url).origin).toBe(sluis.url);
      expect(new URL(page.url).pathname).toMatch(new RegExp(`^${admin}/`));
      expect(page.location).toBeUndefined();
    }
    for (const asked of ['//evil.example/', '/..//evil.example', '/nothing']) expect((await sluis.browser().get(`${admin}${asked}`)).status).toBe(404);
  });

  test('a person of tier user comes no further than a page that says so', async () => {
    const { browser, page } = await enterAs('ib-user');
    expect([page.status, page.end]).toEqual([403, 'not_administrator']);
    expect((await browser.get(`${admin}/`)).html).not.toContain(pending);
    expect((await browser.post(`${admin}/people/${pending}/code`, {})).status).toBe(401);
  });

  test('a callback with a state, a code or a browser that is not ours ends on a page', async () => {
    for (const query of ['', '?code=x', '?code=x&state=y', '?code[]=x&state[]=y', '?error=access_denied&state=%00', '?state=%E2%80%AE&code=%00']) {
      const page = await sluis.browser().get(`${admin}/callback${query}`);
      expect([page.status, page.end]).toEqual([400, 'ticket']);
    }
    // somebody else's finished login, handed to a victim: login CSRF
    const attacker = sluis.browser();
    const departure = await depart(attacker, await attacker.get(`${admin}/`), 'digidentity');
    let last = await attacker.postOnly(`/${ib}/saml/acs`, brokerAnswer(sluis, departure, person('ib-admin')));
    while (last.location !== undefined && !last.location.includes('/admin/callback')) last = await attacker.send(last.location);
    const victim = await sluis.browser().get(last.location ?? '');
    expect([victim.status, victim.end]).toEqual([400, 'ticket']);
  });

  test('a person of another organisation is as unknown as nobody', async () => {
    const theirs = await membershipOf(sluis, 'ib-card');
    expect(theirs).toBeTruthy();
    const csrf = await csrfOf(anneke);
    for (const id of [theirs, '00000000-0000-4000-8000-000000000000', 'x', '%00', '..%2f..', '%E2%80%AE', 'A'.repeat(2000)]) {
      for (const page of [
        await anneke.get(`${admin}/people/${id}`),
        await anneke.post(`${admin}/people/${id}/roles`, { csrf, 'role-iwmo': 'gebruiker' }),
        await anneke.post(`${admin}/people/${id}/code`, { csrf }),
      ]) {
        expect([id, page.status < 500 && page.status >= 400]).toEqual([id, true]);
        expect(page.html).not.toContain('Duinker');
      }
    }
    expect((await listRoles(db(), theirs)).map(({ role }) => role)).toEqual(['productbeheerder', 'productbeheerder']);
    expect(await verificationCodes.latest(db(), theirs)).toBeUndefined();
  });

  test('a post without CSRF token, or with another session\'s, changes nothing', async () => {
    const { browser: other } = await enterAs('ib-admin');
    for (const csrf of ['', 'x', await csrfOf(other), '\u0000']) {
      const page = await anneke.post(`${admin}/people/${pending}/roles`, { csrf, 'role-iwmo': 'gebruiker' });
      expect([page.status, page.end]).toEqual([403, 'csrf']);
    }
    expect(await listRoles(db(), pending)).toEqual([]);
    expect((await anneke.post(`${admin}/logout`, {})).status).toBe(403);
    expect((await anneke.get(`${admin}/`)).html).toContain(pending);
  });

  test.each<[string, Record<string, string>, number]>([
    ['no role yet: no code', {}, 422],
    ['a role that is not there', { 'role-iwmo': 'koning' }, 422],
    ['an application that is not there', { 'role-everything': 'gebruiker' }, 422],
    ['a role with strange characters', { 'role-iwmo': '\u0000\u202e' }, 422],
    ['the prototype', { 'role-__proto__': 'gebruiker' }, 422],
  ])('%s: said, and nothing changed', async (_name, fields, status) => {
    const csrf = await csrfOf(anneke);
    const way = Object.keys(fields).length === 0 ? 'code' : 'roles';
    const page = await anneke.post(`${admin}/people/${pending}/${way}`, { csrf, ...fields });
    expect(page.status).toBe(status);
    expect(page.problems.length).toBeGreaterThan(0);
    expect(await listRoles(db(), pending)).toEqual([]);
    expect(await verificationCodes.latest(db(), pending)).toBeUndefined();
  });

  test('a code is shown once, to who issued it only', async () => {
    const csrf = await csrfOf(anneke);
    await anneke.post(`${admin}/people/${pending}/roles`, { csrf, 'role-iwmo': 'gebruiker' });
    const issued = await anneke.postOnly(`${admin}/people/${pending}/code`, { csrf });
    const { browser: other } = await enterAs('ib-card');
    expect((await other.get(issued.location ?? '')).status).toBe(404);
    const code = /[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{2}/;
    expect((await anneke.get(issued.location ?? '')).html).toMatch(code);
    expect((await anneke.get(issued.location ?? '')).html).not.toMatch(code);
  });

  test.each<[string, string, (now: 'away' | 'back') => Promise<unknown>]>([
    ['the account is locked', 'account_inactive', (now) => updateAccount(db(), person('ib-card').account?.id ?? '', { status: now === 'away' ? 'locked' : 'active' })],
    ['the membership ended', 'membership_ended', (now) => updateMembership(db(), person('ib-card').membership?.id ?? '', { status: now === 'away' ? 'ended' : 'active' })],
    ['the tier was taken away', 'not_administrator', (now) => updateMembership(db(), person('ib-card').membership?.id ?? '', { tier: now === 'away' ? 'user' : 'administrator' })],
  ])('%s: the session is worth nothing from then on (%s)', async (_name, shown, change) => {
    const { browser, page } = await enterAs('ib-card');
    expect(page.html).toContain('Duinker');
    await change('away');
    const gone = await browser.get(`${admin}/`);
    expect(gone.html).not.toContain('Duinker');
    expect(gone.end ?? gone.step).toBe(shown);
    expect((await browser.post(`${admin}/people/${pending}/code`, {})).status).toBe(401);
    await change('back');
  });

  test('logging out ends the session of the administration and of Sluis', async () => {
    const { browser, page } = await enterAs('ib-card');
    const kept = browser.copy();
    const question = await browser.post(`${admin}/logout`, { csrf: page.hidden['csrf'] ?? '' });
    // the administration is closed at once, also for a cookie that was kept
    expect((await kept.post(`${admin}/people/${pending}/code`, {})).status).toBe(401);
    await browser.submit(question, { logout: 'yes' });
    expect((await browser.get(`${admin}/`)).step).toBe('broker');
  });

  test('a session cookie of nobody is nobody', async () => {
    const browser = sluis.browser();
    for (const value of ['x', '', '%00', 'A'.repeat(43)]) {
      browser.cookies = [{ name: `sluis_${ib}_beheer`, value, path: admin }];
      expect((await browser.post(`${admin}/people/${pending}/code`, {})).status).toBe(401);
      expect((await browser.get(`${admin}/`)).step).toBe('broker');
    }
  });
});
