// `npm run bench`: installs what is missing, builds, and measures Sluis beside the bare provider. The load comes from core 1.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build, install, root } from './prepare.mjs';

install();
build();
const [first, ...rest] = process.argv.slice(2);
const words = first === 'timing' ? ['dist/bench/timing.js', ...rest] : ['dist/bench/main.js', ...process.argv.slice(2)];
const bench = [process.execPath, join(root, words[0]), ...words.slice(1)];
const { status, error } = spawnSync('taskset', ['-c', '1', ...bench], { stdio: 'inherit' });
if (error) console.error(`taskset does not run (${error.message}): the bench needs Linux with two cores`);
process.exit(status ?? 1);
