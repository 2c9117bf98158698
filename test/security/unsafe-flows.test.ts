import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import pino from 'pino';
import { startSluis, StartError } from '../../src/app.ts';
import { newBrokerKeys, openWorkshop, type Workshop } from '../support/install.ts';
import { ib } from '../support/journeys.ts';

const realm = `realms/${ib}/realm.yaml`;

describe('a realm whose flow cannot be trusted', () => {
  let workshop: Workshop;
  beforeEach(async () => { workshop = await openWorkshop(await newBrokerKeys()); });
  afterEach(() => workshop?.remove());

  /** Why it does not start. */
  const reasons = async (): Promise<string[]> => {
    try {
      const running = await startSluis(workshop.load(), { log: pino({ level: 'silent' }) });
      await running.stop();
      return [];
    } catch (error) {
      if (error instanceof StartError) return error.reasons;
      throw error;
    }
  };
  const replace = (file: string, from: string, to: string): void => workshop.edit(file, (text) => text.replace(from, to));

  test('could end below the portal\'s level: Sluis does not start and names the portal, the flow and the path', async () => {
    replace(realm, '      - { id: level, step: require, with: { that: level_reached, else: level_too_low } }\n', '');
    const found = await reasons();
    const complaint = found.find((reason) => reason.includes('portal portaal-zorg,') && reason.includes('a run can end below level eh3 of portal portaal-zorg'));
    expect(complaint).toMatch(/realm inlichtingenbureau, portal portaal-zorg, flow eherkenning: .*\(.*broker.*→.*\)/);
    // every portal of that flow is named, and no other
    expect(found.some((reason) => reason.includes('portal werk-en-inkomen'))).toBe(true);
    expect(found.some((reason) => reason.includes('flow beheer'))).toBe(false);
  });

  test('only asks the level of some: the path shows whom it lets through', async () => {
    replace(realm, 'with: { that: level_reached, else: level_too_low } }', 'with: { that: level_reached, else: level_too_low }, unless: [has_role] }');
    expect((await reasons()).find((reason) => reason.includes('below level eh3'))).toMatch(/\(.*has_role.*\)/);
  });

  test.each<[string, string]>([
    ['      - { id: account, step: require, with: { that: account_active, else: account_inactive }, when: [registered] }\n', 'account_active'],
    ['      - { id: role, step: require, with: { that: has_role, else: no_role } }\n', 'has_role'],
    ['      - { id: agreements, step: require, with: { that: agreements_signed, else: agreements_missing } }\n', 'agreements_signed'],
  ])('lacks a gate (%#): the missing condition is named', async (line, predicate) => {
    replace(realm, line, '');
    expect((await reasons()).join('\n')).toContain(`a run can end without ${predicate}`);
  });

  test.each([['networks: [10.0.0.0/8]', 'network_allowed'], ['open: registration', 'portal_open']])('says %s of a portal whose flow does not ask for it', async (line, predicate) => {
    workshop.edit('realms/cak/portals/mijn-cak-zakelijk.yaml', (text) => `${text}${line}\n`);
    expect((await reasons()).join('\n')).toMatch(new RegExp(`portal mijn-cak-zakelijk, flow password: a run can end without ${predicate} \\(.*→.*\\)`));
  });

  test('has a client that asks more than its flow can ever give', async () => {
    workshop.edit('realms/cak/portals/mijn-cak-zakelijk.yaml', (text) => `${text}    level: two-factor\n`);
    expect((await reasons()).join('\n')).toContain('client mijn-cak-zakelijk asks level two-factor, which no way through the flow reaches');
  });

  test('a portal that asks more than its flow can ever give', async () => {
    replace('realms/cak/portals/mijn-cak-zakelijk.yaml', 'level: password', 'level: two-factor');
    const found = await reasons();
    expect(found.join('\n')).toMatch(/realm cak, portal mijn-cak-zakelijk, flow password: /);
  });

  test('a flow that names a step, a setting or a predicate that is not there', async () => {
    replace(realm, '{ step: broker }', '{ step: brokker }');
    replace(realm, 'with: { relogin: true }', 'with: { relogni: true }');
    replace(realm, 'identified, level_reached', 'identified, level_raeched');
    const found = (await reasons()).join('\n');
    for (const part of ['there is no step brokker', 'relogni', 'level_raeched']) expect(found).toContain(part);
  });

  test('as it is shipped it starts', async () => {
    expect(await reasons()).toEqual([]);
  });
});
