import { hashPassword, verifyHash } from '../src/domain/passwords/hash.ts';
import type { Round } from './figures.ts';

/** Checks passwords and does nothing else, so many at once and for so many CPU seconds as the parent asks, and says how many it checked. */
type Order = { cpu: number; atOnce: number };

/** What every realm has that does not ask otherwise. */
const settings = { memory_kib: 19_456, passes: 2, lanes: 1 };
const password = 'Riet-Oever-Boot-7';
const hash = await hashPassword(password, settings);

process.on('message', (order: Order) => {
  void check(order).then((round) => process.send?.(round));
});
process.once('disconnect', () => process.exit(0));
process.send?.('ready');

async function check({ cpu, atOnce }: Order): Promise<Round> {
  const start = process.cpuUsage();
  const spent = (): number => { const { user, system } = process.cpuUsage(start); return (user + system) / 1e6; };
  let operations = 0;
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (spent() < cpu) {
      if (!await verifyHash(hash, password)) throw new Error('the right password was refused');
      operations += 1;
    }
  }));
  return { operations, cpu: spent() };
}
