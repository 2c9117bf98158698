import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { begin, brokerAnswer, name, portalWith, realmWith, stepsOf, whereIs } from '../../test/support/flow.ts';
import { emptyDatabase, exampleProof, noon } from '../../test/support/house.ts';
import { anAccount, anOrganisation } from '../../test/support/rows.ts';
import { broker as brokerStep } from '../steps/broker/step.ts';
import { requireStep } from '../steps/require/step.ts';
import type { Database } from '../store/database.ts';
import { updateOrganisation } from '../store/organisations.ts';
import { brokerSkew, freshJournal, highestDemand, rankAsked, requiredOf, SESSION } from './demand.ts';
import { earnedAt } from './levels.ts';
import type { JournalEntry, OrganisationState, Proof } from './facts.ts';
import { explainRun } from './explain.ts';

const realm = realmWith(['name']);
const proof = (at: number, level = 'low', broker?: string): Proof => ({ factor: broker ? 'broker' : 'name', level, at, ...(broker && { broker: exampleProof('99990001', broker) }) });

describe('which level is asked', () => {
  const organisation = (minimumLevel?: string) => ({ minimumLevel }) as OrganisationState;
  const asked = (portal: string, demand: string, of?: string) => requiredOf(realm, portalWith({ level: portal }), { levelId: demand, by: 'client' }, of === undefined ? undefined : organisation(of));

  test('the highest of portal, client or request, and organisation; it says whose', () => {
    expect(asked('low', 'low')).toEqual({ levelId: 'low', by: 'portal', level: 0 });
    expect(asked('low', 'substantial')).toEqual({ levelId: 'substantial', by: 'client', level: 1 });
    expect(asked('low', 'low', 'substantial')).toEqual({ levelId: 'substantial', by: 'organisation', level: 1 });
    expect(asked('substantial', 'low', 'low')).toEqual({ levelId: 'substantial', by: 'portal', level: 1 });
    expect(asked('low', 'substantial', 'substantial')).toMatchObject({ by: 'client' });
  });

  test('one that the realm does not know is above the ladder: a mistake opens no door', () => {
    expect(rankAsked(realm, 'gone')).toBe(2);
    expect(asked('low', 'low', 'gone')).toEqual({ levelId: 'gone', by: 'organisation', level: 2 });
    expect(highestDemand(realm, { levelId: 'substantial', by: 'portal' }, undefined, { levelId: 'gone', by: 'client' })).toEqual({ levelId: 'gone', by: 'client' });
  });
});

describe('what is too old', () => {
  const entry = (binding: string, ...proofs: Proof[]): JournalEntry => ({ binding, at: noon, proofs, accountId: 'anna' });

  test('does not count, and an entry that loses all its proofs is gone with whom it was about', () => {
    const journal = [entry(SESSION, proof(noon - 100)), entry('name', proof(noon - 100), proof(noon)), entry('profile')];
    expect(freshJournal(journal, noon - 10)).toEqual([entry('name', proof(noon)), entry('profile')]);
    expect(freshJournal(journal, undefined)).toBe(journal);
    expect(freshJournal(journal, noon - 100)).toEqual(journal);
  });

  test('a broker that was asked now may have a clock that is behind; what a session brought, and what we saw ourselves, may not', () => {
    const since = noon;
    const late = [proof(since - brokerSkew, 'low', 'x'), proof(since - brokerSkew - 1, 'low', 'x')];
    expect(freshJournal([entry('broker', ...late)], since)[0]?.proofs).toEqual([late[0]]);
    expect(freshJournal([entry(SESSION, ...late)], since)).toEqual([]);
    expect(freshJournal([entry('name', proof(since - 1))], since)).toEqual([]);
  });
});

test('the level was earned by the newest proof that is enough for it', () => {
  expect(earnedAt(realm, { level: 1, proofs: [proof(1, 'substantial'), proof(2, 'low'), proof(3, 'substantial'), proof(4, 'low')] })).toBe(3);
});

