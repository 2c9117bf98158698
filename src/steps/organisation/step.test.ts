import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { realmWith } from '../../../test/support/flow.ts';
import { emptyDatabase, noon } from '../../../test/support/house.ts';
import { aMembership, anAccount, anOrganisation } from '../../../test/support/rows.ts';
import { broken, carryOut, codes, pageOf, runOf, submit, type Stage } from '../../../test/support/steps.ts';
import { listAudit } from '../../store/audit.ts';
import type { Database } from '../../store/database.ts';
import { setRoles, updateMembership } from '../../store/memberships.ts';
import { putEntitlements } from '../../store/organisations.ts';
import type { Outcome } from '../../flow/step.ts';
import { organisation } from './step.ts';

const realm = realmWith(['organisation'], { ensure: ['identified', 'organisation_known', 'has_role'], portal: { applications: ['iwmo'] } });
let database: Database;
let stage: Stage;
beforeEach(async () => {
  database = await emptyDatabase();
  await anAccount(database.db, 'anna');
  stage = { realm, database, journal: [{ binding: 'password', at: noon, proofs: [{ factor: 'password', level: 'low', at: noon }], accountId: 'anna' }] };
});
afterEach(() => database.close());

/** An organisation in which Anna is active, with a role that its entitlement covers. */
async function belongs(id: string, name: string, { role = true, entitled = true } = {}): Promise<void> {
  await anOrganisation(database.db, id, {}, name);
  await aMembership(database.db, `m-${id}`, 'anna', id, { status: 'active' });
  if (entitled) await putEntitlements(database.db, id, [{ application: 'iwmo', role: 'gebruiker' }]);
  if (role) await setRoles(database.db, `m-${id}`, [{ application: 'iwmo', role: 'gebruiker', assigned_by: 'x', assigned_at: noon }]);
}
const enter = async (more: Partial<Stage> = {}): Promise<Outcome<unknown>> => organisation.enter!(await runOf({ ...stage, ...more }));
const look = async (more: Partial<Stage> = {}) => await pageOf(organisation, { ...stage, ...more }) as { organisations: { id: string; name: string; current: boolean; number?: object }[]; total: number; present?: string; away: boolean };
const ids = async (filter: string) => (await look({ state: { filter } })).organisations.map(({ id }) => id);

