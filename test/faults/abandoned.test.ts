import { Agent, request } from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { purge } from '../../src/store/purge.ts';
import { install, type Install } from '../support/install.ts';
import { authUrl } from '../support/journeys.ts';

let at: Install;
beforeAll(async () => {
  at = await install({ change: ({ system }) => {
    system.database_url = '';
    system.trusted_proxies = ['127.0.0.1', '::1'];
  } });
}, 60_000);
afterAll(() => at?.stop());

const db = () => at.host('cak').database.db;
const agent = new Agent({ keepAlive: true, maxSockets: 16 });

/** A portal sends a browser that never comes back. @returns status, and where it was sent */
function abandon(address: string): Promise<{ status: number | undefined; to: string }> {
  return new Promise((resolve, reject) => {
    request(`${at.url}${authUrl('mijn-cak-zakelijk')}`, { agent, headers: { 'x-forwarded-for': address } }, (answer) => {
      answer.resume().on('end', () => resolve({ status: answer.statusCode, to: answer.headers.location ?? '' }));
    }).on('error', reject).end();
  });
}

/** @returns how many of them were sent to a login */
async function abandonMany(count: number, addressOf: (n: number) => string): Promise<number> {
  let [next, begun] = [0, 0];
  await Promise.all(Array.from({ length: 16 }, async () => {
    while (next < count) {
      next += 1;
      const { to } = await abandon(addressOf(next));
      if (to.includes('/login/')) begun += 1;
    }
  }));
  return begun;
}

const rows = async (table: 'runs' | 'documents' | 'counters'): Promise<number> => Number((await db().selectFrom(table).select(({ fn }) => fn.countAll().as('n')).executeTakeFirstOrThrow()).n);
const pages = async (): Promise<number> => (await sql<{ page_count: number }>`pragma page_count`.execute(db())).rows[0]?.page_count ?? 0;

test('10,000 logins that nobody ends: bounded for one address, gone after their time, without holding others up, and their room is used again', async () => {
  expect(await abandonMany(1200, () => '203.0.113.1')).toBe(1000);
  expect(await abandonMany(9000, (n) => `203.0.113.${2 + n % 10}`)).toBe(9000);
  expect(await rows('runs')).toBe(10_000);
  const full = await pages();

  // what is not over stays
  await purge(at.host('cak').database, at.now());
  expect(await rows('runs')).toBe(10_000);

  at.advance(at.host('cak').realm.ttl.run + 86_400 + 120);
  let [turns, longest, working] = [0, 0, true];
  const others = (async () => {
    while (working) {
      const begun = performance.now();
      await db().insertInto('replays').values({ id: `x${begun}`, expires_at: at.now() + 60 }).execute();
      longest = Math.max(longest, performance.now() - begun);
      turns += 1;
      await new Promise((resolve) => { setImmediate(resolve); });
    }
  })();
  await purge(at.host('cak').database, at.now());
  working = false;
  await others;
  // room for others in between: a purge in one piece would leave them a turn or two
  expect(turns).toBeGreaterThan(20);
  expect(longest).toBeLessThan(2000);
  expect([await rows('runs'), await rows('documents'), await rows('counters')]).toEqual([0, 0, 0]);

  // the same again takes no more room
  expect(await abandonMany(1000, () => '203.0.113.9')).toBe(1000);
  expect(await pages()).toBeLessThanOrEqual(full);
}, 420_000);

test.each([
  ['documents', 'expires_at'], ['runs', 'expires_at'], ['tickets', 'expires_at'], ['face_sessions', 'expires_at'], ['replays', 'expires_at'], ['counters', 'resets_at'],
])('what is over in %s is found by an index', async (table, column) => {
  const plan = await sql<{ detail: string }>`explain query plan select 1 from ${sql.table(table)} where ${sql.ref(column)} <= ${1} limit 200`.execute(db());
  expect(plan.rows.map(({ detail }) => detail).join()).toMatch(/SEARCH .* USING (COVERING )?INDEX/);
});
