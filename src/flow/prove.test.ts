import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { realmWith, stepsOf, tiny } from '../../test/support/flow.ts';
import { loadConfig } from '../config/load.ts';
import { openingSchema } from '../config/opening.ts';
import type { Portal, Realm } from '../config/schema.ts';
import { root } from '../root.ts';
import { steps as shipped } from '../steps/index.ts';
import { exclusions, implications, predicateNames, type PredicateName } from './predicates.ts';
import { assume, proveRealm } from './prove.ts';
import type { StepModel } from './step.ts';

const { realms } = loadConfig(join(root, 'config/sluis.yaml'), {});
const model = (id: string, is: Partial<StepModel>) => tiny(id, { model: () => ({ passes: true, gives: [], ...is }) } as never);

/** A step that identifies well enough, one that does so too low, and others that can be planted. */
const high = model('high', { settledBy: ['identified', 'level_reached'], gives: ['identified', 'registered'], forgets: ['account_active'], reaches: 'substantial' });
const low = model('low', { settledBy: ['identified'], gives: ['identified', 'registered'], forgets: ['account_active'], reaches: 'low' });
const alwaysLow = model('always-low', { gives: ['identified', 'registered'], forgets: ['account_active'], reaches: 'low' });
const plain = model('plain', {});
const wall = model('wall', { passes: false });
const active = model('active', { settledBy: ['account_active'], passes: false });
const levelGate = model('level', { settledBy: ['level_reached'], passes: false });
const all = stepsOf(high, low, alwaysLow, plain, wall, active, levelGate);

const prove = (realm: Realm, steps = all) => proveRealm(realm, steps);
const messages = (realm: Realm, steps = all): string[] => prove(realm, steps).map((c) => c.message);

/** A portal that asks all that its flow has gates for: its networks, that it is open, and the hours of its applications. */
function demanding(realm: Realm, portal: Portal): Portal {
  const gates = (realm.flows[portal.flow]?.bindings ?? []).map((binding) => binding.id);
  return { ...portal, networks: gates.includes('network') ? ['10.0.0.0/8'] : [], open: gates.includes('open') ? 'registration' : 'everyone', ...(gates.includes('hours') && { applications: realm.applications.flatMap(({ id, opening }) => (opening ? [id] : [])) }) };
}

