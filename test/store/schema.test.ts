import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { root } from '../../src/root.ts';
import { describeSchema } from '../../src/store/describe.ts';

test('db/schema.sql is what the migrations make (node tools/schema.mjs writes it)', async () => {
  expect(await describeSchema()).toBe(readFileSync(join(root, 'db/schema.sql'), 'utf8'));
});
