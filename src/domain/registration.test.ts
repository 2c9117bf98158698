import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { administratorOf, emptyDatabase, exampleProfile, exampleProof, exampleRealm, noon, organisationWith, registered } from '../../test/support/house.ts';
import { findAccount, listAccounts } from '../store/accounts.ts';
import { listAudit } from '../store/audit.ts';
import type { Database } from '../store/database.ts';
import { findMembership, updateMembership } from '../store/memberships.ts';
import { listOutbox } from '../store/outbox.ts';
import { profileOf } from './profile.ts';
import { completeProfile, registerPerson } from './registration.ts';

const realm = exampleRealm();
let database: Database;
let organisationId: string;
beforeEach(async () => {
  database = await emptyDatabase();
  organisationId = await organisationWith(database, realm, '10000001');
});
afterEach(() => database.close());

describe('registerPerson', () => {
  test('IB-4 makes an account and a pending membership, and records both', async () => {
    const { accountId, membershipId } = await registered(database, realm, organisationId);
    expect(await findAccount(database.db, accountId)).toMatchObject({ status: 'active', given_name: 'Carla', phone: '0301234567', newsletter: 0, language: 'nl' });
    expect(await findMembership(database.db, membershipId)).toMatchObject({ organisation_id: organisationId, status: 'pending', tier: 'user', verified_at: null });
    const events = (await listAudit(database.db, { organisationId })).map((row) => row.event);
    expect(events).toEqual(expect.arrayContaining(['account.created', 'registration.created']));
  });

  test('IB-6 each active administrator of the organisation gets a mail with the way to the page', async () => {
    const other = await organisationWith(database, realm, '10000002');
    await administratorOf(database, realm, other, 'ander@gemeente.example');
    await administratorOf(database, realm, organisationId, 'eerste@gemeente.example');
    const left = await administratorOf(database, realm, organisationId, 'weg@gemeente.example');
    await updateMembership(database.db, left.membershipId, { status: 'ended' });
    await database.db.deleteFrom('outbox').execute();
    const { membershipId } = await registered(database, realm, organisationId, { broker: exampleProof('10000001') });
    const mails = await listOutbox(database.db);
    expect(mails.map((mail) => mail.recipient)).toEqual(['eerste@gemeente.example']);
    const link = `http://localhost:3000/voorbeeld/admin/people/${membershipId}`;
    expect(mails[0]).toMatchObject({ channel: 'mail', links: [link] });
    expect(mails[0]?.text).toContain(link);
    expect(mails[0]?.subject).toContain('Carla Nieuwenhof');
    expect(mails[0]?.text).toContain('Gemeente 10000001');
  });

  test('claiming to be the administrator is only recorded', async () => {
    const { membershipId } = await registered(database, realm, organisationId, { claims: 'administrator' });
    expect((await findMembership(database.db, membershipId))?.tier).toBe('user');
    const [row] = await listAudit(database.db, { event: 'registration.created' });
    expect(row?.detail).toEqual({ broker: 'reecent', claims: 'administrator' });
  });

  test('twice for one identity, also at once, is one account and one message', async () => {
    await administratorOf(database, realm, organisationId);
    const broker = exampleProof('10000001', 'same');
    const all = await Promise.all(['Carla', 'Karla', 'Clara'].map((given_name) => database.transaction((tx) => registerPerson(tx, {
      realm, organisationId, broker, profile: exampleProfile({ given_name }), language: 'nl', now: noon,
    }))));
    expect(new Set(all.map((ids) => `${ids.accountId} ${ids.membershipId}`)).size).toBe(1);
    expect(await listAccounts(database.db)).toHaveLength(2);
    expect(await listOutbox(database.db)).toHaveLength(1);
    expect(await listAudit(database.db, { event: 'account.created' })).toHaveLength(2);
  });

  test('one pseudonym in two organisations is two accounts', async () => {
    const other = await organisationWith(database, realm, '10000002');
    const broker = exampleProof('10000001', 'same');
    const first = await registered(database, realm, organisationId, { broker });
    const second = await registered(database, realm, other, { broker });
    expect(first.accountId).not.toBe(second.accountId);
  });

  test('an organisation that is not there is refused and leaves nothing', async () => {
    await expect(registered(database, realm, 'nowhere')).rejects.toMatchObject({ code: 'organisation.unknown' });
    expect(await listAccounts(database.db)).toHaveLength(0);
  });

  test('completing a profile records the fields that changed, not their values', async () => {
    const { accountId } = await registered(database, realm, organisationId);
    const profile = exampleProfile({ family_name: 'Oudenhof', newsletter: 'on' });
    await database.transaction((tx) => completeProfile(tx, { accountId, profile, now: noon + 5 }));
    expect(await profileOf(database.db, realm.person, accountId)).toEqual({
      salutation: 'mevrouw', initials: 'C.', given_name: 'Carla', family_name: 'Oudenhof', phone: '0301234567', email: 'carla@gemeente.example', newsletter: 'yes',
    });
    const [row] = await listAudit(database.db, { event: 'profile.changed' });
    expect(row).toMatchObject({ at: noon + 5, detail: { fields: ['family_name', 'newsletter'] } });
    await expect(database.transaction((tx) => completeProfile(tx, { accountId: 'x', profile, now: noon }))).rejects.toMatchObject({ code: 'account.unknown' });
    expect(await profileOf(database.db, realm.person, 'x')).toEqual({});
  });
});
