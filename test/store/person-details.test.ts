import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { personFields } from '../../src/config/person.ts';
import { findAccount, updateAccount } from '../../src/store/accounts.ts';
import { purgeAccount } from '../../src/store/purge-account.ts';
import { dialects, type TestDatabase } from '../support/databases.ts';
import { anAccount, NOON } from '../support/rows.ts';

const details = {
  salutation: 'mevrouw', initials: 'Å.', given_name: 'José', infix: "van 't", family_name: 'O’Brien-Nguyễn', birth_date: '1980-02-29', gender: 'anders',
  address: 'Dijk 1\n1234 AB ’s-Gravenland', postal_address: '\u{20BB7}'.repeat(200), phone: '0301234567', mobile: '+31612345678', contact_email: 'post@gemeente.example',
  email: 'inlog@gemeente.example', newsletter: 1, department: 'Zorg; -- "x"', function: '020', card_function: 'Hoofd "Zorg" & Welzijn',
};

describe.each(dialects)('personal details on $name', ({ open }) => {
  let opened: TestDatabase;
  beforeEach(async () => {
    opened = await open();
    for (const id of ['jose', 'other']) {
      await anAccount(opened.database.db, id);
      await updateAccount(opened.database.db, id, details);
    }
  });
  afterEach(() => opened.drop());

  test('come back as they were kept, whichever a realm may ask', async () => {
    expect(Object.keys(details).toSorted()).toEqual(Object.keys(personFields).toSorted());
    expect(await findAccount(opened.database.db, 'jose')).toMatchObject(details);
  });

  test('are all gone after a purge, and only those of that account', async () => {
    const { db } = opened.database;
    await updateAccount(db, 'jose', { status: 'deleted', ended_at: NOON, end_reason: 'Uit dienst', language: 'nl' });
    expect(await purgeAccount(db, 'jose', { statuses: ['deleted'], endedUntil: NOON, now: NOON + 1 })).toBe(true);
    const kept = Object.entries(await findAccount(db, 'jose') ?? {}).filter(([, value]) => value !== null && value !== 0);
    expect(Object.fromEntries(kept)).toEqual({ id: 'jose', status: 'deleted', created_at: NOON, updated_at: NOON + 1, ended_at: NOON, purged_at: NOON + 1 });
    expect(await findAccount(db, 'other')).toMatchObject(details);
  });
});
