import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { seedDemo } from '../../db/demo/seed.ts';
import { loadState } from '../../src/domain/state.ts';
import { findLogin, findPassword, listAccounts } from '../../src/store/accounts.ts';
import type { Database } from '../../src/store/database.ts';
import { listOrganisations } from '../../src/store/organisations.ts';
import { dialects } from '../support/databases.ts';
import { exampleRealm, noon } from '../support/house.ts';

const hash = async (password: string) => `hash of ${password}`;

describe.each(dialects)('the demo world on $name', ({ open }) => {
  let database: Database;
  let drop: () => Promise<void>;
  beforeEach(async () => { ({ database, drop } = await open()); });
  afterEach(() => drop());

  test('fills an empty realm once; who Sluis has not met is not in it', async () => {
    const realm = exampleRealm({ id: 'inlichtingenbureau' });
    await seedDemo(realm, database, hash, noon);
    const before = (await listAccounts(database.db)).map((account) => account.given_name);
    await seedDemo(realm, database, hash, noon + 1);
    expect((await listAccounts(database.db)).map((account) => account.given_name)).toEqual(before);
    expect(before).toEqual(expect.arrayContaining(['Anneke', 'Bram']));
    expect(before).not.toContain('Carla');
    const unsigned = (await listOrganisations(database.db)).find((organisation) => organisation.name === 'Gemeente Polderveen');
    const state = await loadState(database.db, realm, { organisationId: unsigned?.id ?? '', now: noon });
    expect(state.organisation).toMatchObject({ missingAgreements: ['aansluitovereenkomst', 'vecozo'], hasAdministrator: false });
  });

  test('IB-6 ib-admin is found by broker, pseudonym and number, as an active administrator', async () => {
    const realm = exampleRealm({ id: 'inlichtingenbureau' });
    await seedDemo(realm, database, hash, noon);
    const identity = await database.db.selectFrom('broker_identities').innerJoin('accounts', 'accounts.id', 'account_id').selectAll().where('given_name', '=', 'Anneke').executeTakeFirstOrThrow();
    const broker = { id: identity.broker_id, actingSubject: identity.acting_subject, organisation: { kvk: '99990001' }, person: {} };
    const state = await loadState(database.db, realm, { broker, now: noon });
    expect(state.account).toMatchObject({ active: true, profileComplete: true, displayName: 'Anneke Waterman' });
    expect(state.membership).toMatchObject({ tier: 'administrator', status: 'active', roles: { iwmo: ['gebruiker'], ijw: ['gebruiker'] } });
  });

  test('CAK-1 one username under two relation numbers is two people, with the password\'s hash', async () => {
    await seedDemo(exampleRealm({ id: 'cak' }), database, hash, noon);
    const [one, other] = [await findLogin(database.db, '100231', 'jdevries'), await findLogin(database.db, '100244', 'jdevries')];
    expect(one?.account_id).not.toBe(other?.account_id);
    expect(await findPassword(database.db, one?.account_id ?? '')).toMatchObject({ hash: 'hash of Riet-Oever-Boot-7', one_time: 0 });
  });

  test('a realm that the world does not know stays empty', async () => {
    await seedDemo(exampleRealm(), database, hash, noon);
    expect(await listAccounts(database.db)).toEqual([]);
  });
});
