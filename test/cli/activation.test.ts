import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openDesk, type Desk } from './support.ts';

const cak = ['--realm', 'cak'];
const create = ['user', 'create', ...cak, '--organisation', 'relation_number:100777', '--family-name', 'Jansen', '--given-name', 'Anna'];
const person = (name: string) => ['--username', name, '--email', `${name}@example.nl`];
const line = ['--address', 'Postbus 123', '--address', '1234 AB Voorbeeldstad'];
const CODE = /[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{2}/;

let desk: Desk;
beforeEach(async () => {
  desk = openDesk();
  await desk.run('migrate');
  await desk.run('organisation', 'create', ...cak, '--name', 'Zorg', '--identifier', 'relation_number:100777', '--entitlement', 'all');
});
afterEach(() => desk.remove());

test('CAK-3 a new colleague gets a letter, then a mail in its place; the code is printed only when that is asked', async () => {
  const made = await desk.run(...create, ...person('anna'), '--activation', 'letter', ...line);
  expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/^activation code ACT-[0-9A-F]{8} goes by letter, valid until 2027-02-14/m) });
  expect(made.out).not.toMatch(CODE);
  expect(await desk.json('outbox', 'list', ...cak, '--channel', 'letter')).toMatchObject([{ recipient: 'Zorg, T.a.v. Anna Jansen, Postbus 123, 1234 AB Voorbeeldstad', state: 'waiting' }]);
  const issue = ['code', 'issue', ...cak, '--activation', '--user', 'anna@example.nl'];
  expect((await desk.run(...issue)).out).not.toMatch(CODE);
  expect(await desk.json('outbox', 'list', ...cak, '--channel', 'letter')).toEqual([]);
  expect(await desk.json(...issue, '--show')).toMatchObject({ channel: 'mail', code: expect.stringMatching(CODE), expires_at: desk.now + 30 * 86_400 });
  expect((await desk.json<{ event: string }[]>('audit', 'list', ...cak, '--event', 'activation.issued'))).toHaveLength(3);
});

test('user show says how far somebody is', async () => {
  const show = async (name: string) => (await desk.run('user', 'show', ...cak, '--user', `${name}@example.nl`)).out;
  await desk.run(...create, ...person('bert'));
  expect(await show('bert')).not.toContain('activation');
  await desk.run(...create, ...person('anna'), '--activation', 'mail');
  expect(await show('anna')).toMatch(/^waits for the activation code ACT-[0-9A-F]{8}, by mail of 2027-01-15 08:00:00Z: valid until 2027-02-14 08:00:00Z, 5 tries left; not sent yet$/m);
  expect(await desk.json('user', 'show', ...cak, '--user', 'anna@example.nl')).toMatchObject({ standing: { activation: { state: 'waiting', code: { triesLeft: 5 }, message: { state: 'waiting' } } } });
  desk.now += 31 * 86_400;
  expect(await show('anna')).toContain('expired on 2027-02-14');
});

test.each([
  [['--activation', '--tier', 'user'], '--tier is for a verification code, not with --activation'],
  [['--activation', '--organisation', 'x'], '--organisation is for a verification code, not with --activation'],
  [['--tier', 'user', '--organisation', 'x', '--letter'], '--letter is for an activation code: give --activation'],
  [['--show'], '--show is for an activation code: give --activation'],
  [[], '--organisation is required'],
  [['--activation', '--letter'], 'a letter needs --address, once for each line below the name'],
  [['--activation', ...line], '--address is for a letter'],
])('code issue %j is wrong use', async (options, err) => {
  expect(await desk.run('code', 'issue', ...cak, '--user', 'x', ...options)).toMatchObject({ code: 2, err: expect.stringContaining(err) });
});

test('what cannot be is refused, and nobody is made by half', async () => {
  expect(await desk.run(...create, ...person('anna'), '--activation', 'duif')).toMatchObject({ code: 2, err: expect.stringContaining('--activation is mail or letter') });
  expect(await desk.run(...create, ...person('anna'), '--show')).toMatchObject({ code: 2 });
  expect(await desk.run(...create, ...person('anna'), '--activation', 'letter')).toMatchObject({ code: 2 });
  expect(await desk.run(...create, ...person('anna'), '--activation', 'letter', '--address', 'x'.repeat(61))).toMatchObject({ code: 1, err: expect.stringContaining('at most 5 lines of 60 characters') });
  expect(await desk.json('user', 'list', ...cak)).toEqual([]);
  await desk.run(...create, ...person('bert'));
  await desk.run('user', 'lock', ...cak, '--user', 'bert@example.nl');
  expect(await desk.run('code', 'issue', ...cak, '--activation', '--user', 'bert@example.nl')).toMatchObject({ code: 1, err: expect.stringContaining('is not active (locked)') });
  expect(await desk.run('code', 'issue', ...cak, '--activation', '--user', 'nobody')).toMatchObject({ code: 1 });
});
