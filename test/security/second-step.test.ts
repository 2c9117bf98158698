import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { generateSync } from 'otplib';
import { root } from '../../src/root.ts';
import { findPassword } from '../../src/store/accounts.ts';
import { updateOrganisation } from '../../src/store/organisations.ts';
import { listOutbox } from '../../src/store/outbox.ts';
import { listPasskeys } from '../../src/store/passkeys.ts';
import { Authenticator } from '../support/authenticator.ts';
import type { HttpBrowser, Page } from '../support/http-browser.ts';
import { install, type Install } from '../support/install.ts';
import { authUrl, person, redeem, token } from '../support/journeys.ts';
import { optionsOf } from '../support/passkey-install.ts';

/** Who knows the password of somebody with two steps gets no further than the second one, whatever its owner does meanwhile. */

const base = '/careflex/account/two-step';
const owner = person('cfx-2fa') as ReturnType<typeof person> & { totp_secret: string };
const login = { username: owner.login['username'] ?? '', password: owner.login['password'] ?? '' };

let sluis: Install;
beforeAll(async () => {
  sluis = await install({ prepare: ({ folder }) => cpSync(join(root, 'config/realms/careflex'), join(folder, 'config/realms/careflex'), { recursive: true }) });
}, 60_000);
afterAll(() => sluis?.stop());
beforeEach(async () => {
  await db().deleteFrom('counters').execute();
});

const db = () => sluis.host('careflex').database.db;
/** The code of the owner's app: each works once, so the clock goes on to the next first. */
const appCode = (): string => {
  sluis.advance(30);
  return generateSync({ secret: owner.totp_secret, epoch: sluis.now() });
};

/** The owner at their account pages, with a passkey beside their app. */
async function withPasskey(): Promise<{ browser: HttpBrowser; csrf: string; passkey: string }> {
  const browser = sluis.browser();
  const page = await browser.submit(await browser.submit(await browser.get(base), login), { code: appCode() });
  const csrf = page.hidden['csrf'] ?? '';
  const making = await browser.post(`${base}/set-up`, { csrf, method: 'passkey' });
  await browser.post(`${base}/set-up`, { csrf, setup: new URL(making.url).searchParams.get('setup') ?? '', credential: new Authenticator(sluis.url).make(optionsOf(making)) });
  const [row] = await listPasskeys(db(), owner.account?.id ?? '');
  return { browser, csrf, passkey: row?.id ?? '' };
}

/** Somebody who knows the password and asks for the passkey. */
async function chosePasskey(): Promise<{ thief: HttpBrowser; page: Page }> {
  const thief = sluis.browser();
  const page = await thief.submit(await thief.submit(await thief.get(authUrl('klantenportaal')), login), { action: 'passkey' });
  expect(page.step).toBe('passkey');
  return { thief, page };
}

describe('H2 the factor that a login half way chose is removed', () => {
  test('it begins anew, and the app is asked after the password', async () => {
    const { browser, csrf, passkey } = await withPasskey();
    const { thief, page } = await chosePasskey();
    await browser.post(`${base}/remove`, { csrf, passkey });
    expect(await listPasskeys(db(), owner.account?.id ?? '')).toEqual([]);
    const after = await thief.get(page.url);
    expect({ code: after.answer['code'], step: after.step }).toEqual({ code: undefined, step: 'password' });
    const again = await thief.submit(after, login);
    expect({ code: again.answer['code'], step: again.step }).toEqual({ code: undefined, step: 'totp' });
  });

  test('a choice of what is not there any more does not count, whoever took it away', async () => {
    const { passkey } = await withPasskey();
    const { thief, page } = await chosePasskey();
    await db().deleteFrom('passkeys').where('id', '=', passkey).execute();
    const after = await thief.get(page.url);
    expect({ code: after.answer['code'], step: after.step }).toEqual({ code: undefined, step: 'totp' });
  });
});

