import { test } from '@jest/globals';
import { install } from '../support/install.ts';
import { arrive } from '../support/journeys.ts';
test('x', async () => {
  const s = await install();
  for (const ch of [{ scope: 'openid offline_access' }, { scope: 'openid everything \u202e' }, { scope: 'openid everything' }, { request: 'e30.e30.' }, {response_type:'token'}]) {
    const p = await arrive(s.browser(), 'werk-en-inkomen', ch as never);
    process.stdout.write(`${JSON.stringify(ch)} ${p.status} ${p.location} ${p.end} ${p.step}\n`);
  }
  await s.stop();
});
