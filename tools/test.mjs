// `npm test`: installs what is missing and runs everything this machine can run. Arguments go to jest.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, install, run, tool } from './prepare.mjs';

install();
const only = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'sluis-test-'));
const summary = join(folder, 'summary.json');

const checks = only.length > 0 ? [] : [
  ['types', () => run(tool('tsc'), ['-p', '.'])],
  ['lint', () => run(tool('oxlint'), ['--type-aware', '--deny-warnings'])],
];
const failedChecks = checks.filter(([name, check]) => {
  console.log(`\n== ${name}`);
  return !check();
}).map(([name]) => name);

console.log('\n== tests');
build();
run(process.execPath, ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js', '--maxWorkers=2', ...only], { SLUIS_TEST_SUMMARY: summary, NODE_ENV: 'test' });

let counts = { passed: 0, failed: 1, skipped: 0 };
try {
  counts = JSON.parse(readFileSync(summary, 'utf8'));
} catch {
  console.error('jest wrote no summary: it did not run to its end');
}
rmSync(folder, { recursive: true, force: true });
for (const name of failedChecks) console.error(`check failed: ${name}`);
const failed = counts.failed + failedChecks.length;
console.log(`\n${counts.passed + checks.length - failedChecks.length} passed, ${failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`);
process.exit(failed > 0 ? 1 : 0);