describe('H2 who has set up two steps is asked both', () => {
  test('a factor that the flow does not ask lets nobody in without one, and the page says so', async () => {
    const { id = '' } = person('cfx-employee').account ?? {};
    await db().insertInto('factors').values({ id: 'left-over', account_id: id, kind: 'sms', secret: 'v1.x', created_at: 1, last_used_at: null, last_step: null }).execute();
    const browser = sluis.browser();
    const names = { username: person('cfx-employee').login['username'] ?? '', password: person('cfx-employee').login['password'] ?? '' };
    try {
      for (const start of [authUrl('klantenportaal'), '/careflex/account/']) {
        const end = await browser.submit(await browser.get(start), names);
        expect([end.status, end.end, end.answer['code']]).toEqual([403, 'second_factor_unusable', undefined]);
        const [about = '', box = ''] = (/<main[^]*<\/main>/.exec(end.html)?.[0] ?? '').split('id="what-to-do"');
        expect(about).toContain('U heeft inloggen in twee stappen ingesteld. Maar de tweede stap die u heeft, werkt hier niet meer.');
        expect(box).toMatch(/Bel de Servicedesk van Careflex: <a [^>]*href="tel:0880000003">088 000 00 03<\/a>\./);
        // who logs in again comes here again: that is not what to do first
        expect(end.html).toContain('secondary-action utrecht-button--html-button" type="submit" name="action" value="restart"');
        expect(end.html).not.toContain('primary-action');
        expect((await browser.submit(await browser.submit(end, { action: 'restart' }), names)).end).toBe('second_factor_unusable');
      }
    } finally {
      await db().deleteFrom('factors').where('id', '=', 'left-over').execute();
    }
  });
});

