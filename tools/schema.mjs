// Writes db/schema.sql from the migrations. Run after a build: node tools/schema.mjs [--check]
import { readFileSync, writeFileSync } from 'node:fs';
import { describeSchema } from '../dist/src/store/describe.js';

const file = new URL('../db/schema.sql', import.meta.url);
const schema = await describeSchema();
if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== schema) {
    console.error('db/schema.sql is not what the migrations make: run node tools/schema.mjs');
    process.exitCode = 1;
  }
} else {
  writeFileSync(file, schema);
}
