import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parseDocument } from 'yaml';
import { openDatabase } from '../../src/store/database.ts';
import { listAudit } from '../../src/store/audit.ts';
import { listOutbox } from '../../src/store/outbox.ts';
import { openDesk, type Desk } from './support.ts';

const ciz = ['--realm', 'ciz'];
const organisation = ['--organisation', 'agb:41000099'];
const who = (username: string, email = `${username}@zorg.example`) => ['--username', username, '--given-name', 'Marit', '--family-name', 'Hofman', '--email', email];

let desk: Desk;
beforeEach(async () => {
  desk = openDesk();
  await desk.run('migrate');
});
afterEach(() => desk.remove());

/** Settings of realm ciz, whatever the shipped file says. */
async function realmOf(first: string): Promise<void> {
  const file = join(desk.folder, 'config/realms/ciz/realm.yaml');
  const document = parseDocument(readFileSync(file, 'utf8'));
  for (const [key, value] of [['forgotten', 'link'], ['first', first]]) document.setIn(['password', key], value);
  writeFileSync(file, document.toString());
  await desk.json('organisation', 'create', ...ciz, '--name', 'Zorggroep De Morgenster', '--identifier', 'agb:41000099', '--entitlement', 'all');
}

async function inDatabase<T>(work: (db: ReturnType<typeof openDatabase>['db']) => Promise<T>): Promise<T> {
  const database = openDatabase({ file: join(desk.folder, 'data/ciz.sqlite') });
  try {
    return await work(database.db);
  } finally {
    await database.close();
  }
}
const mails = () => inDatabase((db) => listOutbox(db, { channel: 'mail' }));
const sign = () => desk.json<{ invited: string[] }>('agreement', 'record', ...ciz, ...organisation, '--agreement', 'gebruikersovereenkomst');

describe('CIZ-1 the first mail of an administrator', () => {
  test('comes when the agreement is recorded, once', async () => {
    await realmOf('request');
    const made = await desk.json<{ account: string }>('user', 'create', ...ciz, ...organisation, ...who('mhofman'), '--tier', 'administrator');
    expect(made).toMatchObject({ username: 'mhofman', first: 'request', waits: true });
    expect(made).not.toHaveProperty('password');
    expect(await mails()).toEqual([]);
    expect((await sign()).invited).toEqual([made.account]);
    const [mail] = await mails();
    expect(mail).toMatchObject({ recipient: 'mhofman@zorg.example', links: [expect.stringMatching(/\/ciz\/password\/forgot$/)] });
    expect(mail?.text).toContain('Gebruikersnaam: mhofman');
    expect((await sign()).invited).toEqual([]);
    expect(await mails()).toHaveLength(1);
    expect(await inDatabase((db) => listAudit(db, { event: 'account.invited' }))).toMatchObject([{ object_id: made.account, actor: { kind: 'desk' } }]);
    expect((await desk.run('user', 'show', ...ciz, '--user', made.account)).out).toContain('has no password yet (sluis user invite)');
  });

  test('a user is mailed at once, and nobody is given a one-time password', async () => {
    await realmOf('request');
    expect(await desk.json('user', 'create', ...ciz, ...organisation, ...who('tleeuwen'))).toMatchObject({ first: 'request', waits: false });
    expect(await mails()).toHaveLength(1);
    const shown = await desk.run('user', 'create', ...ciz, ...organisation, ...who('x'), '--show-password');
    expect(shown).toMatchObject({ code: 2, err: expect.stringContaining('people choose their own') });
  });
});

describe('CFX-1 user invite', () => {
  test('mails the link again, until there is a password; what cannot be is refused', async () => {
    await realmOf('link');
    const { account } = await desk.json<{ account: string }>('user', 'create', ...ciz, ...organisation, ...who('tleeuwen'));
    expect(await desk.run('user', 'invite', ...ciz, '--user', account)).toMatchObject({ code: 0, out: 'a link to choose a password is mailed to them' });
    expect(await desk.json('user', 'invite', ...ciz, '--user', 'Marit Hofman')).toEqual({ id: account, first: 'link', mailed: true });
    const links = (await mails()).flatMap((mail) => mail.links).filter((one) => one.includes('/password/link/'));
    expect(new Set(links).size).toBe(3);
    await desk.run('user', 'lock', ...ciz, '--user', account);
    expect(await desk.run('user', 'invite', ...ciz, '--user', account)).toMatchObject({ code: 1, err: 'this account is not active but locked' });
    await desk.run('user', 'unlock', ...ciz, '--user', account);
    await inDatabase((db) => db.insertInto('passwords').values({ account_id: account, hash: 'x', changed_at: 1 }).execute());
    expect(await desk.run('user', 'invite', ...ciz, '--user', account)).toMatchObject({ code: 1, err: expect.stringContaining('has a password of their own already') });
    expect(await desk.run('user', 'invite', ...ciz, '--user', account, '--show-password')).toMatchObject({ code: 2 });
    expect(await desk.run('user', 'invite', ...ciz, '--user', 'Nobody')).toMatchObject({ code: 1 });
  });

  test('where the first mail brings a one-time password it makes another', async () => {
    await realmOf('one_time');
    const { account, password } = await desk.json<{ account: string; password: string }>('user', 'create', ...ciz, ...organisation, ...who('tleeuwen'), '--tier', 'administrator');
    const again = await desk.json<{ password: string }>('user', 'invite', ...ciz, '--user', account, '--show-password');
    expect(again.password).toMatch(/^\w{4}(-\w{4}){3}$/);
    expect(again.password).not.toBe(password);
    expect(await desk.json('user', 'invite', ...ciz, '--user', account)).not.toHaveProperty('password');
    expect((await sign()).invited).toEqual([]);
  });
});

test('a realm whose first mail leads to the page for a forgotten password has that page', async () => {
  await realmOf('request');
  const file = join(desk.folder, 'config/realms/ciz/realm.yaml');
  const document = parseDocument(readFileSync(file, 'utf8'));
  document.setIn(['password', 'forgotten'], 'desk');
  document.setIn(['help'], { include: [{ nl: 'Uw naam' }] });
  writeFileSync(file, document.toString());
  const { code, err, out } = await desk.run('realm', 'check', '--realm', 'ciz');
  expect(code).not.toBe(0);
  expect(err + out).toContain('needs forgotten: link');
  expect(err + out).toMatch(/help\.include.*a text is missing in en/);
});