describe('H2 a first factor that is set up', () => {
  const base = '/careflex/account/two-step';
  const employee = person('cfx-employee');
  const names = { username: employee.login['username'] ?? '', password: employee.login['password'] ?? '' };
  const refresh = (refresh_token: string) => token(sluis, 'klantenportaal', { grant_type: 'refresh_token', refresh_token });
  const userinfo = async (access_token: string): Promise<number> => (await fetch(`${sluis.url}/careflex/me`, { headers: { authorization: `Bearer ${access_token}` } })).status;

  test('ends what other sessions of the same person may do with the password alone; they go on with the factor, nothing else is asked', async () => {
    const [here, elsewhere, device] = [sluis.browser(), sluis.browser(), new Authenticator(sluis.url)];
    const tokens = [];
    for (const browser of [here, elsewhere]) {
      const { answer } = await browser.submit(await browser.get(authUrl('klantenportaal')), names);
      tokens.push((await redeem(sluis, 'klantenportaal', answer['code'] ?? '')).body as { access_token: string; refresh_token: string });
    }
    const [mine, others] = tokens as [typeof tokens[0] & object, typeof tokens[0] & object];
    expect(await Promise.all([mine, others].map((one) => userinfo(one.access_token)))).toEqual([200, 200]);
    const csrf = (await here.get(base)).hidden['csrf'] ?? '';
    const making = await here.post(`${base}/set-up`, { csrf, method: 'passkey' });
    await here.post(`${base}/set-up`, { csrf, setup: new URL(making.url).searchParams.get('setup') ?? '', credential: device.make(optionsOf(making)) });
    try {
      expect(await Promise.all([mine, others].map((one) => userinfo(one.access_token)))).toEqual([200, 401]);
      expect((await refresh(mine.refresh_token)).status).toBe(200);
      expect(await refresh(others.refresh_token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
      expect((await elsewhere.get(authUrl('klantenportaal', { prompt: 'none' }))).answer['error']).toBe('login_required');
      expect((await elsewhere.get('/careflex/account/')).step).toBe('passkey');
      const asked = await elsewhere.get(authUrl('klantenportaal'));
      expect([asked.status, asked.step]).toEqual([200, 'passkey']);
      const done = await elsewhere.submit(asked, { credential: device.show(optionsOf(asked)) });
      expect(done.answer['code']).toBeDefined();
      expect((await elsewhere.get('/careflex/account/')).step).toBeUndefined();
    } finally {
      await db().deleteFrom('passkeys').execute();
    }
  });
});

describe('M4 a one-time password of somebody with two steps', () => {
  test('is replaced by who shows the second step, and not before', async () => {
    const id = owner.account?.id ?? '';
    await db().updateTable('passwords').set({ one_time: 1 }).where('account_id', '=', id).execute();
    const hash = async () => (await findPassword(db(), id))?.hash;
    const before = await hash();
    const browser = sluis.browser();
    const page = await browser.submit(await browser.get(authUrl('klantenportaal')), login);
    expect(page.step).toBe('totp');
    const chosen = 'Eigen-Keuze-7-Waterlelie';
    await browser.submit(page, { step: 'new-password', binding: 'new-password', new_password: chosen });
    expect(await hash()).toBe(before);
    const next = await browser.submit(await browser.get(page.url), { code: appCode() });
    expect(next.step).toBe('new-password');
    const done = await browser.submit(next, { new_password: chosen });
    expect([done.answer['code'] !== undefined, await hash() === before]).toEqual([true, false]);
    login.password = chosen;
  });
});

describe('M5 CFX-4 who has one step where two are asked', () => {
  const employee = person('cfx-employee');
  const names = { username: employee.login['username'] ?? '', password: employee.login['password'] ?? '' };
  const organisation = employee.organisation_id ?? '';
  afterEach(async () => {
    await updateOrganisation(db(), organisation, { minimum_level: null });
    await db().deleteFrom('passkeys').execute();
    await db().deleteFrom('recovery_codes').execute();
  });

  test.each([
    ['their organisation asks it, at the portal', 'two-factor', authUrl('klantenportaal')],
    ['their organisation asks it, at the account pages', 'two-factor', base],
    ['the request asks it', undefined, authUrl('klantenportaal', { acr_values: 'https://refeds.org/profile/mfa' })],
  ])('%s: sets it up in the login itself, and shows it from then on', async (_, level, start) => {
    await updateOrganisation(db(), organisation, { minimum_level: level ?? null });
    const [browser, device] = [sluis.browser(), new Authenticator(sluis.url)];
    const choice = await browser.submit(await browser.get(start), names);
    expect(choice.step).toBe('second-factor');
    const making = await browser.submit(choice, { method: 'passkey' });
    const codes = await browser.submit(making, { credential: device.make(optionsOf(making)) });
    expect(codes.html).toContain('data-recovery-codes');
    const done = await browser.submit(codes, { kept: '1' });
    expect(done.answer['code'] !== undefined || new URL(done.url).pathname === base).toBe(true);
    const later = sluis.browser();
    expect((await later.submit(await later.get(authUrl('klantenportaal')), names)).step).toBe('passkey');
  });

  test('nobody else is asked to', async () => {
    const browser = sluis.browser();
    expect((await browser.submit(await browser.get(authUrl('klantenportaal')), names)).answer['code']).toBeDefined();
  });
});

describe('M2 a mailed link says nothing of the second step', () => {
  test('wrong codes go on waiting after a password by link', async () => {
    const guess = async (password: string, tries: number): Promise<string[]> => {
      const browser = sluis.browser();
      let page = await browser.submit(await browser.get(authUrl('klantenportaal')), { ...login, password });
      for (let n = 0; n < tries; n += 1) page = await browser.submit(page, { code: `00000${n}` });
      return page.problems;
    };
    expect(await guess(login.password, 6)).toEqual(['totp.wait']);
    const browser = sluis.browser();
    await browser.submit(await browser.get('/careflex/password/forgot'), { username: login.username });
    const link = (await listOutbox(db(), { channel: 'mail', limit: 100 })).flatMap(({ links }) => links).find((one) => one.includes('/password/link/')) ?? '';
    const chosen = 'Nieuw-Wachtwoord-1-Zeil';
    expect((await browser.submit(await browser.get(new URL(link).pathname), { new_password: chosen })).end).toBe('password_chosen');
    login.password = chosen;
    expect(await guess(chosen, 1)).toEqual(['totp.wait']);
  });
});
