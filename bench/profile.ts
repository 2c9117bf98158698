import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

type Frame = { functionName: string; url: string; lineNumber: number };
type CpuProfile = { nodes: { id: number; callFrame: Frame }[]; samples: number[]; timeDeltas: number[] };

/** Where the time of a profile (`node --cpu-prof`) went after `skip` seconds: by package, and the functions with most time of their own. */
export function summarise(file: string, skip: number, lines = 60): string {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile;
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const [packages, functions] = [new Map<string, number>(), new Map<string, number>()];
  let [total, at] = [0, 0];
  samples.forEach((id, index) => {
    const frame = frames.get(id);
    const time = timeDeltas[index] ?? 0;
    at += time;
    if (at < skip * 1e6 || !frame || frame.functionName === '(idle)') return;
    total += time;
    add(packages, packageOf(frame), time);
    add(functions, `${frame.functionName || '(anonymous)'} ${shortUrl(frame.url)}:${frame.lineNumber + 1}`, time);
  });
  const list = (times: Map<string, number>, count: number): string[] => [...times].toSorted(([, a], [, b]) => b - a).slice(0, count)
    .map(([name, time]) => `${(time / total * 100).toFixed(1).padStart(5)} %  ${name}`);
  return ['by package', ...list(packages, 20), '', 'by function, time of its own', ...list(functions, lines)].join('\n');
}

/** The profile that a process wrote into this folder when it ended. @throws Error when there is none */
export function profileIn(folder: string): string {
  const [file] = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'));
  if (file === undefined) throw new Error(`no profile in ${folder}`);
  return join(folder, file);
}

function add(times: Map<string, number>, name: string, time: number): void {
  times.set(name, (times.get(name) ?? 0) + time);
}

function packageOf({ url, functionName }: Frame): string {
  if (url === '') return functionName.startsWith('(') ? functionName : 'native';
  const found = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  return found ?? (url.startsWith('node:') ? 'node' : `sluis ${/dist\/(src\/[^/]+)/.exec(url)?.[1] ?? ''}`);
}

function shortUrl(url: string): string {
  return url.replace(/^file:.*?\/(node_modules|dist)\//, '');
}
