import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createDocuments, type Documents } from '../../src/store/documents.ts';
import { dialects, type TestDatabase } from '../support/databases.ts';
import { NOON } from '../support/rows.ts';

describe.each(dialects)('documents on $name', ({ open }) => {
  let opened: TestDatabase;
  let documents: Documents;
  beforeAll(async () => { opened = await open(); documents = createDocuments(opened.database); });
  afterAll(() => opened.drop());

  test('a document is found by model and id, and replaced by a second upsert', async () => {
    await documents.upsert('AccessToken', 'one', { kind: 'AccessToken', name: "O'Brien-van 't Hoff" }, NOON + 60);
    expect(await documents.find('AccessToken', 'one')).toEqual({ kind: 'AccessToken', name: "O'Brien-van 't Hoff" });
    expect(await documents.find('RefreshToken', 'one')).toBeUndefined();
    await documents.upsert('AccessToken', 'one', { name: 'Nguyễn' }, undefined);
    expect(await documents.find('AccessToken', 'one')).toEqual({ name: 'Nguyễn' });
    await documents.destroy('AccessToken', 'one');
    expect(await documents.find('AccessToken', 'one')).toBeUndefined();
  });

  test('fifty who consume one code at once: one may, and it stays consumed', async () => {
    await documents.upsert('AuthorizationCode', 'code', { grantId: 'g' }, NOON + 60);
    const other = createDocuments(opened.second());
    const won = await Promise.all(Array.from({ length: 50 }, (_, n) => (n % 2 ? documents : other).consume('AuthorizationCode', 'code', NOON)));
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await documents.find('AuthorizationCode', 'code')).toEqual({ grantId: 'g', consumed: NOON });
    await documents.upsert('AuthorizationCode', 'code', { grantId: 'g' }, NOON + 60);
    expect(await documents.consume('AuthorizationCode', 'code', NOON)).toBe(false);
    expect(await documents.consume('AuthorizationCode', 'unknown', NOON)).toBe(false);
  });

  test('what may be seen once is inserted once', async () => {
    const seen = await Promise.all(Array.from({ length: 50 }, () => documents.insert('ReplayDetection', 'jti', { iss: 'c' }, NOON + 60)));
    expect(seen.filter(Boolean)).toHaveLength(1);
  });

  test('revoking a grant removes that model of that grant only', async () => {
    await documents.upsert('AccessToken', 'a1', { grantId: 'g1' }, NOON + 60);
    await documents.upsert('AccessToken', 'a2', { grantId: 'g2' }, NOON + 60);
    await documents.upsert('RefreshToken', 'r1', { grantId: 'g1' }, NOON + 60);
    await documents.revokeByGrantId('AccessToken', 'g1');
    expect(await documents.find('AccessToken', 'a1')).toBeUndefined();
    expect(await documents.find('AccessToken', 'a2')).toBeDefined();
    expect(await documents.find('RefreshToken', 'r1')).toBeDefined();
  });

  test('a session is found by uid under its new id, a device code by what was typed', async () => {
    await documents.upsert('Session', 's1', { uid: 'u', n: 1 }, NOON + 60);
    await documents.upsert('Session', 's2', { uid: 'u', n: 2 }, NOON + 120);
    expect(await documents.findByUid('Session', 'u')).toMatchObject({ n: 2 });
    await documents.upsert('DeviceCode', 'd1', { userCode: 'ABCD' }, NOON + 60);
    expect(await documents.findByUserCode('DeviceCode', 'ABCD')).toEqual({ userCode: 'ABCD' });
    expect(await documents.findByUserCode('DeviceCode', 'EFGH')).toBeUndefined();
  });

  test('the purge keeps what is valid, what never expires, and a minute of tolerance', async () => {
    await documents.upsert('Purged', 'old', {}, NOON - 61);
    await documents.upsert('Purged', 'tolerated', {}, NOON - 30);
    await documents.upsert('Purged', 'valid', {}, NOON + 1);
    await documents.upsert('Purged', 'always', {}, undefined);
    expect(await documents.purge(NOON, 10)).toBe(1);
    const left = await opened.database.db.selectFrom('documents').select('id').where('model', '=', 'Purged').orderBy('id').execute();
    expect(left.map((row) => row.id)).toEqual(['always', 'tolerated', 'valid']);
  });

  test('within a transaction documents come and go with it', async () => {
    await expect(opened.database.transaction(async (tx) => {
      const inside = createDocuments({ db: tx });
      await inside.upsert('Grant', 'g9', { n: 1 }, NOON);
      expect(await inside.find('Grant', 'g9')).toEqual({ n: 1 });
      throw new Error('no');
    })).rejects.toThrow('no');
    expect(await documents.find('Grant', 'g9')).toBeUndefined();
  });
});
