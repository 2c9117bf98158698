// `npm run bench`: installs what is missing, builds, and measures Sluis beside the bare provider. The load comes from core 1.
// `npm run bench:timing`: whether refusals tell by their time which names exist, on core 1 too.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build, install, root } from './prepare.mjs';

install();
build();
const [first, ...rest] = process.argv.slice(2);
const [script, args] = first === 'timing' ? ['timing.js', rest] : ['main.js', process.argv.slice(2)];
const { status, error } = spawnSync('taskset', ['-c', '1', process.execPath, join(root, 'dist/bench', script), ...args], { stdio: 'inherit' });
if (error) console.error(`taskset does not run (${error.message}): the bench needs Linux with two cores`);
process.exit(status ?? 1);
