import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { portalWith } from '../../../test/support/flow.ts';
import { emptyDatabase, exampleProof, exampleRealm, organisationWith } from '../../../test/support/house.ts';
import { broken, carryOut, codes, pageOf, shown, submit, type Stage } from '../../../test/support/steps.ts';
import type { Database } from '../../store/database.ts';
import { firstAdministrator } from './step.ts';

let database: Database;
let stage: Stage;
beforeEach(async () => {
  database = await emptyDatabase();
  const realm = exampleRealm({ portals: [portalWith()] });
  await organisationWith(database, realm, '10000001');
  stage = { realm, database, journal: shown(exampleProof('10000001')) };
});
afterEach(() => database.close());

describe('IB-6 who is first of an organisation', () => {
  test('the page names the organisation', async () => {
    expect(await pageOf(firstAdministrator, stage)).toEqual({ organisation: 'Gemeente 10000001' });
  });

  test('yes is a claim, not yet a right', async () => {
    const outcome = await submit(firstAdministrator, stage, { administrator: 'yes' });
    expect(outcome).toEqual({ kind: 'pass', marks: { claims: 'administrator' } });
    const facts = await carryOut(outcome, stage);
    expect(broken(firstAdministrator, stage, facts)).toEqual([]);
    expect(facts.membership).toBeUndefined();
  });

  test('no ends the login and says who must come first', async () => {
    expect(await submit(firstAdministrator, stage, { administrator: 'no' })).toEqual({ kind: 'deny', code: 'administrator_first', params: { organisation: 'Gemeente 10000001' } });
  });

  test.each([{}, { administrator: '' }, { administrator: 'maybe' }, { administrator: 'YES' }])('%j is asked again', async (fields) => {
    expect(codes(await submit(firstAdministrator, stage, fields as Record<string, string>))).toEqual(['first-administrator.required']);
  });
});