describe('CFX-2 arriving', () => {
  test('with one organisation nothing is asked, and what the model promises holds', async () => {
    await belongs('a', 'Zorggroep');
    const outcome = await enter();
    expect(outcome).toEqual({ kind: 'pass', organisationId: 'a' });
    expect(broken(organisation, stage, await carryOut(outcome, stage))).toEqual([]);
  });

  test('with one that can be used here, the others are not asked about', async () => {
    await belongs('a', 'Zorggroep');
    await belongs('b', 'Thuiszorg', { role: false });
    await belongs('c', 'Wijkzorg', { entitled: false });
    expect(await enter()).toEqual({ kind: 'pass', organisationId: 'a' });
  });

  test('with a single one that cannot be used, the gates of the flow say why', async () => {
    await belongs('b', 'Thuiszorg', { role: false });
    expect(await enter()).toEqual({ kind: 'pass', organisationId: 'b' });
  });

  test('with several the page is shown', async () => {
    await belongs('a', 'Zorggroep');
    await belongs('b', 'Thuiszorg');
    expect(await enter()).toEqual({ kind: 'ask' });
  });

  test('the organisation of the session stays, when somebody must log in again', async () => {
    await belongs('a', 'Zorggroep');
    await belongs('b', 'Thuiszorg');
    expect(await enter({ former: 'b' })).toEqual({ kind: 'pass', organisationId: 'b' });
  });

  test('it is left for another one by its person only, also when there is but one other', async () => {
    await belongs('a', 'Zorggroep');
    await belongs('b', 'Thuiszorg', { role: false });
    expect(await enter({ former: 'b' })).toEqual({ kind: 'ask' });
    expect(await enter({ former: 'left-since' })).toEqual({ kind: 'pass', organisationId: 'a' });
    expect(await look({ former: 'b' })).toMatchObject({ present: 'Thuiszorg', away: true, organisations: [{ id: 'a', current: false }] });
  });

  test('who asks to choose again is shown them, unless the present one is the only one', async () => {
    await belongs('a', 'Zorggroep');
    expect(await enter({ former: 'a', choosing: true })).toEqual({ kind: 'pass', organisationId: 'a' });
    await belongs('b', 'Thuiszorg', { role: false });
    expect(await enter({ former: 'a', choosing: true })).toEqual({ kind: 'pass', organisationId: 'a' });
    expect(await enter({ former: 'b', choosing: true })).toEqual({ kind: 'ask' });
    await belongs('c', 'Wijkzorg');
    expect(await enter({ former: 'a', choosing: true })).toEqual({ kind: 'ask' });
  });

  test.each<[string, () => Promise<unknown>, object]>([
    ['none', async () => undefined, { why: 'none', count: 0, organisations: '' }],
    ['only memberships that wait or ended', async () => { await belongs('a', 'A'); await belongs('b', 'B'); await updateMembership(database.db, 'm-a', { status: 'ended' }); await updateMembership(database.db, 'm-b', { status: 'pending' }); }, { why: 'none' }],
    ['several without a role here', async () => { await belongs('a', 'Zorg', { role: false }); await belongs('b', 'Abel; zoon', { entitled: false }); }, { why: 'has_role', count: 2, organisations: 'Abel; zoon; Zorg' }],
  ])('with %s the page says why', async (_, given, params) => {
    await given();
    expect(await enter()).toMatchObject({ kind: 'deny', code: 'organisation_none', params: { portal: 'Portaal', ...params } });
  });

  test('what the flow ensures decides: an agreement that one lacks, an administrator that another is not', async () => {
    const strict = realmWith(['organisation'], { ensure: ['identified', 'agreements_signed'] });
    await belongs('a', 'A');
    await belongs('b', 'B');
    expect(await enter({ realm: strict })).toMatchObject({ code: 'organisation_none', params: { why: 'agreements_signed' } });
    const rulers = realmWith(['organisation'], { ensure: ['identified', 'administrator'] });
    await updateMembership(database.db, 'm-b', { tier: 'administrator' });
    expect(await enter({ realm: rulers })).toEqual({ kind: 'pass', organisationId: 'b' });
  });

  test('a long list of unusable ones is cut', async () => {
    for (let n = 10; n < 30; n += 1) await belongs(`o${n}`, `Zorg ${n}`, { role: false });
    const outcome = await enter();
    const said = outcome.kind === 'deny' ? String(outcome.params?.['organisations']) : '';
    expect(said.split('; ')).toHaveLength(11);
    expect(said).toMatch(/^Zorg 10; .*Zorg 19; …$/);
  });

  test('who a broker shows is asked nothing', async () => {
    await belongs('a', 'A');
    await belongs('b', 'B');
    const proof = { factor: 'broker', level: 'low', at: noon, broker: { id: 'x', actingSubject: 's', organisation: {}, person: {} } };
    expect(await enter({ journal: [{ binding: 'broker', at: noon, proofs: [proof] }] })).toEqual({ kind: 'pass' });
  });
});

