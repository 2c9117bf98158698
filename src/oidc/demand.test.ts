import { describe, expect, test } from '@jest/globals';
import type { Client, KoaContextWithOIDC } from 'oidc-provider';
import { portalWith } from '../../test/support/flow.ts';
import { exampleRealm, noon } from '../../test/support/house.ts';
import { assertClaims, clientDemand, demandOf } from './demand.ts';

const levels = ['low', 'substantial', 'high'].map((id) => ({ id, label: id, acr: `urn:${id}` }));
const realm = exampleRealm({ levels });
const portal = portalWith({ level: 'low' });
const demand = (params: Record<string, unknown>, { at = portal, level = undefined as string | undefined, address = undefined as string | undefined } = {}) => demandOf(
  { oidc: { params, client: { level } as unknown as Client }, state: { ...(address && { address }) } } as unknown as KoaContextWithOIDC, realm, at, noon,
);
const claims = (acr: unknown): { claims: string } => ({ claims: JSON.stringify({ id_token: { acr } }) });

describe('the level that a request asks', () => {
  test.each([
    [undefined, 'low', 'portal'], ['', 'low', 'portal'], ['urn:low', 'low', 'portal'], ['urn:substantial', 'substantial', 'request'], ['urn:unknown', 'low', 'portal'],
    ['urn:unknown urn:substantial', 'substantial', 'request'], ['urn:high urn:substantial', 'substantial', 'request'], ['urn:substantial urn:low', 'low', 'portal'],
    [['urn:substantial'], 'low', 'portal'], [42, 'low', 'portal'],
    // ids are ours, not a portal's words
    ['high', 'low', 'portal'],
  ])('acr_values %j at a portal of level low: %s, by the %s', (acr_values, levelId, by) => {
    expect(demand({ acr_values })).toEqual({ levelId, by });
  });

  test.each([
    [{ essential: true, value: 'urn:high' }, 'high'], [{ essential: true, values: ['urn:high', 'urn:substantial'] }, 'substantial'], [{ value: 'urn:substantial' }, 'substantial'],
    [{ essential: true, values: ['urn:unknown', 'urn:high'] }, 'high'], [{ essential: true }, 'low'], [{ values: ['urn:unknown'] }, 'low'], [null, 'low'],
    // what nobody knows and must be reached is above the ladder; a level's id does not make it known
    [{ essential: true, value: 'urn:unknown' }, 'acr:urn:unknown'], [{ essential: true, value: 'high' }, 'acr:high'],
  ])('claims %j at a portal of level low: %s', (acr, levelId) => {
    expect(demand(claims(acr)).levelId).toBe(levelId);
  });

  test('is the highest of all that ask, and never lower than the portal\'s', () => {
    expect(demand({ acr_values: 'urn:substantial', ...claims({ essential: true, value: 'urn:high' }) })).toEqual({ levelId: 'high', by: 'request' });
    expect(demand({ acr_values: 'urn:high', ...claims({ essential: true, value: 'urn:substantial' }) })).toEqual({ levelId: 'high', by: 'request' });
    expect(demand({ acr_values: 'urn:low' }, { at: portalWith({ level: 'substantial' }) })).toEqual({ levelId: 'substantial', by: 'portal' });
    expect(demand({ acr_values: 'urn:substantial' }, { level: 'high' })).toEqual({ levelId: 'high', by: 'client' });
    expect(demand({ acr_values: 'urn:high' }, { level: 'substantial' })).toEqual({ levelId: 'high', by: 'request' });
  });

  test('a client raises its portal\'s level and never lowers it; a level that is gone from the realm is above the ladder', () => {
    const of = (level: unknown, at = portal) => clientDemand(realm, at, { level } as unknown as Client);
    expect(of('substantial')).toEqual({ levelId: 'substantial', by: 'client' });
    expect(of('low', portalWith({ level: 'high' }))).toEqual({ levelId: 'high', by: 'portal' });
    expect(of('gone')).toEqual({ levelId: 'gone', by: 'client' });
    expect(of(undefined)).toEqual({ levelId: 'low', by: 'portal' });
  });
});

describe('what else a request asks', () => {
  test('max_age counts back from now; the address is that of the browser', () => {
    expect(demand({ max_age: '60' }, { address: '192.0.2.1' })).toEqual({ levelId: 'low', by: 'portal', since: noon - 60, address: '192.0.2.1' });
  });

  test.each(['urn:high', 42, [], { essential: 'yes', value: 'urn:high' }, { value: 3 }, { values: 'urn:high' }, { values: [] }, { values: [1] }])('an acr of %j in claims is refused, not passed over', (acr) => {
    expect(() => assertClaims({ id_token: { acr } })).toThrow('invalid_request');
  });

  test.each([{ userinfo: { email: 'x' } }, { id_token: { name: [] } }, { userinfo: { phone_number: true } }])('%j is refused', (asked) => {
    expect(() => assertClaims(asked)).toThrow('invalid_request');
  });

  test.each([{}, { id_token: {} }, { id_token: { acr: null } }, { userinfo: { email: null } }, { id_token: { acr: { essential: true, values: ['urn:high'] } } }])('%j is sound', (asked) => {
    expect(() => assertClaims(asked)).not.toThrow();
  });
});
