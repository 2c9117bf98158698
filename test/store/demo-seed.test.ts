import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { generateSync } from 'otplib';
import { seedDemo } from '../../db/demo/seed.ts';
import { readWorld } from '../../demo/world.ts';
import { lifecycleSchema, passwordPolicySchema } from '../../src/config/accounts.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Realm } from '../../src/config/schema.ts';
import { credentialsOf } from '../../src/domain/credentials.ts';
import { checkTotp } from '../../src/domain/factors/totp.ts';
import { parseProfile, profileOf } from '../../src/domain/profile.ts';
import { loadState } from '../../src/domain/state.ts';
import { root } from '../../src/root.ts';
import { findLogin, findPassword, listAccounts } from '../../src/store/accounts.ts';
import { listApplicationAccounts } from '../../src/store/application-accounts.ts';
import type { Database } from '../../src/store/database.ts';
import { listMembershipsOf } from '../../src/store/memberships.ts';
import { listOrganisations } from '../../src/store/organisations.ts';
import { listOutbox } from '../../src/store/outbox.ts';
import { dialects } from '../support/databases.ts';
import { portalWith } from '../support/flow.ts';
import { exampleRealm, noon, vault } from '../support/house.ts';

describe.each(dialects)('the demo world on $name', ({ open }) => {
  let database: Database;
  let drop: () => Promise<void>;
  beforeEach(async () => { ({ database, drop } = await open()); });
  afterEach(() => drop());
  const seed = (realm: Realm, now = noon) => seedDemo(database, { realm, vault, now, hashPassword: async (password) => `hash of ${password}` });

  test('fills an empty realm once; who Sluis has not met is not in it', async () => {
    const realm = exampleRealm({ id: 'inlichtingenbureau' });
    await seed(realm);
    const before = (await listAccounts(database.db)).map((account) => account.given_name);
    await seed(realm, noon + 1);
    expect((await listAccounts(database.db)).map((account) => account.given_name)).toEqual(before);
    expect(before).toEqual(expect.arrayContaining(['Anneke', 'Bram']));
    expect(before).not.toContain('Carla');
    const unsigned = (await listOrganisations(database.db)).find((organisation) => organisation.name === 'Gemeente Polderveen');
    const state = await loadState(database.db, realm, { organisationId: unsigned?.id ?? '', now: noon });
    expect(state.organisation).toMatchObject({ missingAgreements: ['aansluitovereenkomst', 'vecozo'], hasAdministrator: false });
  });

  test('IB-6 ib-admin is found by broker, pseudonym and number, as an active administrator', async () => {
    const realm = exampleRealm({ id: 'inlichtingenbureau' });
    await seed(realm);
    const identity = await database.db.selectFrom('broker_identities').innerJoin('accounts', 'accounts.id', 'account_id').selectAll().where('given_name', '=', 'Anneke').executeTakeFirstOrThrow();
    const broker = { id: identity.broker_id, actingSubject: identity.acting_subject, organisation: { kvk: '99990001' }, person: {} };
    const state = await loadState(database.db, realm, { broker, now: noon });
    expect(state.account).toMatchObject({ active: true, profileComplete: true, displayName: 'Anneke Waterman' });
    expect(state.membership).toMatchObject({ tier: 'administrator', status: 'active', roles: { iwmo: ['gebruiker'], ijw: ['gebruiker'] } });
  });

  test('CAK-1 one username under two relation numbers is two people, with the password\'s hash', async () => {
    await seed(exampleRealm({ id: 'cak' }));
    const [one, other] = [await findLogin(database.db, '100231', 'jdevries'), await findLogin(database.db, '100244', 'jdevries')];
    expect(one?.account_id).not.toBe(other?.account_id);
    expect(await findPassword(database.db, one?.account_id ?? '')).toMatchObject({ hash: 'hash of Riet-Oever-Boot-7', one_time: 0 });
  });

  const cak = exampleRealm({ id: 'cak', portals: [portalWith()], password: passwordPolicySchema.parse({ valid_days: 182, notice_days: 30 }) });
  const stateOf = async (username: string, scope = '100231') => credentialsOf(database.db, cak, (await findLogin(database.db, scope, username))?.account_id ?? '');

  test('CAK-2 to CAK-4, CAK-8 everybody has what they are there to show, counted from the moment of the seed', async () => {
    await seed(cak);
    expect(await stateOf('jdevries')).toMatchObject({ mustActivate: false, password: { oneTime: false, changedAt: noon }, factors: ['totp'], recoveryCodes: 4 });
    expect(await stateOf('jastrom')).toMatchObject({ mustActivate: true, password: { oneTime: true }, factors: [] });
    expect(await stateOf('lnguyen')).toMatchObject({ password: { expiresAt: noon + 12 * 86_400 }, factors: ['totp'] });
    expect(await stateOf('sobrien', '100244')).toMatchObject({ password: { expiresAt: noon - 5 * 86_400 } });
    expect(await stateOf('mjansen')).toMatchObject({ factors: ['sms'] });
    const message = (await listOutbox(database.db)).find(({ recipient }) => recipient === 'jose.astrom@rietoever.example');
    expect(message?.code).toMatch(/^[A-Z0-9-]{8,}$/);
  });

  test('CAK-8 the secret of the authenticator app is the one that world.json tells; its code is taken', async () => {
    await seed(cak);
    const { people } = readWorld().realms.find(({ id }) => id === 'cak')!;
    for (const { account, totp_secret: secret } of people.filter((person) => person.totp_secret !== undefined)) {
      const holder = { realm: cak, vault, accountId: String(account?.['id']), now: noon };
      const typed = generateSync({ secret: secret ?? '', epoch: noon });
      expect(await checkTotp(database.db, holder, typed)).toMatchObject({ ok: true });
    }
  });

  test('CAK-13 somebody has several AGB codes in Porta', async () => {
    await seed(cak);
    const { account_id } = (await findLogin(database.db, '100244', 'fbakker'))!;
    const [membership] = await listMembershipsOf(database.db, account_id);
    expect((await listApplicationAccounts(database.db, membership?.id ?? '')).map(({ value }) => value)).toEqual(['01990104', '41990102', '41990103']);
  });

  test('a realm that the world does not know stays empty', async () => {
    await seed(exampleRealm());
    expect(await listAccounts(database.db)).toEqual([]);
  });

  const ciz = exampleRealm({ id: 'ciz', agreements: [{ id: 'gebruikersovereenkomst', name: 'Gebruikersovereenkomst' }], lifecycle: lifecycleSchema.parse({ dormant_after_days: 182, dormant_can_return: false }) });

  test('CIZ-1, CIZ-5, CIZ-8 who was not there for seven months has ended, also before the worker says so; who was invited has no password', async () => {
    await seed(ciz);
    const standing = async (username: string) => {
      const { account_id: accountId } = await findLogin(database.db, '', username) ?? { account_id: '' };
      const [place] = await listMembershipsOf(database.db, accountId);
      const { account, organisation } = await loadState(database.db, ciz, { accountId, now: noon, ...(place && { organisationId: place.organisation_id }) });
      return { active: account?.active, missing: organisation?.missingAgreements, password: await findPassword(database.db, accountId) !== undefined };
    };
    const usual = { active: true, missing: [], password: true };
    expect(await standing('mhofman')).toEqual(usual);
    expect(await standing('gdijkstra')).toEqual({ ...usual, active: false });
    expect(await standing('bkuiper')).toEqual({ ...usual, active: false, missing: undefined });
    expect(await standing('saydin')).toEqual({ ...usual, missing: ['gebruikersovereenkomst'], password: false });
    const gone = (await listAccounts(database.db)).find(({ family_name: name }) => name === 'Kuiper');
    expect(gone).toMatchObject({ status: 'deleted', end_reason: 'Uit dienst', ended_at: noon - 20 * 86_400 });
  });

  test('CFX-2 somebody is in two organisations, with roles of each', async () => {
    await seed(exampleRealm({ id: 'careflex', agreements: [] }));
    const { account_id: accountId } = await findLogin(database.db, '', 'hsmit') ?? { account_id: '' };
    expect((await listMembershipsOf(database.db, accountId)).map(({ tier }) => tier).toSorted()).toEqual(['administrator', 'user']);
  });

  test('CFX-5 what people of a realm are asked is there, as its form would keep it', async () => {
    await seed(exampleRealm({ id: 'careflex', agreements: [] }));
    const { person } = loadConfig(join(root, 'config/sluis.yaml'), {}).realms.find(({ id }) => id === 'careflex')!;
    for (const account of await listAccounts(database.db)) {
      const known = await profileOf(database.db, person, account.id);
      const parsed = parseProfile(person, known, noon);
      expect(parsed).toEqual({ ok: true, profile: Object.fromEntries(person.fields.map((field) => [field, account[field]])) });
    }
    expect((await listAccounts(database.db, { text: 'Smit' }))[0]).toMatchObject({ function: '221', birth_date: '1980-02-29' });
  });
});
