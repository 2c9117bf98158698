import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { install, type Install } from '../support/install.ts';

let sluis: Install;
beforeAll(async () => { sluis = await install(); }, 60_000);
afterAll(() => sluis?.stop());

const ask = async (path: string): Promise<[number, unknown]> => {
  const answer = await fetch(`${sluis.url}${path}`);
  return [answer.status, await answer.json()];
};

test('/readyz says which realm has no database; /healthz only that the process lives', async () => {
  expect(await ask('/readyz')).toEqual([200, { status: 'ready' }]);
  await sluis.host('cak').database.close();
  expect(await ask('/readyz')).toEqual([503, { status: 'unavailable', realms: ['cak'] }]);
  expect(await ask('/healthz')).toEqual([200, { status: 'ok' }]);
});
