import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { begin, name, realmWith, stepsOf, tiny } from '../../test/support/flow.ts';
import { emptyDatabase, noon } from '../../test/support/house.ts';
import { anAccount } from '../../test/support/rows.ts';
import { updateAccount } from '../store/accounts.ts';
import type { Database } from '../store/database.ts';
import { explainRun } from './explain.ts';
import { showFlow } from './show.ts';

const gate = tiny('gate', { model: () => ({ settledBy: ['account_active'], passes: false, gives: [] }), enter: async () => ({ kind: 'deny', code: 'account_inactive' }) });
const realm = realmWith([
  'name', { id: 'account', step: 'gate', with: { that: 'account_active', else: 'account_inactive' }, when: ['registered'] },
  { step: 'plain', unless: ['verified'], any_of: ['administrator', 'has_role'] }, { id: 'last', step: 'plain' },
], { ensure: ['identified', 'account_active'] });

describe('flow show', () => {
  test('as text: one line a binding with its settings and conditions, and what must hold at the end', () => {
    expect(showFlow(realm, 'main')).toBe([
      '1. name', '2. account · that: account_active, else: account_inactive · when registered',
      '3. plain · unless verified · any of administrator, has_role', '4. last', 'ensure: identified, account_active',
    ].join('\n'));
  });

  test('as Mermaid: a node a binding, arrows in order', () => {
    const lines = showFlow(realm, 'main', 'mermaid').split('\n');
    expect(lines[0]).toBe('flowchart TD');
    expect(lines).toContain('  b0 --> b1');
    expect(lines).toContain('  b3 --> done');
    expect(lines).toContain('  done(["ensure: identified, account_active"])');
    expect(lines).toContain('  b1["account<br>that: account_active, else: account_inactive<br>when registered"]');
  });

  test('a quote in a setting cannot break out of its node', () => {
    expect(showFlow(realmWith([{ step: 'x', with: { say: 'a"]; b' } }]), 'main', 'mermaid')).toContain(`say: a']; b"]`);
  });

  test('a flow that there is not is named, with those that there are', () => {
    expect(() => showFlow(realm, 'other')).toThrow('has no flow other; it has main');
  });
});

describe('flow explain', () => {
  let database: Database;
  beforeEach(async () => {
    database = await emptyDatabase();
    await anAccount(database.db, 'anna');
  });
  afterEach(() => database.close());
  const steps = stepsOf(name, gate, tiny('plain'));
  const verdicts = async () => Object.fromEntries((await explainRun(database, realm, 'run', steps, noon))!.bindings.map((b) => [b.id, b.verdict]));

  test('says of every binding what became of it and which conditions decided', async () => {
    const run = await begin({ realm, steps, database });
    expect(await verdicts()).toEqual({ name: 'current', account: 'not asked', plain: 'not asked', last: 'ahead' });
    await run.post({ account: 'anna' });
    const said = await explainRun(database, realm, 'run', steps, noon);
    expect(said).toMatchObject({ run: 'run', flow: 'main', portal: 'portaal', status: 'open', level: { required: 'low', reached: 'substantial' }, ensure: { unmet: [] } });
    expect(said?.bindings).toEqual([
      { id: 'name', step: 'name', verdict: 'passed', passedAt: noon, because: { identified: true, level_reached: true } },
      { id: 'account', step: 'gate', verdict: 'settled', because: { registered: true, account_active: true } },
      { id: 'plain', step: 'plain', verdict: 'not asked', because: { verified: false, administrator: false, has_role: false } },
      { id: 'last', step: 'plain', verdict: 'current', because: {} },
    ]);
  });

  test('speaks of the state of now: a lock shows at once', async () => {
    const run = await begin({ realm, steps, database });
    await run.post({ account: 'anna' });
    await updateAccount(database.db, 'anna', { status: 'locked' });
    expect((await verdicts())['account']).toBe('current');
    expect((await explainRun(database, realm, 'run', steps, noon))?.ensure.unmet).toEqual(['account_active']);
  });

  test('of no run there is nothing to say', async () => {
    expect(await explainRun(database, realm, 'none', steps, noon)).toBeUndefined();
  });
});
