import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { portalWith } from '../../../test/support/flow.ts';
import { emptyDatabase, exampleProof, exampleRealm, organisationWith } from '../../../test/support/house.ts';
import { runOf, shown, submit, type Stage } from '../../../test/support/steps.ts';
import { predicateNames } from '../../flow/predicates.ts';
import type { Database } from '../../store/database.ts';
import { requireStep } from './step.ts';

const realm = exampleRealm({ portals: [portalWith({ level: 'substantial' })] });
let database: Database;
beforeEach(async () => { database = await emptyDatabase(); });
afterEach(() => database.close());

describe('a gate', () => {
  test('ends the run on arrival with its own page and all that the pages may want to say', async () => {
    await organisationWith(database, realm, '10000001', { agreements: ['vecozo'] });
    const stage: Stage = { realm, database, config: { that: 'agreements_signed', else: 'agreements_missing' }, journal: shown(exampleProof('10000001'), 'low') };
    const expected = {
      kind: 'deny', code: 'agreements_missing',
      params: { portal: 'Portaal', organisation: 'Gemeente 10000001', missing: 'Aansluitings- en bewerkersovereenkomst', count: 1, need: '3', known: 'yes', by: 'portal', got: '2', address: '192.0.2.1' },
    };
    expect(await requireStep.enter!(await runOf(stage))).toEqual(expected);
    expect(await submit(requireStep, stage)).toEqual(expected);
  });

  test('of nobody it knows nothing, and says so without failing', async () => {
    expect(await submit(requireStep, { realm, database, config: { that: 'identified', else: 'not_identified' } })).toMatchObject({ kind: 'deny', params: { organisation: '', missing: '', count: 0, need: '3', got: '-' } });
  });

  test('a level that the ladder does not have is never called by its id', async () => {
    const gone = exampleRealm({ portals: [portalWith({ level: 'gone-level' })] });
    expect(await submit(requireStep, { realm: gone, database, config: { that: 'level_reached', else: 'level_too_low' } })).toMatchObject({ params: { need: '-', known: 'no' } });
  });

  test('may be a good end: nothing is wrong with who comes to it', async () => {
    const config = { that: 'portal_open', else: 'registration_only', fine: true };
    expect(await submit(requireStep, { realm, database, config })).toMatchObject({ kind: 'deny', code: 'registration_only', ended: 'fine' });
    expect(await submit(requireStep, { realm, database, config: { ...config, fine: false } })).not.toHaveProperty('ended');
  });

  test.each(predicateNames)('can ask for %s, is settled by it and never passes', (that) => {
    const config = requireStep.config.parse({ that, else: 'no' });
    expect(requireStep.model(config, realm)).toEqual({ settledBy: [that], passes: false, gives: [] });
  });

  test.each([{ that: 'rich', else: 'no' }, { that: 'verified' }, { that: 'verified', else: 'No Way' }, { that: 'verified', else: 'no', more: 1 }])('settings %j are refused', (config) => {
    expect(requireStep.config.safeParse(config).success).toBe(false);
  });
});
