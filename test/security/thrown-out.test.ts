import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { lockAccount, unlockAccount } from '../../src/domain/accounts.ts';
import { changeAtLogin } from '../../src/domain/passwords/at-login.ts';
import { newOneTimePassword, setOneTimePassword } from '../../src/domain/passwords/one-time.ts';
import { throwOut } from '../../src/domain/throw-out.ts';
import { root } from '../../src/root.ts';
import { findPassword, putPassword } from '../../src/store/accounts.ts';
import { listOutbox } from '../../src/store/outbox.ts';
import { listSessions } from '../../src/store/sessions.ts';
import { desk } from '../support/house.ts';
import type { HttpBrowser, Page } from '../support/http-browser.ts';
import { install, type Install } from '../support/install.ts';
import { arrive, authUrl, person, redeem } from '../support/journeys.ts';

/** An administrator of two organisations at Careflex: between password and organisation they are half way. */
const who = person('cfx-admin');
const [accountId, username, known] = [who.account?.id ?? '', who.login['username'] ?? '', who.login['password'] ?? ''];
const chosen = 'Eigen-Nieuw-Bos-Meer-5';

let sluis: Install;
beforeAll(async () => {
  sluis = await install({ prepare: ({ folder }) => { cpSync(join(root, 'config/realms/careflex'), join(folder, 'config/realms/careflex'), { recursive: true }); } });
}, 60_000);
afterAll(() => sluis?.stop());

const host = () => sluis.host('careflex');
const db = () => host().database.db;
let hash: string;
beforeEach(async () => {
  for (const table of ['sessions', 'documents', 'counters'] as const) await db().deleteFrom(table).execute();
  hash ??= (await findPassword(db(), accountId))?.hash ?? '';
  await putPassword(db(), { account_id: accountId, hash, changed_at: sluis.now(), one_time: 0 });
});

const organisationOf = (page: Page): string => /name="organisation" value="([^"]+)"/.exec(page.html)?.[1] ?? '';

/** Has shown the right password, and must still choose for whom. */
async function halfWay(browser = sluis.browser(), url = authUrl('klantenportaal')): Promise<{ browser: HttpBrowser; page: Page }> {
  const page = await browser.submit(await browser.get(url), { username, password: known });
  expect(page.step).toBe('organisation');
  return { browser, page };
}
const goOn = ({ browser, page }: { browser: HttpBrowser; page: Page }): Promise<Page> => browser.submit(page, { organisation: organisationOf(page) });

