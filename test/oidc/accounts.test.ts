import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { changeAccounts } from '../../src/domain/application-accounts.ts';
import { desk } from '../support/house.ts';
import { install, type Install } from '../support/install.ts';
import { person } from '../support/journeys.ts';
import { cakClient, cakLogin, type RelyingParty } from '../support/relying-party.ts';

/** CAK-13: the numbers of one person in one application, as a portal hears them. */
let at: Install;
let rp: RelyingParty;
beforeAll(async () => {
  at = await install({ change: ({ realms }) => { for (const one of realms.flatMap((realm) => realm.applications)) delete one.opening; } });
  rp = await cakClient(at, 'rp');
}, 60_000);
afterAll(() => at?.stop());

const change = (id: string, add: string[], remove: string[] = []) => {
  const accounts = (numbers: string[]) => numbers.map((value) => ({ application: 'porta', type: 'agb', value }));
  const { database, realm } = at.host('cak');
  return database.transaction((tx) => changeAccounts(tx, { realm, membershipId: person(id).membership?.id ?? '', add: accounts(add), remove: accounts(remove), actor: desk, now: at.now() }));
};
const said = async (accessToken: string): Promise<unknown> => (await (await rp.userinfo(accessToken)).json() as { accounts?: unknown }).accounts;

describe('CAK-13 the claim accounts', () => {
  test('tells all of somebody in one application, at userinfo as soon as one is given', async () => {
    const first = await cakLogin(rp, at.browser());
    expect(first.claims).not.toHaveProperty('accounts');
    await change('cak-active', ['01001234', '01005678']);
    const accounts = { porta: [{ type: 'agb', value: '01001234' }, { type: 'agb', value: '01005678' }] };
    expect(await said(first.access_token)).toEqual(accounts);
    expect((await cakLogin(rp, at.browser())).claims['accounts']).toEqual(accounts);
    expect((await cakLogin(rp, at.browser(), { params: { scope: 'openid organisation' } })).claims).not.toHaveProperty('accounts');
  });

  test('is silent of an application in which the person has no role', async () => {
    await change('cak-twin', ['41001234']);
    expect((await cakLogin(rp, at.browser(), { who: 'cak-twin' })).claims).not.toHaveProperty('accounts');
  });

  test('one that is taken away is out of every token at once', async () => {
    await change('cak-active', ['01009999']);
    const { access_token } = await cakLogin(rp, at.browser());
    expect(await change('cak-active', [], ['01009999'])).toMatchObject({ sessions: expect.any(Number) });
    expect((await rp.userinfo(access_token)).status).toBe(401);
    expect(JSON.stringify((await cakLogin(rp, at.browser())).claims['accounts'])).not.toContain('01009999');
  });
});