describe('the flows that ship', () => {
  test.each(realms.map((realm) => [realm.id, realm] as const))('%s has nothing to complain about at portals that ask all that its flows can ensure', (_, realm) => {
    expect(proveRealm({ ...realm, portals: realm.portals.map((portal) => demanding(realm, portal)) }, shipped)).toEqual([]);
  });

  test.each(realms.map((realm) => [realm.id, realm] as const))('%s has nothing to complain about', (_, realm) => {
    expect(realm.portals.length).toBeGreaterThan(0);
    expect(proveRealm(realm, shipped)).toEqual([]);
  });

  /** Every gate and every way in of every flow, taken out by itself: the prover must miss each of them. */
  const takenOut = realms.flatMap((realm) => realm.portals.map((portal) => demanding(realm, portal)).flatMap((portal) => (realm.flows[portal.flow]?.bindings ?? [])
    .map((binding, index) => [`${realm.id} ${portal.id}`, binding.id ?? binding.step, realm, index, portal] as const)))
    // without these a later gate still stands, with a page that helps less: nobody verified without an organisation, no role unverified
    .filter(([, id]) => !['organisation', 'membership', 'first-administrator', 'verification-code'].includes(id))
    // one way of several to the same level, which its own gate asks, and a notice that may wait
    .filter(([, id]) => !['recovery-code', 'totp', 'sms-code', 'passkey', 'password-notice'].includes(id))
    // for who would be refused at the level
    .filter(([portal, id]) => !(id === 'second-factor' && portal.startsWith('careflex')));
  test.each(takenOut)('%s without %s is not proven', (_, id, realm, index, portal) => {
    const flow = realm.flows[portal.flow]!;
    const spoiled = { ...realm, portals: [portal], flows: { [portal.flow]: { ...flow, bindings: flow.bindings.filter((__, i) => i !== index) } } };
    const complaints = proveRealm(spoiled, shipped);
    expect(complaints.map((c) => c.message).join()).toMatch(/can end without|can end below|no run can ever end|never be reached/);
    expect(complaints.some((c) => c.path.length > 0) || id === 'broker' || id === 'password').toBe(true);
  });

  test('a forgotten gate for agreements is named with the way round it', () => {
    const realm = realms.find((r) => r.id === 'inlichtingenbureau')!;
    const flow = realm.flows['eherkenning']!;
    const portals = realm.portals.filter(({ id }) => id === 'portaal-zorg');
    const spoiled = { ...realm, portals, flows: { ...realm.flows, eherkenning: { ...flow, bindings: flow.bindings.filter((b) => b.id !== 'agreements') } } };
    const found = proveRealm(spoiled, shipped).find((c) => c.message === 'a run can end without agreements_signed');
    expect(found).toMatchObject({ flow: 'eherkenning', portal: 'portaal-zorg' });
    expect(found?.path.join(' ')).toContain('profile');
  });

  test.each(['careflex', 'cak'])('%s: what would let somebody past a second factor that they set up is named with the way round it', (id) => {
    const realm = realms.find((r) => r.id === id)!;
    const flow = realm.flows['password']!;
    const spoiled = { ...realm, flows: { password: { ...flow, bindings: flow.bindings.filter((b) => b.id !== 'second-step') } } };
    const found = proveRealm(spoiled, shipped).find((c) => c.message === 'a run can end without second_factor_shown_if_enrolled');
    expect(found?.path).toEqual(expect.arrayContaining(['not second_factor_shown_if_enrolled', 'not totp_enrolled', 'level_reached']));
  });

  test.each(['careflex', 'cak'])('%s: nobody gives a password alone another one when a second factor is set up', (id) => {
    const realm = realms.find((r) => r.id === id)!;
    const flow = realm.flows['password']!;
    const bindings = flow.bindings.map((binding) => (binding.step === 'new-password' ? { step: binding.step, with: {} } : binding));
    const found = proveRealm({ ...realm, flows: { password: { ...flow, bindings } } }, shipped);
    expect(found.map((c) => c.message)).toContain('binding new-password can be reached without second_factor_shown_if_enrolled');
    // a flow that does not ensure it has nothing to guard
    const ensure = flow.ensure.filter((name) => name !== 'second_factor_shown_if_enrolled');
    expect(proveRealm({ ...realm, flows: { password: { bindings, ensure } } }, shipped)).toEqual([]);
  });

  test('CFX-4 careflex is proven too where a portal asks two steps, for who has none yet', () => {
    const realm = realms.find((r) => r.id === 'careflex')!;
    expect(proveRealm({ ...realm, portals: realm.portals.map((portal) => ({ ...portal, level: 'two-factor' })) }, shipped)).toEqual([]);
  });

  test('a portal that asks more than its brokers deliver can never be entered', () => {
    const realm = realms.find((r) => r.id === 'inlichtingenbureau')!;
    const brokers = realm.brokers.map((b) => ({ ...b, level: 'eh2' }));
    expect(messages({ ...realm, brokers }, shipped)).toContain('no run can ever end in a login');
  });
});

