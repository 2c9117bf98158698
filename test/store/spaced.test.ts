import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { takeSpaced } from '../../src/store/counters.ts';
import { guessing } from '../../src/domain/throttle.ts';
import { dialects, type TestDatabase } from '../support/databases.ts';
import { NOON } from '../support/rows.ts';

describe.each(dialects)('tries that wait longer after each, on $name', ({ open }) => {
  let opened: TestDatabase;
  beforeAll(async () => { opened = await open(); });
  afterAll(() => opened.drop());
  const take = (key: string, now = NOON) => takeSpaced(opened.database.db, key, guessing, now);

  test('of fifty at once, at two nodes, five are taken', async () => {
    const other = opened.second();
    const all = await Promise.all(Array.from({ length: 50 }, (_, n) => takeSpaced((n % 2 === 0 ? opened.database : other).db, 'fifty', guessing, NOON)));
    expect(all.flatMap((one) => (one.taken ? [one.count] : [])).toSorted()).toEqual([1, 2, 3, 4, 5]);
    expect(all.filter((one) => !one.taken)).toEqual(Array.from({ length: 45 }, () => ({ taken: false, opensAt: NOON + 60 })));
  });

  test('the wait doubles up to its longest, which holds', async () => {
    let now = NOON;
    const waits: number[] = [];
    for (let n = 1; n <= 11; n += 1) {
      expect(await take('grows', now)).toEqual({ taken: true, count: n });
      if (n < 5) continue;
      const next = await take('grows', now);
      const opensAt = next.taken ? now : next.opensAt;
      waits.push(opensAt - now);
      now = opensAt;
    }
    expect(waits).toEqual([60, 120, 240, 480, 900, 900, 900]);
  });

  test('after a day of rest it is forgotten; a clock that stepped back keeps nobody waiting', async () => {
    for (let n = 0; n < 5; n += 1) await take('rest');
    expect(await take('rest', NOON + 59)).toEqual({ taken: false, opensAt: NOON + 60 });
    expect(await take('rest', NOON + 60 + 86_400)).toEqual({ taken: true, count: 1 });
    for (let n = 0; n < 4; n += 1) await take('rest', NOON + 60 + 86_400);
    expect((await take('rest', NOON)).taken).toBe(true);
  });

  test('a node whose clock is some seconds behind takes the free ones too', async () => {
    for (const now of [NOON, NOON - 3, NOON, NOON - 3]) expect((await take('behind', now)).taken).toBe(true);
  });
});
