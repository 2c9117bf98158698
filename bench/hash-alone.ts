import { hashPassword, verifyHash } from '../src/domain/passwords/hash.ts';

/** Checks passwords and does nothing else, for as many CPU seconds as a parent asks (`{ cpu }`), and says how many it checked. */
const settings = { memory_kib: 19_456, passes: 2, lanes: 1 };
const password = 'Riet-Oever-Boot-7';
const hash = await hashPassword(password, settings);

process.on('message', ({ cpu }: { cpu: number }) => {
  void check(cpu).then((round) => process.send?.(round));
});
process.once('disconnect', () => process.exit(0));
process.send?.('ready');

/** Eight wait at a time, as they do for the server. */
async function check(cpu: number): Promise<{ operations: number; cpu: number }> {
  const spent = (since?: NodeJS.CpuUsage): number => { const { user, system } = process.cpuUsage(since); return (user + system) / 1e6; };
  const start = process.cpuUsage();
  let operations = 0;
  await Promise.all(Array.from({ length: 8 }, async () => {
    while (spent(start) < cpu) {
      await verifyHash(hash, password);
      operations += 1;
    }
  }));
  return { operations, cpu: spent(start) };
}
