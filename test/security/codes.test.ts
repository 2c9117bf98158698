import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { listAudit } from '../../src/store/audit.ts';
import { verificationCodes } from '../../src/store/codes.ts';
import { findMembership } from '../../src/store/memberships.ts';
import { install, type Install } from '../support/install.ts';
import type { HttpBrowser, Page } from '../support/http-browser.ts';
import { arrive, codeFor, ib, login, loginCak, newcomer, person, registerAt, type Someone } from '../support/journeys.ts';

const wrongCode = (n: number): string => `AAAA-AAAA-${String.fromCharCode(65 + Math.floor(n / 20))}${String.fromCharCode(65 + n % 20)}`;

describe('verification codes', () => {
  let sluis: Install;
  let browser: HttpBrowser;
  let page: Page;
  let membershipId: string;
  let someone: Someone;
  beforeAll(async () => { sluis = await install(); }, 60_000);
  afterAll(() => sluis?.stop());
  // guesses are counted per registration: each test has its own
  beforeEach(async () => {
    [browser, someone] = [sluis.browser(), newcomer()];
    ({ page, membershipId } = await registerAt(sluis, browser, someone));
  });

  const db = () => sluis.host(ib).database.db;
  const used = async (): Promise<number> => (await listAudit(db(), { event: 'code.used', limit: 1000 })).filter(({ object_id }) => object_id === membershipId).length;
  const type = async (code: string): Promise<Page> => browser.submit(await browser.get(page.url), { code });
  const status = async (): Promise<string | undefined> => (await findMembership(db(), membershipId))?.status;

  test('a right code is taken, with small letters and spaces, once; it is used up afterwards', async () => {
    const code = await codeFor(sluis, membershipId);
    const done = await type(` ${code.toLowerCase().replaceAll('-', ' ')} `);
    expect(done.end).toBe('verified');
    expect(await status()).toBe('active');
    expect((await verificationCodes.latest(db(), membershipId))?.close_reason).toBe('used');
    // posting it again shows the same good end, and writes nothing
    expect((await browser.submit(page, { code })).end).toBe('verified');
    expect(await used()).toBe(1);
    expect((await login(sluis, browser, someone)).answer['code']).toBeTruthy();
  });

  test('wrong codes say how many tries are left; after the fifth the right one is dead too', async () => {
    const code = await codeFor(sluis, membershipId);
    for (let n = 0; n < 5; n += 1) {
      const wrong = await type(wrongCode(n));
      expect(wrong.problems).toEqual([n < 4 ? 'verification-code.wrong' : 'verification-code.dead']);
      if (n < 4) expect(wrong.html).toMatch(new RegExp(`\\b${4 - n}\\b`));
    }
    expect((await type(code)).problems).toEqual(['verification-code.dead']);
    expect(await status()).toBe('pending');
    // a new code is a new chance
    expect((await type(await codeFor(sluis, membershipId))).end).toBe('verified');
  });

  test('an expired code says so', async () => {
    const code = await codeFor(sluis, membershipId);
    sluis.advance(14 * 86_400);
    page = await login(sluis, browser, someone);
    expect(page.step).toBe('verification-code');
    expect((await type(code)).problems).toEqual(['verification-code.expired']);
    expect(await status()).toBe('pending');
  });

  test('a code that a newer one replaced no longer works', async () => {
    const [old, code] = [await codeFor(sluis, membershipId), await codeFor(sluis, membershipId)];
    expect((await type(old)).problems).toEqual(['verification-code.wrong']);
    expect((await type(code)).end).toBe('verified');
  });

  test('a code of one registration is worth nothing in another', async () => {
    const other = sluis.browser();
    const theirs = await registerAt(sluis, other, newcomer());
    const code = await codeFor(sluis, theirs.membershipId);
    await codeFor(sluis, membershipId);
    expect((await type(code)).problems).toEqual(['verification-code.wrong']);
    expect((await other.submit(theirs.page, { code })).end).toBe('verified');
  });

  test.each([['NUL', 'K7QM\u00004TPX92'], ['%00', '%00%00'], ['bidi', '\u202eK7QM4TPX92'], ['huge', 'A'.repeat(100_000)], ['emoji', '🔐🔐🔐🔐🔐'], ['a lone surrogate', '\ud800'], ['SQL', "' or 1=1 --"], ['nothing', ' ']])('%s instead of a code gives a clear answer, never a failure', async (_name, typed) => {
    await codeFor(sluis, membershipId);
    const answer = await type(typed);
    expect([answer.status, answer.step]).toEqual([200, 'verification-code']);
    expect(answer.problems).toHaveLength(1);
  });

  test('fifty guesses at once are counted as fifty: at most five are compared, and none can win after the fifth', async () => {
    const code = await codeFor(sluis, membershipId);
    // fifty runs: within one run only the first of many posts counts, the others are stale
    const runs: Page[] = [];
    for (let n = 0; n < 50; n += 1) runs.push(await login(sluis, browser, someone));
    expect(new Set(runs.map(({ url }) => url)).size).toBe(50);
    await Promise.all(runs.map((run, n) => browser.copy().submit(run, { code: n === 49 ? code : wrongCode(n) })));
    const counter = await db().selectFrom('counters').select('count').where('key', '=', `verification:${membershipId}`).executeTakeFirst();
    expect(counter?.count).toBe(50);
    const row = await verificationCodes.latest(db(), membershipId);
    expect([row?.tries, row?.close_reason]).toEqual([5, 'guessed']);
    expect(await status()).toBe('pending');
    // what comes after the throttle is not even looked at, and says when
    const later = await type(code);
    expect(later.problems).toEqual(['verification-code.wait']);
    expect(later.html).toMatch(/\d+ minuten/);
    expect(await status()).toBe('pending');
  });

  test('fifty guesses posted from one page at once: one is judged, the others change nothing', async () => {
    await codeFor(sluis, membershipId);
    const all = await Promise.all(Array.from({ length: 50 }, (_, n) => browser.copy().submit(page, { code: wrongCode(n) })));
    expect(new Set(all.map(({ status: number, step }) => `${number} ${step}`))).toEqual(new Set(['200 verification-code']));
    expect((await verificationCodes.latest(db(), membershipId))?.tries).toBeLessThanOrEqual(5);
  });

  test('the right code sent ten times at once: verified once', async () => {
    const code = await codeFor(sluis, membershipId);
    const all = await Promise.all(Array.from({ length: 10 }, () => browser.copy().submit(page, { code })));
    expect(all.every(({ status: number }) => number === 200)).toBe(true);
    expect(await used()).toBe(1);
    expect(await status()).toBe('active');
    expect((await browser.get(page.url)).end).toBe('verified');
  });
});

