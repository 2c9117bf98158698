import { writeFileSync } from 'node:fs';

/** Hands jest's counts to tools/test.mjs. A file that does not load counts as a failure. */
export default class SummaryReporter {
  onRunComplete(_contexts, { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites }) {
    const file = process.env.SLUIS_TEST_SUMMARY;
    if (file) writeFileSync(file, JSON.stringify({ passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites, skipped: numPendingTests }));
  }
}