describe('planted faults', () => {
  const good = { ensure: ['identified', 'account_active'], portal: { level: 'substantial' } };

  test('a sound flow has none', () => {
    expect(prove(realmWith(['high', 'level', 'active'], good))).toEqual([]);
  });

  test('a run that can end below the level of its portal', () => {
    const [complaint] = prove(realmWith(['always-low', 'active'], good));
    expect(complaint).toMatchObject({ portal: 'portaal', flow: 'main', message: 'a run can end below level substantial of portal portaal' });
    expect(complaint?.path).toContain('always-low');
  });

  test('the same flow is sound for a portal that asks less', () => {
    expect(prove(realmWith(['low', 'level', 'active'], { ...good, portal: { level: 'low' } }))).toEqual([]);
  });

  test('a session that brings a low level along is thought of', () => {
    // the gate is asked only of who was identified in this very run: somebody with a session walks past it
    const gate = { step: 'level', when: ['claims_administrator'] };
    const claiming = model('claiming', { gives: ['claims_administrator'] });
    const flow = realmWith([{ step: 'claiming', unless: ['identified'] }, 'high', gate, 'active'], good);
    expect(prove(flow, stepsOf(high, claiming, levelGate, active)).find((c) => c.message.includes('below level'))?.path[0]).toBe('identified');
  });

  test('a run that can end without what ensure asks', () => {
    const [complaint] = prove(realmWith(['high', 'level'], good));
    expect(complaint).toMatchObject({ message: 'a run can end without account_active' });
    expect(complaint?.path).not.toEqual([]);
  });

  test('a gate that is asked only sometimes is a way round it', () => {
    expect(messages(realmWith(['high', 'level', { step: 'active', when: ['verified'] }], good))).toEqual(['a run can end without account_active']);
  });

  test('a portal of which everything has opening hours, whose flow does not ask what time it is', () => {
    const gate = model('hours', { settledBy: ['applications_open'], passes: false });
    const [first, second] = realmWith(['high']).applications;
    const realm = { applications: [{ ...first!, opening: openingSchema.parse({ from: '07:30', to: '19:00' }) }, second!] };
    const flow = (bindings: string[], applications: string[]) => realmWith(bindings, { ...good, realm, portal: { ...good.portal, applications } });
    expect(messages(flow(['high', 'level', 'active'], [first!.id]))).toEqual(['a run can end without applications_open']);
    // something that is always open keeps the portal open
    for (const applications of [[first!.id, second!.id], []]) expect(messages(flow(['high', 'level', 'active'], applications))).toEqual([]);
    for (const applications of [[first!.id], [second!.id]]) expect(prove(flow(['hours', 'high', 'level', 'active'], applications), stepsOf(gate, high, levelGate, active))).toEqual([]);
  });

  test('a portal with networks whose flow does not ask where its people are', () => {
    const networks = ['10.0.0.0/8'];
    const [complaint] = prove(realmWith(['high', 'level', 'active'], { ...good, portal: { ...good.portal, networks } }));
    expect(complaint).toMatchObject({ portal: 'portaal', message: 'a run can end without network_allowed' });
    expect(complaint?.path).not.toEqual([]);
    const gate = model('network', { settledBy: ['network_allowed'], passes: false });
    const flow = (portal: object) => realmWith(['network', 'high', 'level', 'active'], { ...good, portal: { ...good.portal, ...portal } });
    // the gate that one portal needs is no fault at another one with the same flow
    for (const portal of [{ networks }, {}]) expect(prove(flow(portal), stepsOf(gate, high, levelGate, active))).toEqual([]);
    expect(messages(realmWith(['high', 'level', 'active', { step: 'network', when: ['verified'] }], { ...good, portal: { ...good.portal, networks } }), stepsOf(gate, high, levelGate, active)))
      .toEqual(['a run can end without network_allowed']);
  });

  test('a portal that is open for registration only, with a way in all the same', () => {
    const gate = model('open', { settledBy: ['portal_open'], passes: false });
    const flow = (bindings: Parameters<typeof realmWith>[0], open: 'registration' | 'everyone') => realmWith(bindings, { ...good, portal: { ...good.portal, open } });
    const withGate = stepsOf(gate, high, levelGate, active);
    expect(messages(flow(['high', 'level', 'active'], 'registration'))).toEqual(['a run can end without portal_open']);
    for (const open of ['registration', 'everyone'] as const) expect(prove(flow(['high', 'level', 'active', 'open'], open), withGate)).toEqual([]);
    expect(messages(flow(['high', 'level', 'active', { step: 'open', unless: ['administrator'] }], 'registration'), withGate)).toEqual(['a run can end without portal_open']);
  });

  test('a client that asks more than the flow of its portal can reach', () => {
    const client = (level: string) => ({ client_id: 'c', redirect_uris: ['http://localhost:9/cb'], level });
    const flow = (level: string) => realmWith(['low', 'level', 'active'], { ...good, portal: { level: 'low', clients: [client(level)] } });
    expect(messages(flow('substantial'))).toEqual(['client c asks level substantial, which no way through the flow reaches']);
    expect(messages(flow('low'))).toEqual([]);
  });

  test('a binding that can never be reached', () => {
    const flow = realmWith(['high', 'level', 'active', { step: 'plain', when: ['registered'], unless: ['registered'] }], good);
    expect(messages(flow)).toEqual(['binding plain can never be reached']);
    expect(messages(realmWith(['high', 'wall', 'plain'], good))).toContain('binding plain can never be reached');
  });

  test('what follows from something else is known: verified people are registered', () => {
    const flow = realmWith(['high', 'level', 'active', { step: 'plain', when: ['verified'], unless: ['registered'] }], good);
    expect(messages(flow)).toEqual(['binding plain can never be reached']);
  });

  test('a flow that can never end', () => {
    expect(messages(realmWith(['wall'], good))).toContain('no run can ever end in a login');
  });

  test('every binding of a fault twice is said once', () => {
    const said = messages(realmWith(['high', { step: 'plain', when: ['verified'] }, { id: 'b', step: 'plain', when: ['has_role'] }], good));
    expect(said).toEqual([...new Set(said)]);
  });

  test('a mark that only a run can make does not come with a session', () => {
    expect(messages(realmWith(['high', 'level', 'active', { step: 'plain', when: ['claims_administrator'] }], good))).toEqual(['binding plain can never be reached']);
  });

  test('unknown steps, settings, predicates and double names are all named at once', () => {
    const strict = tiny('strict', { config: z.strictObject({ n: z.number() }) } as never);
    const flow = realmWith([{ step: 'nothing' }, { id: 'a', step: 'strict', with: { m: 1 } }, { step: 'plain', when: ['is_rich'] }, { step: 'plain' }], { ensure: ['identified', 'is_nice'] });
    const said = messages(flow, stepsOf(plain, strict));
    for (const part of ['binding 1 (nothing): there is no step nothing', 'binding 2 (strict): with.n', 'there is no predicate is_rich', 'there is no predicate is_nice', 'two bindings are called plain']) {
      expect(said.join('\n')).toContain(part);
    }
  });

  test('a portal with a flow that there is not', () => {
    expect(messages(realmWith(['high'], { portal: { flow: 'other' } }))).toEqual(['there is no such flow']);
  });
});