describe('passwords', () => {
  let sluis: Install;
  beforeAll(async () => { sluis = await install(); }, 60_000);
  afterAll(() => sluis?.stop());

  test.each([['NUL', 'jde\u0000vries'], ['%00', '%00'], ['bidi', '\u202ejdevries'], ['huge', 'j'.repeat(100_000)], ['a lone surrogate', '\udc00'], ['SQL', "' or 1=1 --"]])('%s in login name and password gives a clear answer, never a failure', async (_name, typed) => {
    const browser = sluis.browser();
    const page = await arrive(browser, 'mijn-cak-zakelijk');
    const all = [{ relation_number: '100231', username: typed, password: 'x' }, { relation_number: typed, username: 'jdevries', password: 'x' }, { relation_number: '100231', username: 'jdevries', password: typed }];
    for (const fields of all) {
      const answer = await browser.submit(await browser.get(page.url), fields);
      expect([answer.status, answer.step]).toEqual([200, 'password']);
      expect(answer.problems).toHaveLength(1);
    }
    expect((await loginCak(sluis.browser())).answer['code']).toBeTruthy();
  });

  test('of fifty guesses at once five are judged; the right password must wait too, and later it works', async () => {
    const browser = sluis.browser();
    const { relation_number = '', username = '', password = '' } = person('cak-twin').login;
    const pages: Page[] = [];
    for (let n = 0; n < 50; n += 1) pages.push(await arrive(browser, 'mijn-cak-zakelijk'));
    const [page] = pages as [Page];
    await Promise.all(pages.map((one) => browser.copy().submit(one, { relation_number, username, password: 'guess' })));
    const counters = await sluis.host('cak').database.db.selectFrom('counters').select('count').where('key', 'like', 'password:%').where('opens_at', '>', sluis.now()).execute();
    expect(counters).toEqual([{ count: 5 }]);
    expect((await browser.submit(await browser.get(page.url), { relation_number, username, password })).problems).toEqual(['password.wait']);
    sluis.advance(901);
    expect((await browser.submit(await browser.get(page.url), { relation_number, username, password })).answer['code']).toBeTruthy();
  });

  test('the same name at another organisation is another person', async () => {
    const { username = '', password = '' } = person('cak-active').login;
    const browser = sluis.browser();
    const answer = await browser.submit(await arrive(browser, 'mijn-cak-zakelijk'), { relation_number: person('cak-twin').login['relation_number'] ?? '', username, password });
    expect(answer.problems).toEqual(['password.wrong']);
  });
});
