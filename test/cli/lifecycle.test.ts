import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { claimMessages, listOutbox, markFailed } from '../../src/store/outbox.ts';
import { openDesk, type Desk } from './support.ts';

const realm = ['--realm', 'cak'];
const start = 1_800_000_000;
const days = (n: number): number => start + n * 86_400;
type Person = { account: string; password: string };
type Shown = { status: string; end_reason: string | null; standing: Record<string, unknown> };

let desk: Desk;
let jan: Person;
beforeEach(async () => {
  desk = openDesk();
  const file = join(desk.folder, 'config/realms/cak/realm.yaml');
  writeFileSync(file, stringify({ ...parse(readFileSync(file, 'utf8')) as object, lifecycle: { dormant_after_days: 180, remind_before_days: [14], purge_after_days: 30 } }));
  await desk.run('migrate');
  await desk.json('organisation', 'create', ...realm, '--name', 'Zorg Voorbeeld', '--identifier', 'relation_number:123456', '--entitlement', 'all');
  jan = await make();
});
afterEach(() => desk.remove());

const make = () => desk.json<Person>('user', 'create', ...realm, '--organisation', 'relation_number:123456', '--username', 'jansen',
  '--given-name', 'Jan', '--family-name', 'Jansen', '--email', 'jan@example.nl', '--tier', 'administrator');
const show = () => desk.json<Shown>('user', 'show', ...realm, '--user', jan.account);
const shown = async () => (await desk.run('user', 'show', ...realm, '--user', jan.account)).out;
const round = async (...more: string[]) => (await desk.json<{ done: Record<string, string[]> }>('lifecycle', 'run', ...realm, ...more)).done;
async function inDatabase<T>(work: (database: Database) => Promise<T>): Promise<T> {
  const database = openDatabase({ file: join(desk.folder, 'data/cak.sqlite') });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

describe('lifecycle run', () => {
  test('says what it would do, does it, and then has nothing to do', async () => {
    desk.now = days(170);
    expect(await desk.run('lifecycle', 'run', ...realm, '--dry-run')).toMatchObject({ code: 0, out: expect.stringMatching(/^nothing is changed.*reminded to log in +1 +\S+/s) });
    // the mail with which the account began
    expect(await inDatabase(({ db }) => listOutbox(db, { to: 'jan@example.nl' }))).toHaveLength(1);
    expect(await round()).toMatchObject({ dormancy_reminder: [jan.account], dormant: [] });
    expect(await round()).toMatchObject({ dormancy_reminder: [] });
    expect(await inDatabase(({ db }) => listOutbox(db, { to: 'jan@example.nl' }))).toHaveLength(2);
    const [row] = await desk.json<{ actor: { kind: string } }[]>('audit', 'list', ...realm, '--event', 'notice.sent');
    expect(row?.actor.kind).toBe('desk');
    expect(await desk.run('lifecycle', 'run', '--realm', 'nowhere')).toMatchObject({ code: 2 });
  });

  test('user show says when dormancy comes, why somebody cannot log in, and unlock brings them back', async () => {
    expect(await shown()).toContain(`becomes dormant on ${new Date(days(180) * 1000).toISOString().slice(0, 10)}`);
    desk.now = days(180);
    expect(await round()).toMatchObject({ dormant: [jan.account] });
    expect(await shown()).toMatch(/: dormant\n[^]*cannot log in: dormant since 2027-07-14 .*, because it was unused \(sluis user unlock brings it back\)/);
    expect((await desk.run('user', 'list', ...realm)).out).toContain('dormant');
    expect(await desk.run('user', 'unlock', ...realm, '--user', jan.account)).toMatchObject({ code: 0 });
    expect(await show()).toMatchObject({ status: 'active', end_reason: null, standing: { dormant_at: days(360) } });
    expect(await round()).toMatchObject({ dormant: [] });
    desk.now += 60;
    await desk.run('user', 'lock', ...realm, '--user', jan.account);
    expect(await show()).toMatchObject({ status: 'locked', standing: { locked_at: desk.now, dormant_at: null } });
    expect(await shown()).toContain('cannot log in: locked since');
  });
});

describe('user delete', () => {
  test('needs a reason, happens once, and the person can get a new account with the same name', async () => {
    const remove = (...reason: string[]) => desk.run('user', 'delete', ...realm, '--user', 'jan@example.nl', ...reason);
    expect(await remove()).toMatchObject({ code: 2 });
    expect(await remove('--reason', ' ')).toMatchObject({ code: 1, err: 'a reason is one line of at most 500 characters' });
    const { code, out } = await remove('--reason', 'uit dienst');
    expect([code, out]).toEqual([0, expect.stringMatching(/is deleted; 0 sessions ended\nZorg Voorbeeld has no administrator now/)]);
    expect(await remove('--reason', 'nog eens')).toMatchObject({ code: 1, err: 'this account is deleted already' });
    expect(await desk.run('user', 'unlock', ...realm, '--user', jan.account)).toMatchObject({ code: 1, err: 'this account is not locked but deleted' });
    expect(await shown()).toMatch(/cannot log in: deleted since .*: uit dienst\npersonal data go on 2027-02-14/);
    const again = await make();
    expect(await desk.json('user', 'show', ...realm, '--user', 'jan@example.nl')).toMatchObject({ id: again.account, status: 'active' });
    expect((await desk.run('user', 'create', ...realm, '--organisation', 'relation_number:123456', '--username', 'JANSEN', '--family-name', 'X', '--email', 'x@example.nl')).err).toBe('the name JANSEN is taken');
    desk.now = days(30);
    expect(await round()).toMatchObject({ purged: [jan.account] });
    expect(await show()).toMatchObject({ status: 'deleted', end_reason: null, given_name: null, email: null, purged_at: days(30), memberships: [] });
    expect(await shown()).toMatch(/^nobody any more .*personal data were removed on 2027-02-14/s);
    expect(await desk.json('user', 'show', ...realm, '--user', 'jan@example.nl')).toMatchObject({ id: again.account, family_name: 'Jansen' });
  });

  test('a mail that was refused for good is told of', async () => {
    desk.now = days(170);
    await round();
    expect((await show()).standing['last_mail_failed']).toBeNull();
    await inDatabase(async (database) => {
      for (const { id } of await claimMessages(database, 10, desk.now)) await markFailed(database.db, id, 'EENVELOPE', null);
    });
    expect(await show()).toMatchObject({ standing: { last_mail_failed: { error: 'EENVELOPE', at: days(170) } } });
    expect(await shown()).toContain('could not be delivered: EENVELOPE (correct the address, or sluis outbox retry --id ');
  });
});