/** Has done all that was asked, and not yet followed the redirect to the provider: `page`. */
async function finished(): Promise<{ browser: HttpBrowser; page: Page; run: string }> {
  const { browser, page } = await halfWay();
  const done = await browser.postOnly(page.action, { ...page.hidden, organisation: organisationOf(page) });
  expect([done.status, new URL(done.location ?? '').pathname]).toEqual([303, expect.stringMatching(/^\/careflex\/auth\//)]);
  return { browser, page: done, run: page.url };
}

/** The owner at their account pages, after a login of their own. */
async function owner(): Promise<{ browser: HttpBrowser; csrf: string }> {
  const browser = sluis.browser();
  const page = await goOn(await halfWay(browser, '/careflex/account/password'));
  expect(page.status).toBe(200);
  return { browser, csrf: page.hidden['csrf'] ?? '' };
}

const inOne = (work: (tx: Parameters<typeof throwOut>[0]) => Promise<unknown>) => host().database.transaction(work);
const about = () => ({ accountId, actor: desk, now: sluis.now() });

/** Ways in which somebody may find out that another is in. */
const ways: [string, () => Promise<unknown>][] = [
  ['a password chosen by a mailed link', async () => {
    const browser = sluis.browser();
    await browser.submit(await browser.get('/careflex/password/forgot'), { username });
    const mails = await listOutbox(db(), { channel: 'mail', limit: 100 });
    const link = mails.flatMap(({ links }) => links).find((one) => one.includes('/password/link/')) ?? '';
    expect((await browser.submit(await browser.get(new URL(link).pathname), { new_password: chosen })).end).toBe('password_chosen');
  }],
  ['one\'s own password changed on the account pages', async () => {
    const { browser, csrf } = await owner();
    expect((await browser.post('/careflex/account/password', { csrf, current_password: known, new_password: chosen })).url).toContain('saved=password');
    // the session in which that was done stays
    expect((await browser.get('/careflex/account/sessions')).status).toBe(200);
    expect(await listSessions(db(), { accountId })).toHaveLength(1);
  }],
  ['a password changed from the login page', async () => {
    const place = { database: host().database, realm: host().realm, vault: host().vault, now: sluis.now() };
    expect(await changeAtLogin(place, { names: { scope: '', username }, current: known, chosen, address: '::1' })).toEqual({ kind: 'done' });
  }],
  ['a one-time password of the service desk', async () => {
    const oneTime = await newOneTimePassword(host().realm);
    await inOne((tx) => setOneTimePassword(tx, host().realm, { ...about(), oneTime }));
  }],
  ['\'Overal uitloggen\' on the account pages', async () => {
    const { browser, csrf } = await owner();
    expect((await browser.post('/careflex/account/sessions/end-all', { csrf })).html).toContain('data-ended="everywhere"');
  }],
  ['\'Overal uitloggen\' on the page for logging out', async () => {
    const { browser } = await owner();
    await arrive(browser, 'klantenportaal');
    const page = await browser.get('/careflex/session/end?client_id=klantenportaal');
    await browser.post(page.action, { ...page.hidden, logout: 'everywhere' });
    expect(await listSessions(db(), { accountId })).toEqual([]);
  }],
  ['an account that was locked and unlocked', async () => {
    await inOne((tx) => lockAccount(tx, about()));
    await inOne((tx) => unlockAccount(tx, host().realm, about()));
  }],
];

describe.each(ways)('%s', (_, happens) => {
  test('throws out who was half way: the login begins anew', async () => {
    const thief = await halfWay();
    await happens();
    const page = await goOn(thief);
    expect([page.answer['code'], page.step]).toEqual([undefined, 'password']);
  });

  test('throws out who was done and had not fetched the answer: another login is asked, and what was shown is worth nothing', async () => {
    const thief = await finished();
    await happens();
    const page = await thief.browser.follow(thief.page);
    expect([page.status, page.answer['code'], page.step]).toEqual([200, undefined, 'password']);
    expect((await arrive(thief.browser, 'klantenportaal', { prompt: 'none' })).answer['error']).toBe('login_required');
    // the provider's own session is nobody's, so that it logs nobody out either
    expect(await db().selectFrom('documents').select('id').where('model', '=', 'Session').where('payload', 'like', `%${accountId}%`).where('uid', 'not in', (eb) => eb.selectFrom('sessions').select('id')).execute()).toEqual([]);
  });
});

describe('who is thrown out', () => {
  const reset = async () => {
    const oneTime = await newOneTimePassword(host().realm);
    await inOne((tx) => setOneTimePassword(tx, host().realm, { ...about(), oneTime }));
    await putPassword(db(), { account_id: accountId, hash, changed_at: sluis.now(), one_time: 0 });
  };

  test('and may come in after all goes on in the same tab, from the answer or from the login page', async () => {
    const [one, two] = [await finished(), await finished()];
    await reset();
    const asked = [await one.browser.follow(one.page), await two.browser.get(two.run)] as const;
    expect(asked.map(({ step }) => step)).toEqual(['password', 'password']);
    for (const [index, { browser }] of [one, two].entries()) {
      const page = await browser.submit(asked[index]!, { username, password: known });
      const answer = await goOn({ browser, page });
      expect(answer.answer['code']).toBeDefined();
      expect((await redeem(sluis, 'klantenportaal', answer.answer['code'] ?? '')).status).toBe(200);
    }
  });

  test('gets nothing for a code that the portal has not redeemed', async () => {
    const code = (await goOn(await halfWay())).answer['code'] ?? '';
    expect(code).not.toBe('');
    await reset();
    expect(await redeem(sluis, 'klantenportaal', code)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  test('leaves behind what the service desk can explain: what was answered keeps its journal', async () => {
    await goOn(await halfWay());
    await finished();
    await reset();
    const rows = await db().selectFrom('runs').select(['status', 'journal']).where('portal', '=', 'klantenportaal').orderBy('created_at', 'desc').execute();
    expect(rows.some(({ status, journal }) => status === 'done' && journal.includes(accountId))).toBe(true);
    expect(rows.filter(({ status, journal }) => status === 'open' && journal.includes(accountId))).toEqual([]);
  });
});

test('whoever changes their own password stays where they were in other tabs of this session', async () => {
  const { browser, csrf } = await owner();
  const choosing = await arrive(browser, 'klantenportaal', { prompt: 'select_account' });
  expect(choosing.step).toBe('organisation');
  await browser.post('/careflex/account/password', { csrf, current_password: known, new_password: chosen });
  expect((await goOn({ browser, page: choosing })).answer['code']).toBeDefined();
});
