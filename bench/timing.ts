import { parseArgs } from 'node:util';
import { checkLogin } from '../src/domain/local-login.ts';
import { createVault } from '../src/domain/vault.ts';
import { table, verdict } from './figures.ts';
import { machine } from './machine.ts';
import { openNames, scope, type Names } from './names.ts';
import { sampleOf, seen, shuffled, welch } from './welch.ts';

/**
 * Does the time of a refusal tell whether a name exists? Asks what the login page asks, of realm cak as it is shipped on SQLite, without
 * HTTP around it: less noise, so a smaller difference is seen. Known and unknown names in random order, one at a time. No throttle
 * is switched off: of each name no more is tried than it lets through freely, and addresses move on. Nothing is left out of the sums.
 */
const LIMIT = 4.5;
const TRIES_OF_A_NAME = 4;
const TRIES_OF_AN_ADDRESS = 500;
const WARM_UP = 100;
const usage = 'usage: npm run bench:timing -- [--tries N]\n  --tries N  refusals of known names, and as many of unknown ones (2000)\n';

type Kind = 'known' | 'unknown';
type Try = { kind: Kind; name: string };
/** Milliseconds: on the clock, as a stranger sees it; and of the processor, all threads, which says less of what else the machine does. */
type Times = Record<Kind, { clock: number[]; processor: number[] }>;

const { values } = parseArgs({ options: { tries: { type: 'string', default: '2000' }, help: { type: 'boolean' } } });
const tries = Number(values.tries);
if (values.help || !Number.isInteger(tries) || tries < 2) {
  process.stderr.write(usage);
  process.exitCode = values.help ? 0 : 2;
} else {
  const names = await openNames(Math.ceil(tries / TRIES_OF_A_NAME));
  try {
    process.exitCode = print(await measure(names));
  } finally {
    await names.close();
  }
}

async function measure(names: Names): Promise<Times> {
  const ask = asker(names);
  // names of their own: what is tried below was never tried before
  for (let number = 0; number < WARM_UP; number += 1) await ask(`warm-${number}`);
  const times: Times = { known: { clock: [], processor: [] }, unknown: { clock: [], processor: [] } };
  for (const { kind, name } of orderOf(names)) {
    const { clock, processor } = await ask(name);
    times[kind].clock.push(clock);
    times[kind].processor.push(processor);
  }
  return times;
}

function orderOf(names: Names): Try[] {
  const of = (kind: Kind): Try[] => Array.from({ length: tries }, (_, count) => ({ kind, name: names[kind][Math.floor(count / TRIES_OF_A_NAME)] ?? '' }));
  return shuffled([...of('known'), ...of('unknown')]);
}

/** One wrong password. @throws Error when it gets another answer: a throttle that answers, or a full queue, costs no hash */
function asker({ database: { db }, realm }: Names): (name: string) => Promise<{ clock: number; processor: number }> {
  const [vault, now] = [createVault(Buffer.alloc(32, 1)), Math.floor(Date.now() / 1000)];
  let asked = 0;
  return async (name) => {
    const address = `192.0.2.${Math.floor(asked / TRIES_OF_AN_ADDRESS)}`;
    asked += 1;
    const [start, cpu] = [performance.now(), process.cpuUsage()];
    const { kind } = await checkLogin({ db, realm, vault, now }, { names: { scope, username: name }, password: 'Fout-Woord-12', address });
    const [clock, { user, system }] = [performance.now() - start, process.cpuUsage(cpu)];
    if (kind !== 'wrong') throw new Error(`try ${asked}: a wrong password was answered with ${kind}`);
    return { clock, processor: (user + system) / 1000 };
  };
}

/** @returns the exit code */
function print({ known, unknown }: Times): 0 | 1 {
  const rows = (['clock', 'processor'] as const).map((which) => {
    const [a, b] = [sampleOf(known[which]), sampleOf(unknown[which])];
    const t = welch(a, b);
    const of = ({ mean, variance }: typeof a): string => `${mean.toFixed(2)} ± ${Math.sqrt(variance).toFixed(2)} ms`;
    return { met: Math.abs(t) < LIMIT, cells: [`time by the ${which}`, of(a), of(b), t.toFixed(2), `± ${LIMIT}`, `${seen(a, b, LIMIT).toFixed(2)} ms`] };
  });
  const { cpu, cores, os, node } = machine();
  const head = [`${tries} refusals each`, 'known names', 'unknown names', 'Welch\'s t', 'limit', 'would be seen', ''];
  process.stdout.write(`${cpu}, ${cores} cores, ${os}, Node ${node}; one try at a time, all on one core.\n\n${table(head, rows.map(({ met, cells }) => [...cells, verdict({ met })])).join('\n')}\n`);
  return rows.every(({ met }) => met) ? 0 : 1;
}