describe('CFX-2 the page', () => {
  const names = ['Zorg Échternach', 'abel', '=HYPERLINK("http://x","y")', '<script>alert(1)</script>', 'مؤسسة الرعاية', 'Zorggroep 10', 'Zorggroep 9', 'Åbo'];
  beforeEach(async () => { for (const [index, name] of names.entries()) await belongs(`o${index}`, name); });

  test('is alphabetical as its reader sorts, numbers by size, and names come whole', async () => {
    const page = await look({ former: 'o1' });
    expect(page).toMatchObject({ total: 8, present: 'abel', away: false });
    expect(page.organisations.map(({ name }) => name)).toEqual(['<script>alert(1)</script>', '=HYPERLINK("http://x","y")', 'abel', 'Åbo', 'Zorg Échternach', 'Zorggroep 9', 'Zorggroep 10', 'مؤسسة الرعاية']);
    expect(page.organisations.filter(({ current }) => current).map(({ id }) => id)).toEqual(['o1']);
  });

  test.each([['ech', ['o0']], ['ÉCH zorg', ['o0']], ['zorggroep', ['o6', 'o5']], ['=hyper', ['o2']], ['<', ['o3']], ['رعاية', ['o4']], ['abo', ['o7']], ['.*', []], ['', 8]])('filtered by %j', async (filter, found) => {
    expect(typeof found === 'number' ? (await ids(filter)).length : await ids(filter)).toEqual(found);
  });

  test('a number tells apart who has the same name', async () => {
    for (const [id, kvk] of [['t1', '10000001'], ['t2', '10000002']] as const) {
      await anOrganisation(database.db, id, { kvk }, id === 't1' ? 'Twee' : 'TWEE');
      await aMembership(database.db, `m-${id}`, 'anna', id, { status: 'active' });
      await putEntitlements(database.db, id, [{ application: 'iwmo', role: 'gebruiker' }]);
      await setRoles(database.db, `m-${id}`, [{ application: 'iwmo', role: 'gebruiker', assigned_by: 'x', assigned_at: noon }]);
    }
    const { organisations } = await look();
    expect(organisations.flatMap(({ number }) => number ?? [])).toEqual([{ type: 'kvk', value: '10000001' }, { type: 'kvk', value: '10000002' }]);
    expect(await ids('twee 10000002')).toEqual(['t2']);
  });

  test('what is typed is kept, or refused with a word', async () => {
    expect(await submit(organisation, stage, { action: 'filter', filter: '  zorg ' })).toEqual({ kind: 'ask', state: { filter: 'zorg' } });
    expect(await submit(organisation, stage, { action: 'all', filter: 'zorg' })).toEqual({ kind: 'ask', state: { filter: '' } });
    expect(codes(await submit(organisation, stage, { action: 'filter', filter: 'x'.repeat(101) }))).toEqual(['organisation.filter.long']);
    for (const filter of ['a\u0000b', '\u202eabc', 'a\u0007']) expect(codes(await submit(organisation, stage, { action: 'filter', filter }))).toEqual(['organisation.filter.characters']);
  });
});

describe('CFX-2 choosing', () => {
  beforeEach(async () => {
    await belongs('a', 'Zorggroep');
    await belongs('b', 'Thuiszorg');
    await belongs('c', 'Wijkzorg', { role: false });
    await anOrganisation(database.db, 'foreign', {}, 'Vreemd');
  });

  test('brings that organisation into view, with its own roles, and is in the trail', async () => {
    const outcome = await submit(organisation, { ...stage, former: 'a' }, { organisation: 'b', filter: 'x' });
    expect(outcome).toMatchObject({ kind: 'pass', organisationId: 'b' });
    const facts = await carryOut(outcome, stage);
    expect(facts).toMatchObject({ organisation: { id: 'b' }, membership: { id: 'm-b', roles: { iwmo: ['gebruiker'] } } });
    expect(broken(organisation, stage, facts)).toEqual([]);
    expect(await listAudit(database.db, { event: 'organisation.chosen' })).toMatchObject([{ organisation_id: 'b', detail: { from: 'a', to: 'b' } }]);
  });

  test.each(['c', 'foreign', 'nobody', '', ' a', 'a\u0000', '__proto__', 'x'.repeat(5000)])('not %j: one answer, whatever is wrong with it', async (id) => {
    expect(codes(await submit(organisation, stage, { organisation: id }))).toEqual([id === '' ? 'organisation.required' : 'organisation.unavailable']);
  });

  test.each<[string, () => Promise<unknown>]>([
    ['left', () => updateMembership(database.db, 'm-b', { status: 'ended' })],
    ['lost its entitlement', () => putEntitlements(database.db, 'b', [])],
    ['took the role away', () => setRoles(database.db, 'm-b', [])],
  ])('an organisation that %s while the page was there can no longer be chosen', async (_, change) => {
    await change();
    expect(codes(await submit(organisation, stage, { organisation: 'b' }))).toEqual(['organisation.unavailable']);
    expect((await submit(organisation, stage, { organisation: 'a' })).kind).toBe('pass');
  });

  test('when none is left, the end says so', async () => {
    for (const id of ['a', 'b']) await setRoles(database.db, `m-${id}`, []);
    expect(await submit(organisation, stage, { organisation: 'b' })).toMatchObject({ kind: 'deny', code: 'organisation_none', params: { why: 'has_role', count: 3 } });
  });

  test('three hundred forms in a quarter of an hour are enough', async () => {
    for (let n = 0; n < 300; n += 1) await submit(organisation, stage, { action: 'filter', filter: 'x' });
    expect(codes(await submit(organisation, stage, { organisation: 'a' }))).toEqual(['organisation.wait']);
    expect((await submit(organisation, { ...stage, now: noon + 901 }, { organisation: 'a' })).kind).toBe('pass');
  });
});
