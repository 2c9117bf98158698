import { expect, test } from '@jest/globals';
import { Histogram, Registry } from 'prom-client';
import { Durations } from './durations.ts';

test('says what prom-client\'s own histogram says', async () => {
  const [registry, theirs] = [new Registry(), new Registry()];
  const bounds = [0.01, 0.1, 1];
  const ours = new Durations({ name: 'wait_seconds', help: 'Waiting', bounds, register: registry });
  const histogram = new Histogram({ name: 'wait_seconds', help: 'Waiting', labelNames: ['realm', 'kind'], buckets: bounds, registers: [theirs] });
  const [red, blue] = ['red', 'blue'].map((realm) => ours.series({ realm, kind: 'x' }));
  ours.series({ realm: 'never', kind: 'x' });
  for (const [realm, observe] of [['red', red], ['blue', blue]] as const) {
    for (const seconds of [0, 0.01, 0.011, 0.5, 1, 7]) {
      observe?.(seconds);
      histogram.observe({ realm, kind: 'x' }, seconds);
    }
  }
  expect(await Registry.merge([registry]).metrics()).toBe(await theirs.metrics());
});
