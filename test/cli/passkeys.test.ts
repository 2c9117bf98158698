import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { insertAccount } from '../../src/store/accounts.ts';
import { insertPasskey, listPasskeys } from '../../src/store/passkeys.ts';
import { openDesk, type Desk } from './support.ts';

const realm = ['--realm', 'inlichtingenbureau'];
let desk: Desk;
beforeEach(async () => {
  desk = openDesk();
  await desk.run('migrate');
  await desk.within('inlichtingenbureau', async ({ db }) => {
    await insertAccount(db, { id: 'bram', status: 'active', given_name: 'Bram', email: 'bram@example.nl', created_at: 1, updated_at: 1 });
    const passkey = { account_id: 'bram', public_key: 'k', counter: 3, transports: '[]', device: 'single' as const, backed_up: 0, created_at: desk.now - 86_400, last_used_at: desk.now };
    await insertPasskey(db, { ...passkey, id: 'p1', credential_id: 'c1', name: 'Telefoon van \'t Hoff', blocked_at: null });
    await insertPasskey(db, { ...passkey, id: 'p2', credential_id: 'c2', name: 'Sleutel', created_at: desk.now, blocked_at: desk.now });
  });
});
afterEach(() => desk.remove());

test('user show names the passkeys, and which one is blocked', async () => {
  const { out } = await desk.run('user', 'show', ...realm, '--user', 'bram');
  expect(out).toContain('second step: passkey; 0 recovery codes left');
  expect(out).toContain('passkey "Telefoon van \'t Hoff" of 2027-01-14');
  expect(out).toMatch(/passkey "Sleutel" of 2027-01-15 .*; blocked since 2027-01-15 .*its counter went back/);
  expect(await desk.json('user', 'show', ...realm, '--user', 'bram')).toMatchObject({ standing: { passkeys: [{ id: 'p1', synced: false }, { id: 'p2', blockedAt: desk.now }] } });
});

test('user reset-factors takes them away', async () => {
  expect(await desk.json('user', 'reset-factors', ...realm, '--user', 'bram')).toMatchObject({ factors: ['passkey'] });
  expect(await desk.within('inlichtingenbureau', ({ db }) => listPasskeys(db, 'bram'))).toEqual([]);
});
