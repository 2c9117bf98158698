import { expect, test } from '@jest/globals';
import { describeWithClock } from './clock.ts';
import { startWorld } from './world.ts';

describeWithClock('the demo world on a clock of its own', () => {
  test('portals, Sluis and its command line move along; timers do not', async () => {
    const world = await startWorld({ clock: true });
    try {
      const issued = async (): Promise<number> => {
        const answer = await fetch(`${world.sluis}/inlichtingenbureau/token`, {
          method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials', client_id: 'batch-zorg', client_secret: 'x' }),
        });
        return Date.parse(answer.headers.get('date') ?? '') / 1000;
      };
      expect(Math.abs(await issued() - world.now())).toBeLessThan(3);
      world.moveClock(180 * 86_400);
      const began = performance.now();
      // the Date header is renewed by a timer each second
      while (Math.abs(await issued() - world.now()) > 3 && performance.now() - began < 5000) await new Promise((done) => { setTimeout(done, 100); });
      expect(Math.abs(await issued() - world.now())).toBeLessThan(3);
      expect(Math.abs(world.now() - Date.now() / 1000 - 180 * 86_400)).toBeLessThan(3);
      const recorded = await world.sluisCli('agreement', 'record', '--realm', 'inlichtingenbureau', '--organisation', world.person('ib-unsigned').organisation_id, '--agreement', 'vecozo');
      expect(Math.abs(Number(recorded.json['signed_at']) - world.now())).toBeLessThan(10);
    } finally {
      expect(await world.stop()).toBe(0);
    }
  }, 60_000);
});
