import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { portalWith } from '../../../test/support/flow.ts';
import { administratorOf, emptyDatabase, exampleProof, exampleRealm, organisationWith, registered } from '../../../test/support/house.ts';
import { broken, carryOut, codes, pageOf, problems, shown, submit, type Stage } from '../../../test/support/steps.ts';
import type { PersonSettings } from '../../config/person.ts';
import { formOf } from '../../domain/profile.ts';
import { findAccount, updateAccount } from '../../store/accounts.ts';
import type { Database } from '../../store/database.ts';
import { listOutbox } from '../../store/outbox.ts';
import { profile } from './step.ts';

const realm = exampleRealm({ portals: [portalWith()] });
const filled = { salutation: 'mevrouw', initials: 'C.M.', given_name: 'José', infix: "van 't", family_name: 'O’Brien-Åström', department: 'Zorg & Welzijn', phone: '06 1234 5678', email: 'c@lissendam.example', newsletter: 'on' };
const newcomer = { ...exampleProof('10000001', 'carla@1'), person: { given_name: 'Carla', email: 'carla@lissendam.example' } };
let database: Database;
let stage: Stage;
let organisation: string;
beforeEach(async () => {
  database = await emptyDatabase();
  organisation = await organisationWith(database, realm, '10000001');
  stage = { realm, database, journal: shown(newcomer) };
});
afterEach(() => database.close());

describe('IB-4 persoonlijke instellingen', () => {
  test('the page says what is required and fills in what the broker told', async () => {
    expect(await pageOf(profile, stage)).toEqual({ form: formOf(realm.person, { email: true }), prefill: newcomer.person });
  });

  test('saving registers the person, pending, and tells the administrators in the same turn', async () => {
    await administratorOf(database, realm, organisation);
    const outcome = await submit(profile, stage, filled);
    expect(await listOutbox(database.db)).toEqual([]);
    const facts = await carryOut(outcome, stage);
    expect(broken(profile, stage, facts)).toEqual([]);
    expect(facts).toMatchObject({ account: { active: true, profileComplete: true, language: 'nl' }, membership: { status: 'pending', tier: 'user' } });
    expect((await listOutbox(database.db)).map((m) => m.recipient)).toEqual(['beheer@gemeente.example']);
    expect(await findAccount(database.db, facts.account!.id)).toMatchObject({ initials: 'C.M.', infix: "van 't", family_name: 'O’Brien-Åström', department: 'Zorg & Welzijn', newsletter: 1 });
  });

  test('what the broker said is only filled in: what was typed counts', async () => {
    const facts = await carryOut(await submit(profile, stage, { ...filled, given_name: '' }), stage);
    expect(await findAccount(database.db, facts.account!.id)).toMatchObject({ given_name: null, email: 'c@lissendam.example' });
  });

  test.each([
    ['salutation', '', 'required'], ['salutation', 'dr', 'format'], ['initials', ' ', 'required'], ['family_name', '', 'required'], ['family_name', 'x'.repeat(101), 'long'],
    ['phone', '', 'required'], ['phone', 'call me', 'format'], ['email', '', 'required'], ['email', 'nobody', 'format'], ['given_name', 'a\u202eb', 'characters'],
  ])('%s %j is %s', async (field, value, complaint) => {
    expect(problems(await submit(profile, stage, { ...filled, [field]: value }))).toEqual([{ field, code: `profile.${field}.${complaint}` }]);
  });

  test('every mistake is said at once', async () => {
    expect(codes(await submit(profile, stage))).toHaveLength(5);
  });

  test('somebody known with gaps completes the account that is there', async () => {
    const someone = await registered(database, realm, organisation, { broker: newcomer });
    await updateAccount(database.db, someone.accountId, { phone: null });
    expect(await pageOf(profile, stage)).toMatchObject({ prefill: { given_name: 'Carla', family_name: 'Nieuwenhof', initials: 'C.' } });
    const facts = await carryOut(await submit(profile, stage, filled), stage);
    expect(facts.account).toMatchObject({ id: someone.accountId, profileComplete: true });
    expect(await findAccount(database.db, someone.accountId)).toMatchObject({ phone: '0612345678' });
    expect(broken(profile, stage, facts)).toEqual([]);
  });

  test('who said to be the administrator is registered as saying so, not as being so', async () => {
    const claiming: Stage = { ...stage, journal: [...stage.journal!, { binding: 'first', at: 1, proofs: [], marks: { claims: 'administrator' } }] };
    const facts = await carryOut(await submit(profile, claiming, filled), claiming);
    expect(facts.membership).toMatchObject({ tier: 'user', status: 'pending' });
  });

  test('CFX-5 a realm asks its own form, and what is not on it is left as it was', async () => {
    const person: PersonSettings = { fields: ['family_name', 'birth_date', 'mobile', 'email'], required: ['family_name', 'mobile', 'email'], functions: [] };
    const own = { ...stage, realm: { ...realm, person } };
    expect(problems(await submit(profile, own, { family_name: 'Nguyễn', email: 'n@lissendam.example', birth_date: '30-02-1980' })))
      .toEqual([{ field: 'birth_date', code: 'profile.birth_date.format' }, { field: 'mobile', code: 'profile.mobile.required' }]);
    const facts = await carryOut(await submit(profile, own, { ...filled, family_name: 'Nguyễn', birth_date: '29-2-1980', mobile: '06 12345678' }), own);
    expect(facts.account).toMatchObject({ profileComplete: true, displayName: 'Nguyễn' });
    expect(await findAccount(database.db, facts.account!.id)).toMatchObject({ family_name: 'Nguyễn', birth_date: '1980-02-29', mobile: '0612345678', initials: null, salutation: null, newsletter: 0 });
    expect(await pageOf(profile, { ...own, journal: shown(newcomer) })).toMatchObject({ prefill: { family_name: 'Nguyễn', birth_date: '29-02-1980' } });
  });

  test('without anybody identified there is nobody to register: a fault of the flow', async () => {
    await expect(submit(profile, { realm, database }, filled)).rejects.toThrow('nobody to register');
  });
});
