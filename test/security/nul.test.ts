import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openRun } from '../../src/flow/run.ts';
import { createAdapterFactory } from '../../src/oidc/adapter.ts';
import { password } from '../../src/steps/password/step.ts';
import { dialects, type TestDatabase } from '../support/databases.ts';
import { exampleRealm, noon } from '../support/house.ts';

/** SQLite takes a NUL in a text, PostgreSQL fails at the question: what people can make up must not get that far. */
describe.each(dialects)('a NUL character on $name', ({ open }) => {
  let opened: TestDatabase;
  beforeAll(async () => { opened = await open(); }, 60_000);
  afterAll(() => opened?.drop());

  test.each(['Client', 'AuthorizationCode', 'RefreshToken', 'AccessToken', 'Session'])('in the id of a %s: there is none', async (model) => {
    expect(await createAdapterFactory(opened.database, () => noon)(model).find('a\u0000b')).toBeUndefined();
  });

  test('in the id of a run: there is none', async () => {
    expect(await openRun(opened.database.db, exampleRealm(), '\u0000', noon)).toBeUndefined();
  });

  test.each(['relation_number', 'username', 'password'])('in the field %s of the password page: unreadable', (field) => {
    expect(password.input.safeParse({ [field]: 'a\u0000b' }).success).toBe(false);
  });
});
