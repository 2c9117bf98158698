import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { dialects, type TestDatabase } from '../../../test/support/databases.ts';
import { desk, exampleRealm, noon, organisationWith, vault } from '../../../test/support/house.ts';
import { fastHash, localAccount } from '../../../test/support/local.ts';
import { anAccount } from '../../../test/support/rows.ts';
import { findPassword, insertLogin, updateAccount } from '../../store/accounts.ts';
import { listAudit } from '../../store/audit.ts';
import type { Database } from '../../store/database.ts';
import { forgetSecret, listOutbox } from '../../store/outbox.ts';
import { deleteAccount, lockAccount } from '../accounts.ts';
import { codeGuessesOf, guessesOf, liftWait, waitUntil } from '../guesses.ts';
import { takeGuess } from '../throttle.ts';
import { hashGate } from './gate.ts';
import { askPasswordLink, choosePasswordByLink, findPasswordLink, portalOfLink } from './link.ts';
import { newOneTimePassword, setOneTimePassword } from './one-time.ts';

const plain = exampleRealm();
const realm = { ...plain, login: { ...plain.login, argon2: fastHash }, password: { ...plain.password, forgotten: 'link' as const } };
const chosen = 'Riet-Oever-Boot-7';
const hours = 3600;

describe.each(dialects)('a link for a password on $name', ({ open }) => {
  let held: TestDatabase;
  let database: Database;
  beforeEach(async () => {
    held = await open();
    ({ database } = held);
    await localAccount(database, realm, 'anna', await organisationWith(database, realm, '12345678'));
  });
  afterEach(() => held.drop());

  const ask = (username: string, { now = noon, address = '192.0.2.1', portal }: { now?: number; address?: string; portal?: string } = {}) =>
    askPasswordLink({ database, realm, vault, now }, { names: { scope: '', username }, address, ...(portal && { portal }) });
  const mails = () => listOutbox(database.db, { channel: 'mail' });
  const newest = async (): Promise<string> => (await mails())[0]?.links[0]?.split('/').at(-1) ?? '';
  const use = (handle: string, { now = noon, password = chosen }: { now?: number; password?: string } = {}) => choosePasswordByLink({ database, realm, now }, { handle, chosen: password });
  const look = (handle: string, now: number) => findPasswordLink({ db: database.db, realm, now }, handle);
  const asked = async () => (await listAudit(database.db, { event: 'password.link_asked' })).map(({ outcome, reason, object_id }) => [outcome, reason, object_id]);
  const link = async (how: { portal?: string } = {}): Promise<string> => {
    await ask('anna', how);
    return newest();
  };

  test('CIZ-2 goes to the address that is known, in the language of its reader, and is in the trail', async () => {
    await ask('ANNA', { portal: 'zorg' });
    const [mail] = await mails();
    expect(mail).toMatchObject({ recipient: 'anna@zorg.example', subject: 'Nieuw wachtwoord voor Voorbeeld', secret: 1 });
    expect(mail?.links[0]).toMatch(/^http:\/\/localhost:3000\/voorbeeld\/password\/link\/[\w-]{43}$/);
    for (const part of ['Gebruikersnaam: anna', 'De link werkt 8 uur', '1 keer', mail?.links[0] ?? '']) expect(mail?.text).toContain(part);
    expect(await asked()).toEqual([['success', null, 'anna']]);
    await updateAccount(database.db, 'anna', { language: 'en' });
    await ask('anna');
    expect((await mails())[0]?.text).toContain('works for 8 hours');
  });

  test('CIZ-2 gives another password, once; looking uses nothing up', async () => {
    const handle = await link({ portal: 'zorg' });
    for (let n = 0; n < 3; n += 1) expect(await look(handle, noon + 8 * hours - 1)).toMatchObject({ accountId: 'anna', portal: 'zorg' });
    const before = await findPassword(database.db, 'anna');
    expect(await use(handle)).toEqual({ kind: 'done', portal: 'zorg' });
    const after = await findPassword(database.db, 'anna');
    expect(after?.hash).not.toBe(before?.hash);
    expect(after).toMatchObject({ one_time: 0, changed_at: noon });
    expect(await use(handle, { password: 'Boot-Riet-Oever-8' })).toEqual({ kind: 'gone' });
    expect(await findPassword(database.db, 'anna')).toEqual(after);
    expect((await listAudit(database.db, { event: 'password.changed' }))[0]).toMatchObject({ object_id: 'anna', detail: { reason: 'reset' } });
    expect((await mails())[0]?.subject).toBe('Uw wachtwoord is gewijzigd');
  });

  test('every broken rule is named and the link stays good; an unknown handle is nothing', async () => {
    const handle = await link();
    const codes = (outcome: Awaited<ReturnType<typeof use>>) => (outcome.kind === 'refused' ? outcome.problems.map(({ code }) => code) : outcome.kind);
    expect(codes(await use(handle, { password: 'anna' }))).toEqual(['new-password.short', 'new-password.username', 'new-password.common']);
    expect(codes(await use(handle, { password: '' }))).toEqual(['new-password.required']);
    expect(codes(await use(handle, { password: 'x'.repeat(100_000) }))).toEqual(['new-password.long']);
    expect(codes(await use(handle))).toBe('done');
    for (const other of ['', 'x', '\u0000', 'A'.repeat(43), `${handle}x`]) expect(await use(other)).toEqual({ kind: 'gone' });
  });

  test('of two at once one gets it; two links at once give one password', async () => {
    const other = held.second();
    const handle = await link();
    await ask('anna');
    const second = await newest();
    const both = await Promise.all([use(handle, { password: 'Eerste-Boot-Riet-7' }), choosePasswordByLink({ database: other, realm, now: noon }, { handle, chosen: 'Tweede-Boot-Riet-7' }), use(second, { password: 'Derde-Boot-Riet-7' })]);
    expect(both.map(({ kind }) => kind).toSorted()).toEqual(['done', 'gone', 'gone']);
    expect(await listAudit(database.db, { event: 'password.changed' })).toHaveLength(1);
  });

  test.each<[string, () => Promise<unknown>, number?]>([
    ['is eight hours old', async () => undefined, 8 * hours],
    ['was overtaken by a newer one', async () => { await ask('anna'); expect((await use(await newest())).kind).toBe('done'); }],
    ['is of before a one-time password', async () => {
      const oneTime = await newOneTimePassword(realm);
      await database.transaction((tx) => setOneTimePassword(tx, realm, { accountId: 'anna', oneTime, actor: desk, now: noon }));
    }],
    ['went to an address that is no longer theirs', () => updateAccount(database.db, 'anna', { email: 'other@zorg.example' })],
    ['is of a locked account', () => database.transaction((tx) => lockAccount(tx, { accountId: 'anna', actor: desk, now: noon }))],
    ['is of a deleted account', () => database.transaction((tx) => deleteAccount(tx, { accountId: 'anna', reason: 'weg', actor: desk, now: noon }))],
  ])('one that %s is dead, and knows the way back', async (_, happen, later = 0) => {
    const handle = await link({ portal: 'zorg' });
    await happen();
    const before = await findPassword(database.db, 'anna');
    expect(await look(handle, noon + later)).toBeUndefined();
    expect(await use(handle, { now: noon + later, password: 'Ander-Riet-Boot-9' })).toEqual({ kind: 'gone' });
    expect(await findPassword(database.db, 'anna')).toEqual(before);
    expect(await portalOfLink(database.db, handle)).toBe('zorg');
  });

  test('a password that was changed while the new one was hashed is not overwritten', async () => {
    const handle = await link();
    const hashing = new Promise<void>((resolve) => { const stop = hashGate.observe(() => { stop(); resolve(); }); });
    const using = use(handle);
    await hashing;
    await database.db.updateTable('passwords').set({ hash: 'changed meanwhile' }).where('account_id', '=', 'anna').execute();
    expect(await using).toEqual({ kind: 'gone' });
    expect((await findPassword(database.db, 'anna'))?.hash).toBe('changed meanwhile');
  });

  test('who guessed too often at the password waits no longer; who did so at the codes does', async () => {
    for (let n = 0; n < 6; n += 1) await takeGuess(database.db, guessesOf('anna'), noon);
    expect(await waitUntil(database.db, 'anna', noon)).toBe(noon + 60);
    expect((await use(await link())).kind).toBe('done');
    expect(await waitUntil(database.db, 'anna', noon)).toBeUndefined();
    for (let n = 0; n < 6; n += 1) await takeGuess(database.db, codeGuessesOf('anna'), noon);
    expect((await use(await link(), { password: 'Boot-Riet-Oever-8' })).kind).toBe('done');
    expect(await waitUntil(database.db, 'anna', noon)).toBe(noon + 60);
    await database.transaction((tx) => liftWait(tx, { accountId: 'anna', actor: desk, now: noon }));
    expect(await waitUntil(database.db, 'anna', noon)).toBeUndefined();
  });

  test('nobody else is mailed: unknown, locked, without an address, without a login of their own', async () => {
    await anAccount(database.db, 'stranger', { email: 'stranger@zorg.example' });
    await anAccount(database.db, 'silent');
    await insertLogin(database.db, { scope: '', username: 'silent', account_id: 'silent' });
    await database.transaction((tx) => lockAccount(tx, { accountId: 'anna', actor: desk, now: noon }));
    for (const name of ['nobody', 'anna', 'silent']) await ask(name);
    await askPasswordLink({ database, realm: { ...realm, login: { ...realm.login, identifiers: ['email'] } }, vault, now: noon }, { names: { scope: '', email: 'stranger@zorg.example' }, address: '192.0.2.1' });
    expect(await mails()).toEqual([]);
    expect((await asked()).toSorted()).toEqual([['refused', 'no_address', 'silent'], ['refused', 'no_login', 'stranger'], ['refused', 'not_active', 'anna'], ['refused', 'unknown', null]]);
  });

  test('five an hour for a name, known or not, whatever its case; then again', async () => {
    await Promise.all(Array.from({ length: 12 }, (_, n) => ask(n % 2 ? 'anna' : 'Anna')));
    await Promise.all(Array.from({ length: 7 }, () => ask('nobody')));
    expect(await mails()).toHaveLength(5);
    const reasons = (await asked()).map(([, reason, account]) => `${reason} ${account}`);
    expect(reasons.filter((one) => one === 'wait anna')).toHaveLength(7);
    expect(reasons.filter((one) => one === 'wait null')).toHaveLength(2);
    await ask('anna', { now: noon + hours });
    expect(await mails()).toHaveLength(6);
  });

  test('a mailbox that several share gets ten an hour; an address that floods leaves one row', async () => {
    for (const id of ['berta', 'carla']) {
      await anAccount(database.db, id, { email: 'ANNA@zorg.example' });
      await insertLogin(database.db, { scope: '', username: id, account_id: id });
    }
    await Promise.all(['anna', 'berta', 'carla'].flatMap((name) => Array.from({ length: 5 }, () => ask(name))));
    expect(await mails()).toHaveLength(10);
    const before = (await listAudit(database.db, { limit: 1000 })).length;
    await Promise.all(Array.from({ length: 210 }, (_, n) => ask(`nobody-${n}`, { address: '192.0.2.9' })));
    const rows = (await listAudit(database.db, { limit: 1000 })).length - before;
    expect(rows).toBe(201);
  }, 60_000);

  test('is forgotten once it was sent', async () => {
    await link();
    const [mail] = await mails();
    await forgetSecret(database.db, mail?.id ?? '');
    const [kept] = await mails();
    expect(kept).toMatchObject({ text: '', links: [], recipient: 'anna@zorg.example' });
    expect(JSON.stringify(await database.db.selectFrom('tickets').selectAll().execute())).not.toContain(mail?.links[0]?.split('/').at(-1));
  });
});