describe('a run', () => {
  let database: Database;
  beforeEach(async () => {
    database = await emptyDatabase();
    await anAccount(database.db, 'anna');
    await anOrganisation(database.db, 'lissendam', { kvk: '99990001' });
  });
  afterEach(() => database.close());
  const gate = { id: 'level', step: 'require', with: { that: 'level_reached', else: 'level_too_low' } };
  const steps = stepsOf(name, requireStep, brokerStep);
  const flow = realmWith(['name', gate]);

  test('that ended below what the organisation asks keeps asking it when it begins anew', async () => {
    await updateOrganisation(database.db, 'lissendam', { minimum_level: 'substantial' });
    const run = await begin({ realm: flow, steps, database });
    const end = await run.post({ account: 'anna', organisation: 'lissendam', level: 'low' });
    expect(end).toMatchObject({ kind: 'end', code: 'level_too_low', params: { need: '3', got: '2', by: 'organisation' } });
    expect((await explainRun(database, flow, 'run', steps, noon))?.level).toEqual({ required: 'substantial', by: 'organisation', reached: 'low' });
    await run.engine.restart('run');
    // nobody is known any more, and the level is asked all the same
    expect(await run.show()).toMatchObject({ kind: 'page', binding: 'name', run: { facts: { organisation: undefined, required: { levelId: 'substantial', by: 'organisation' } } } });
    expect(whereIs(await run.post({ account: 'anna', organisation: 'lissendam', level: 'substantial' }))).toBe('done');
  });

  test('of somebody whose organisation asks more than any way in can show is hopeless, and one that can be raised is not', async () => {
    await updateOrganisation(database.db, 'lissendam', { minimum_level: 'gone' });
    const run = await begin({ realm: flow, steps, database });
    await run.post({ account: 'anna', organisation: 'lissendam', level: 'substantial' });
    expect(run.engine.hopeless((await run.engine.look('run'))!)).toBe(true);
    const other = await begin({ realm: flow, steps, database, id: 'other' });
    expect(other.engine.hopeless((await other.engine.look('other'))!)).toBe(false);
  });

  test('asks again what a session showed too long ago, and knows nobody until then', async () => {
    const seed = { at: noon - 100, proofs: [proof(noon - 100, 'substantial')], accountId: 'anna', organisationId: 'lissendam' };
    const run = await begin({ realm: flow, steps, database, seed, since: noon - 99 });
    expect(await run.show()).toMatchObject({ kind: 'page', binding: 'name', run: { facts: { account: undefined, organisation: undefined, proofs: [] } } });
    expect(whereIs(await run.post({ account: 'anna', level: 'substantial' }))).toBe('done');
    const young = await begin({ realm: flow, steps, database, id: 'young', seed, since: noon - 100 });
    expect(whereIs(await young.engine.show('young', { address: '', language: 'nl', remembered: {} }))).toBe('done');
  });

  test('keeps what is too old to count here beside it, for portals that ask no age', async () => {
    const run = await begin({ realm: flow, steps, database, seed: { at: 1, proofs: [proof(noon - 100, 'substantial')], accountId: 'anna' }, since: noon - 10 });
    await run.post({ account: 'anna', level: 'low' });
    const { facts } = (await run.engine.look('run'))!;
    expect([facts.proofs.map((p) => p.level), facts.shown.map((p) => p.level), facts.level]).toEqual([['low'], ['substantial', 'low'], 0]);
  });

  test('nobody else\'s old proof lends its level', async () => {
    await anAccount(database.db, 'bert');
    const run = await begin({ realm: flow, steps, database, seed: { at: 1, proofs: [proof(noon - 100, 'substantial')], accountId: 'anna' }, since: noon - 10 });
    await run.post({ account: 'bert', level: 'low' });
    expect((await run.engine.look('run'))!.facts.shown).toEqual([proof(noon)]);
  });

  test('a broker that answers with an older login than asked is told so on the page, and may be asked again', async () => {
    const realmOfBrokers = realmWith(['broker', gate], { realm: { brokers: [{ id: 'reecent', name: 'Reecent', active: true, level: 'substantial' }] as never } });
    const run = await begin({ realm: realmOfBrokers, steps, database, since: noon });
    expect(await run.post({ broker: 'reecent' })).toMatchObject({ kind: 'leave', message: { fresh: true } });
    await run.resume(await run.answer('broker', brokerAnswer(exampleProof('99990001'), 'substantial', noon - brokerSkew - 1)));
    expect(await run.show()).toMatchObject({ kind: 'page', binding: 'broker', problems: [{ code: 'broker.not_fresh' }] });
    await run.resume(await run.answer('broker', brokerAnswer(exampleProof('99990001'), 'substantial', noon - brokerSkew)));
    expect((await run.engine.look('run'))!.facts.level).toBe(1);
  });
});
