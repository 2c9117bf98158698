import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { takeGuess } from '../../src/domain/throttle.ts';
import { authenticate } from '../../src/domain/passwords/authenticate.ts';
import { insertAccount } from '../../src/store/accounts.ts';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { insertMembership } from '../../src/store/memberships.ts';
import { enqueue } from '../../src/store/outbox.ts';
import { openDesk, type Desk } from './support.ts';

let desk: Desk;
beforeEach(async () => {
  desk = openDesk();
  await desk.run('migrate');
});
afterEach(() => desk.remove());

const ib = ['--realm', 'inlichtingenbureau'];
const cak = ['--realm', 'cak'];

async function inDatabase<T>(realm: string, work: (database: Database) => Promise<T>): Promise<T> {
  const database = openDatabase({ file: join(desk.folder, 'data', `${realm}.sqlite`) });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** Somebody who registered through a broker and waits for a code. */
async function pending(organisation: string, given: string): Promise<string> {
  return inDatabase('inlichtingenbureau', async ({ db }) => {
    const [account, membership] = [randomUUID(), randomUUID()];
    await insertAccount(db, {
      id: account, status: 'active', salutation: null, initials: 'S.', given_name: given, infix: 'de', family_name: 'Wit', department: null,
      phone: null, email: `${given}@example.nl`, language: 'nl', created_at: desk.now, updated_at: desk.now, last_login_at: null,
    });
    await insertMembership(db, { id: membership, account_id: account, organisation_id: organisation, tier: 'user', status: 'pending', registered_at: desk.now, verified_at: null });
    return membership;
  });
}

async function municipality(): Promise<string> {
  const { id } = await desk.json<{ id: string }>('organisation', 'create', ...ib, '--name', 'Gemeente Voorbeeld', '--identifier', 'kvk:99990401', '--entitlement', 'all');
  return id;
}

describe('organisations', () => {
  test('create, find by number, record agreements (IB-8)', async () => {
    const id = await municipality();
    expect(await desk.json('organisation', 'list', ...ib)).toEqual([{ id, name: 'Gemeente Voorbeeld', identifiers: { kvk: '99990401' } }]);
    expect((await desk.run('agreement', 'record', ...ib, '--organisation', 'kvk:99990401', '--agreement', 'vecozo', '--signed-at', '2026-02-03')).code).toBe(0);
    const shown = await desk.json('organisation', 'show', ...ib, '--organisation', id);
    expect(shown).toMatchObject({ agreements: [{ agreement: 'vecozo', signed_at: Date.parse('2026-02-03') / 1000 }] });
    expect(shown['entitlements']).toHaveLength(6);
    expect((await desk.run('organisation', 'show', ...ib, '--organisation', id)).out).toContain('vecozo signed 2026-02-03');
  });

  test('B10 how it is reached and what it is called: given, changed, taken away', async () => {
    const id = await municipality();
    const update = ['organisation', 'update', ...ib, '--organisation', 'kvk:99990401'];
    const { contact } = await desk.json(...update, '--name', ' Gemeente Voorbeeld aan Zee', '--address', 'Dijk 1', '--address', '1234 AB Voorbeeld', '--phone', '088 513 84 84', '--email', 'info@voorbeeld.example');
    expect(contact).toEqual({ address: 'Dijk 1\n1234 AB Voorbeeld', postal_address: null, phone: '0885138484', email: 'info@voorbeeld.example' });
    const shown = (await desk.run('organisation', 'show', ...ib, '--organisation', id)).out;
    for (const line of ['Gemeente Voorbeeld aan Zee', 'address: Dijk 1, 1234 AB Voorbeeld\n', 'phone: 0885138484\n']) expect(shown).toContain(line);
    expect((await desk.run(...update, '--remove', 'address', '--remove', 'phone', '--postal-address', 'Postbus 1')).out).toBe(`${id}: changed address, postal-address, phone`);
    expect((await desk.run(...update, '--postal-address', ' Postbus 1 ')).out).toBe(`${id}: nothing changed`);
    expect(await desk.json('organisation', 'show', ...ib, '--organisation', id)).toMatchObject({ contact: { address: null, postal_address: 'Postbus 1', phone: null, email: 'info@voorbeeld.example' } });
    const trail = await desk.json<{ detail: unknown }[]>('audit', 'list', ...ib, '--event', 'organisation.changed');
    expect(trail.map(({ detail }) => detail)).toEqual([{ fields: ['address', 'postal_address', 'phone'] }, { fields: ['name', 'address', 'phone', 'email'] }]);
  });

  test('B10 is given at once with the organisation too, or the organisation is not made', async () => {
    const create = (number: string, ...more: string[]) => desk.run('organisation', 'create', ...ib, '--name', 'Nieuw', '--identifier', `kvk:${number}`, ...more);
    expect((await create('99990402', '--phone', '+31 (0)88-5138484', '--postal-address', 'Postbus 9')).code).toBe(0);
    expect(await desk.json('organisation', 'show', ...ib, '--organisation', 'kvk:99990402')).toMatchObject({ contact: { phone: '+31885138484', postal_address: 'Postbus 9', address: null, email: null } });
    expect(await create('99990403', '--email', 'nergens')).toMatchObject({ code: 1, err: 'this is not an e-mail address' });
    expect(await desk.run('organisation', 'show', ...ib, '--organisation', 'kvk:99990403')).toMatchObject({ code: 1 });
  });

  test.each<[string, string[], number, string]>([
    ['nothing', [], 2, 'say what to change'],
    ['no name', ['--name', '  '], 1, 'name of an organisation'],
    ['a number that nobody dials', ['--phone', '12'], 1, 'not a telephone number'],
    ['an empty address', ['--address', ''], 2, '--address is empty'],
    ['an empty phone', ['--phone', ' '], 2, '--phone is empty'],
    ['a mark that turns text', ['--address', 'Dijk\u202e1'], 1, 'without control characters'],
    ['200 characters and one', ['--postal-address', 'x'.repeat(201)], 1, 'at most 200 characters'],
    ['an unknown detail', ['--remove', 'kvk'], 2, 'expected one of address, postal-address, phone, email'],
    ['given and taken away', ['--phone', '0885138484', '--remove', 'phone'], 2, 'not both'],
    ['an unknown level beside a good name', ['--name', 'Anders', '--minimum-level', 'eh9'], 1, 'no level eh9'],
  ])('organisation update with %s is refused, and nothing changes', async (_what, options, code, sentence) => {
    const id = await municipality();
    expect(await desk.run('organisation', 'update', ...ib, '--organisation', id, ...options)).toMatchObject({ code, err: expect.stringContaining(sentence) });
    expect(await desk.json('organisation', 'show', ...ib, '--organisation', id)).toMatchObject({ name: 'Gemeente Voorbeeld', contact: { address: null, postal_address: null, phone: null, email: null } });
  });

  test('the lowest level of its people, set and taken away', async () => {
    const id = await municipality();
    const update = (level: string) => desk.run('organisation', 'update', ...ib, '--organisation', 'kvk:99990401', '--minimum-level', level);
    expect((await update('eh4')).code).toBe(0);
    expect((await desk.run('organisation', 'show', ...ib, '--organisation', id)).out).toContain('minimum level: eh4');
    expect(await update('eh5')).toMatchObject({ code: 1, err: expect.stringContaining('no level eh5') });
    expect(await desk.json('organisation', 'update', ...ib, '--organisation', id, '--minimum-level', 'none')).not.toHaveProperty('minimumLevel');
    expect((await desk.run('organisation', 'show', ...ib, '--organisation', id)).out).toContain('minimum level: none');
  });

  test('bad input is refused and changes nothing', async () => {
    const create = ['organisation', 'create', ...ib, '--name', 'X'];
    expect(await desk.run(...create, '--identifier', 'kvk:12')).toMatchObject({ code: 1, err: 'this is not a valid kvk number' });
    expect(await desk.run(...create, '--identifier', 'kvk')).toMatchObject({ code: 2 });
    expect(await desk.run(...create, '--identifier', 'kvk:99990401', '--entitlement', 'iwmo:baas')).toMatchObject({ code: 1 });
    expect(await desk.json('organisation', 'list', ...ib)).toEqual([]);
    await municipality();
    const record = ['agreement', 'record', ...ib, '--organisation', 'kvk:99990401', '--agreement'];
    expect(await desk.run(...record, 'none')).toMatchObject({ code: 1, err: 'the realm has no agreement none' });
    expect(await desk.run(...record, 'vecozo', '--signed-at', '2026-02-30')).toMatchObject({ code: 2 });
    expect(await desk.run(...record, 'vecozo', '--signed-at', '2099-01-01')).toMatchObject({ code: 1 });
  });
});

describe('code issue (IB-5, IB-6)', () => {
  test('a user needs a role first; the desk alone can make an administrator', async () => {
    const organisation = await municipality();
    const membership = await pending(organisation, 'Sanne');
    const issue = ['code', 'issue', ...ib, '--organisation', 'kvk:99990401', '--user', 'sanne de wit', '--tier'];
    expect(await desk.run(...issue, 'user', '--json')).toMatchObject({ code: 1, err: expect.stringContaining('verification.role_first') });
    const issued = await desk.json(...issue, 'user', '--role', 'iwmo:gebruiker');
    expect(issued).toMatchObject({ membership, tier: 'user', expires_at: desk.now + 14 * 86_400 });
    expect(issued['code']).toMatch(/^[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{2}$/);
    expect(await desk.json(...issue, 'administrator')).toMatchObject({ tier: 'administrator' });
    expect(await desk.run(...issue, 'baas')).toMatchObject({ code: 2 });
    expect((await desk.json<{ event: string }[]>('audit', 'list', ...ib)).map((row) => row.event)).toContain('roles.assigned');
  });

  test('two people of one name are not confused', async () => {
    const organisation = await municipality();
    await pending(organisation, 'Sanne');
    await pending(organisation, 'sanne');
    const { code, err } = await desk.run('code', 'issue', ...ib, '--organisation', organisation, '--user', 'Sanne de Wit', '--tier', 'administrator');
    expect([code, err]).toEqual([1, expect.stringContaining('more than one person')]);
    expect(await desk.run('code', 'issue', ...ib, '--organisation', organisation, '--user', 'nobody', '--tier', 'user')).toMatchObject({ code: 1 });
  });
});

describe('users', () => {
  test('a local account gets a password that works (CAK-1)', async () => {
    await desk.run('organisation', 'create', ...cak, '--name', 'Zorg', '--identifier', 'relation_number:100777', '--entitlement', 'all');
    const create = ['user', 'create', ...cak, '--organisation', 'relation_number:100777', '--username', 'jansen', '--family-name', 'Jansen', '--email', 'j@example.nl', '--role', 'bestanden:gebruiker'];
    const { account, password } = await desk.json<{ account: string; password: string }>(...create);
    await inDatabase('cak', async ({ db }) => {
      const settings = { memory_kib: 19_456, passes: 2, lanes: 1 };
      expect(await authenticate(db, settings, { scope: '100777', username: 'Jansen', password })).toMatchObject({ accountId: account });
    });
    await inDatabase('cak', async ({ db }) => {
      const mails = await db.selectFrom('outbox').select(['recipient', 'text']).execute();
      expect(mails).toEqual([{ recipient: 'j@example.nl', text: expect.stringContaining(`Relatienummer: 100777\nGebruikersnaam: jansen\nEenmalig wachtwoord: ${password}\n`) }]);
    });
    expect(await desk.run(...create)).toMatchObject({ code: 1, err: 'the name jansen is taken' });
    expect(await desk.json('user', 'list', ...cak, '--text', 'JANS')).toMatchObject([{ id: account }]);
    expect(await desk.json('user', 'show', ...cak, '--user', 'j@example.nl')).toMatchObject({ id: account, memberships: [{ organisation: 'Zorg', roles: ['bestanden:gebruiker'] }] });
  });

  test('a new one-time password: the old one dies, the wait is over, and user show says how it stands (CAK-2)', async () => {
    await desk.run('organisation', 'create', ...cak, '--name', 'Zorg', '--identifier', 'relation_number:100777', '--entitlement', 'all');
    const made = await desk.run('user', 'create', ...cak, '--organisation', 'relation_number:100777', '--username', 'jansen', '--family-name', 'Jansen', '--email', 'j@example.nl');
    expect(made.out).not.toContain('shown once');
    expect(made.out).toContain('mailed');
    const who = [...cak, '--user', 'j@example.nl'];
    const show = async (): Promise<string> => (await desk.run('user', 'show', ...who)).out;
    expect(await show()).toContain('one-time password of');
    const { id = '' } = (await desk.json<{ id?: string }>('user', 'show', ...who));
    const guess = () => inDatabase('cak', async ({ db }) => { for (let n = 0; n < 5; n += 1) await takeGuess(db, `password:${id}`, desk.now); });
    await guess();
    expect(await show()).toContain('must wait until');
    expect(await desk.json('user', 'unlock', ...who)).toEqual({ id, status: 'active' });
    expect(await show()).not.toContain('must wait');
    await guess();
    const reset = await desk.json<{ password: string }>('user', 'reset-password', ...who, '--show-password');
    expect(reset).toMatchObject({ id, mailed: true, sessions_ended: 0 });
    expect(await desk.json('user', 'reset-password', ...who)).not.toHaveProperty('password');
    await inDatabase('cak', async ({ db }) => {
      const settings = { memory_kib: 19_456, passes: 2, lanes: 1 };
      expect(await authenticate(db, settings, { scope: '100777', username: 'jansen', password: reset.password })).toBeUndefined();
    });
    expect(await show()).not.toContain('must wait');
    expect((await desk.json<{ event: string }[]>('audit', 'list', ...cak)).map((row) => row.event)).toEqual(expect.arrayContaining(['password.issued', 'password.wait_lifted']));
    await pending(await municipality(), 'Sanne');
    expect(await desk.run('user', 'reset-password', ...ib, '--user', 'Sanne de Wit')).toMatchObject({ code: 1, err: expect.stringContaining('through a broker') });
  });

  test('people who come through a broker cannot be made here', async () => {
    await municipality();
    expect(await desk.run('user', 'create', ...ib, '--organisation', 'kvk:99990401', '--username', 'x', '--family-name', 'X', '--email', 'x@example.nl')).toMatchObject({ code: 1 });
  });

  test('lock and unlock', async () => {
    await pending(await municipality(), 'Sanne');
    const [lock, unlock] = ['lock', 'unlock'].map((verb) => ['user', verb, ...ib, '--user', 'Sanne de Wit']) as [string[], string[]];
    expect(await desk.run(...unlock)).toMatchObject({ code: 1, err: 'this account is not locked but active' });
    const [person] = await desk.json<{ id: string }[]>('user', 'list', ...ib);
    expect(await desk.json(...lock)).toEqual({ id: person!.id, status: 'locked', sessions_ended: 0, without_administrator: [] });
    expect(await desk.run(...lock)).toMatchObject({ code: 1, err: 'this account is not active but locked' });
    expect(await desk.json(...unlock)).toEqual({ id: person!.id, status: 'active' });
  });
});

describe('trail and outbox', () => {
  test('the export is whole, oldest first, and shows itself', async () => {
    await municipality();
    const { out } = await desk.run('audit', 'export', ...ib);
    expect(out.split('\n').map((line) => (JSON.parse(line) as { event: string }).event)).toEqual(['organisation.created', 'audit.exported']);
    expect(await desk.json('audit', 'list', ...ib, '--event', 'organisation.created', '--limit', '1')).toHaveLength(1);
    expect(await desk.run('audit', 'list', ...ib, '--limit', '0')).toMatchObject({ code: 2 });
  });

  test('messages are listed without their text; only a failed one is retried', async () => {
    const id = await inDatabase('inlichtingenbureau', ({ db }) => enqueue(db, { channel: 'mail', recipient: 'a@example.nl', subject: 'S', text: 'geheim', now: desk.now }));
    const { out } = await desk.run('outbox', 'list', ...ib, '--to', 'a@example.nl', '--json');
    expect(JSON.parse(out)).toMatchObject([{ id, state: 'waiting' }]);
    expect(out).not.toContain('geheim');
    expect(await desk.run('outbox', 'retry', ...ib, '--id', id)).toMatchObject({ code: 1 });
    await inDatabase('inlichtingenbureau', ({ db }) => db.updateTable('outbox').set({ state: 'failed' }).execute());
    expect(await desk.json('outbox', 'retry', ...ib, '--id', id)).toEqual({ id, state: 'waiting' });
  });
});