describe('CFX-2 a flow in which people choose their organisation', () => {
  const gates = {
    level: { id: 'level', step: 'require', with: { that: 'level_reached', else: 'level_too_low' } },
    account: { id: 'account', step: 'require', with: { that: 'account_active', else: 'account_inactive' } },
    role: { id: 'role', step: 'require', with: { that: 'has_role', else: 'no_role' } },
  };
  const password = { step: 'password', with: { level: 'low' } };
  const said = (bindings: Parameters<typeof realmWith>[0]) => messages(realmWith(bindings, { ensure: ['identified', 'level_reached', 'account_active', 'organisation_known', 'has_role'] }), shipped);

  test('is proven with the gates after the choice', () => {
    expect(said([password, gates.account, 'organisation', gates.level, gates.role])).toEqual([]);
    expect(said([password, gates.account, 'new-password', 'organisation', { step: 'totp', when: ['totp_enrolled'], unless: ['level_reached'] }, gates.level, gates.role])).toEqual(['binding new-password is about password_current: ensure it, or name it in a condition']);
  });

  test('a gate that stands before the choice is asked again after it', () => {
    expect(said([password, gates.account, gates.level, 'organisation', gates.role])).toEqual([]);
  });

  test('without the gate for the level nobody is proven to reach what the organisation chosen asks', () => {
    expect(said([password, gates.account, 'organisation', gates.role])).toEqual(['a run can end below level low of portal portaal', 'a run can end without level_reached']);
  });

  test('nor without one for the role', () => {
    expect(said([password, gates.account, 'organisation', gates.level])).toEqual(['a run can end without has_role']);
  });

  test('nor without the choice', () => {
    expect(said([password, gates.account, gates.level])).toEqual(['a run can end without organisation_known', 'a run can end without has_role']);
  });
});

describe('what cannot be otherwise', () => {
  test.each(implications)('%s is never without %s', (stronger, weaker) => {
    expect(assume(new Map(), stronger, true)?.get(weaker)).toBe(true);
    expect(assume(new Map(), weaker, false)?.get(stronger)).toBe(false);
    expect(assume(new Map<PredicateName, boolean>([[weaker, false]]), stronger, true)).toBeUndefined();
  });

  test.each(exclusions)('%s and %s exclude each other', (one, other) => {
    expect(assume(new Map(), one, true)?.get(other)).toBe(false);
    expect(assume(new Map(), other, true)?.get(one)).toBe(false);
    expect(assume(new Map<PredicateName, boolean>([[one, true]]), other, true)).toBeUndefined();
    expect(assume(new Map(), one, false)?.has(other)).toBe(false);
  });

  test('what is known is not assumed anew', () => {
    for (const name of predicateNames) {
      expect(assume(new Map([[name, true]]), name, false)).toBeUndefined();
      expect(assume(new Map([[name, true]]), name, true)).toEqual(new Map([[name, true]]));
    }
  });
});
