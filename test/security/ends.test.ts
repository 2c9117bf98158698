import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { updateAccount } from '../../src/store/accounts.ts';
import { listAudit } from '../../src/store/audit.ts';
import { findMembership, setRoles } from '../../src/store/memberships.ts';
import type { Page } from '../support/http-browser.ts';
import { install, type Install } from '../support/install.ts';
import { arrive, codeFor, ib, login, newcomer, person, registerAt } from '../support/journeys.ts';

/** Page A22: whoever comes no further reads why and what to do, and a reference by which the service desk finds what happened. */
let at: Install;
beforeAll(async () => { at = await install(); }, 60_000);
afterAll(() => at?.stop());

const main = (page: Page): string => /<main[^]*<\/main>/.exec(page.html)?.[0] ?? '';
const reference = (page: Page): string => /data-reference>([0-9A-F]{10})</.exec(page.html)?.[1] ?? '';
/** Somewhere to go: a link or a button of the page itself. */
const ways = (page: Page): number => [...main(page).matchAll(/<a [^>]*href="[^"]+"|<button [^>]*type="submit"/g)].length;
const found = (page: Page) => listAudit(at.host(ib).database.db, { reference: reference(page) });

async function locked(): Promise<Page> {
  const [browser, someone] = [at.browser(), newcomer()];
  const { page, membershipId } = await registerAt(at, browser, someone);
  await browser.submit(page, { code: await codeFor(at, membershipId) });
  const { db } = at.host(ib).database;
  await updateAccount(db, (await findMembership(db, membershipId))?.account_id ?? '', { status: 'locked' });
  return login(at, at.browser(), someone);
}

async function withoutRole(): Promise<Page> {
  const { db } = at.host(ib).database;
  const membership = person('ib-user').membership?.id ?? '';
  await setRoles(db, membership, []);
  try {
    return await login(at, at.browser(), 'ib-user', 'portaal-zorg');
  } finally {
    await setRoles(db, membership, [{ application: 'iwmo', role: 'gebruiker', assigned_by: 'x', assigned_at: 1 }]);
  }
}

async function unadministered(): Promise<Page> {
  const browser = at.browser();
  return browser.submit(await login(at, browser, 'ib-new-admin', 'portaal-zorg'), { administrator: 'no' });
}

describe('A22 a login that ends', () => {
  test.each<[string, () => Promise<Page>]>([
    ['level_too_low', () => login(at, at.browser(), 'ib-low', 'portaal-zorg')],
    ['organisation_unknown', () => login(at, at.browser(), 'ib-unknown', 'portaal-zorg')],
    ['agreements_missing', () => login(at, at.browser(), 'ib-unsigned', 'portaal-zorg')],
    ['administrator_first', unadministered],
    ['account_inactive', locked],
    ['no_role', withoutRole],
  ])('%s: why, what to do, and a reference that leads to the row of the refusal', async (code, walk) => {
    const page = await walk();
    expect([page.status, page.end]).toEqual([403, code]);
    expect(page.html).toContain('id="what-to-do"');
    expect(ways(page)).toBeGreaterThanOrEqual(1);
    expect(await found(page)).toContainEqual(expect.objectContaining({ event: 'login.refused', reason: code }));
  });
});

describe('A22 other errors', () => {
  test('an unknown client, and a login of another browser: a page with a way on and a reference', async () => {
    for (const page of [await arrive(at.browser(), 'werk-en-inkomen', { client_id: 'nobody' }), await at.browser().get((await arrive(at.browser())).url)]) {
      expect([page.status, page.end]).toEqual([400, expect.stringMatching(/^(invalid_client|session_not_found)$/)]);
      expect(reference(page)).not.toBe('');
      expect(ways(page)).toBeGreaterThanOrEqual(1);
    }
  });

  test('a login that took too long leads back to the portal', async () => {
    const browser = at.browser();
    const { url } = await arrive(browser);
    at.advance(3700);
    const page = await browser.get(url);
    expect([page.end, ways(page) > 0]).toEqual(['expired', true]);
  });
});
