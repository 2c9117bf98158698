import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { brokerSchema, type BrokerConfig } from '../../config/schema.ts';
import { portalWith } from '../../../test/support/flow.ts';
import { emptyDatabase, exampleProof, exampleRealm, noon } from '../../../test/support/house.ts';
import { broken, carryOut, codes, pageOf, runOf, submit, type Stage } from '../../../test/support/steps.ts';
import type { Database } from '../../store/database.ts';
import { broker } from './step.ts';

const brokerOf = (id: string, name: string, level: string, more = {}): BrokerConfig => ({
  ...brokerSchema.parse({ protocol: 'saml', name, level, entity_id: `urn:${id}`, single_sign_on: { url: 'https://b.example' }, certificate_files: ['x'], levels: {}, ...more }), id,
});
const realm = exampleRealm({
  portals: [portalWith()],
  links: { means: 'https://means.example/' },
  brokers: [brokerOf('zeta', 'Zeta', 'substantial', { formerly: 'Omega' }), brokerOf('alfa', 'alfa', 'low'), brokerOf('beta', 'Béta', 'substantial'), brokerOf('gone', 'Aardvark', 'substantial', { active: false })],
});
let database: Database;
let stage: Stage;
beforeEach(async () => { database = await emptyDatabase(); stage = { realm, database }; });
afterEach(() => database.close());

describe('IB-2 the page', () => {
  test('names provider, service and level; brokers stand in alphabetical order, inactive ones not at all', async () => {
    const page = await pageOf(broker, stage) as { brokers: { id: string }[] };
    expect(page).toMatchObject({ provider: 'Voorbeeld', service: 'Dienst', level: '2', means: 'https://means.example/', remember: true });
    expect(page.brokers.map((b) => b.id)).toEqual(['alfa', 'beta', 'zeta']);
    expect(page.brokers[2]).toEqual({ id: 'zeta', name: 'Zeta', formerly: 'Omega', available: true, last: false, checked: false });
  });

  test('a broker that cannot deliver the level asked is shown as unavailable', async () => {
    expect(await pageOf(broker, { ...stage, levelId: 'substantial' })).toMatchObject({ level: '3', brokers: [{ id: 'alfa', available: false }, { available: true }, { available: true }] });
  });

  test('the broker of last time is chosen already, unless it will not do', async () => {
    expect(await pageOf(broker, { ...stage, remembered: { broker: 'alfa' } })).toMatchObject({ brokers: [{ id: 'alfa', last: true, checked: true }, {}, {}] });
    expect(await pageOf(broker, { ...stage, levelId: 'substantial', remembered: { broker: 'alfa' } })).toMatchObject({ brokers: [{ last: true, checked: false }, {}, {}] });
  });
});

describe('IB-2 the choice', () => {
  test('leads to the broker', async () => {
    expect(await submit(broker, stage, { broker: 'beta' })).toEqual({ kind: 'leave', broker: 'beta' });
  });

  test.each([[{}, 'broker.required'], [{ broker: '' }, 'broker.required'], [{ broker: 'nobody' }, 'broker.unknown'], [{ broker: 'gone' }, 'broker.unknown'], [{ broker: '__proto__' }, 'broker.unknown']])('%j: %s', async (fields, code) => {
    expect(codes(await submit(broker, stage, fields as Record<string, string>))).toEqual([code]);
  });

  test('of a broker below the level is refused, whatever the page showed', async () => {
    expect(codes(await submit(broker, { ...stage, levelId: 'substantial' }, { broker: 'alfa' }))).toEqual(['broker.unavailable']);
  });
});

describe('the way back', () => {
  const resume = async (event: object) => broker.resume!(await runOf(stage), { kind: 'broker', broker: 'beta', ...event } as never);

  test('with a proof it passes, and what the model promises holds', async () => {
    const identity = exampleProof('99990001');
    const outcome = await resume({ ok: true, identity, level: 'substantial', at: noon - 9 });
    expect(outcome).toEqual({ kind: 'pass', proofs: [{ factor: 'broker', level: 'substantial', at: noon - 9, broker: identity }] });
    expect(broken(broker, stage, await carryOut(outcome, stage))).toEqual([]);
  });

  test.each([['cancelled', 'broker.cancelled'], ['level_unavailable', 'broker.unavailable'], ['failed', 'broker.failed'], ['anything else', 'broker.failed']])('%s is %s, and another can be chosen', async (code, problem) => {
    expect(codes(await resume({ ok: false, code }))).toEqual([problem]);
  });
});

test('the model reaches the highest level of an active broker', () => {
  const reaches = (brokers: BrokerConfig[]) => broker.model({}, { ...realm, brokers }).reaches;
  expect(reaches(realm.brokers)).toBe('substantial');
  expect(reaches(realm.brokers.filter((b) => b.id === 'alfa' || b.id === 'gone'))).toBe('low');
  expect(reaches([])).toBe('');
});
