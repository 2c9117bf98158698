import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openDesk, type Desk } from './support.ts';

const realm = ['--realm', 'cak'];
const whose = [...realm, '--organisation', 'relation_number:100777', '--user', 'j@example.nl'];
let desk: Desk;
beforeEach(async () => {
  desk = openDesk();
  await desk.run('migrate');
  await desk.run('organisation', 'create', ...realm, '--name', 'Thuiszorg', '--identifier', 'relation_number:100777', '--entitlement', 'porta:gebruiker');
  await desk.json('user', 'create', ...realm, '--organisation', 'relation_number:100777', '--username', 'jansen', '--family-name', 'Jansen', '--email', 'j@example.nl', '--role', 'porta:gebruiker');
});
afterEach(() => desk.remove());

describe('CAK-13 membership accounts', () => {
  test('gives and takes numbers, checked, and says what there is then', async () => {
    expect(await desk.json('membership', 'accounts', ...whose, '--add', 'porta:agb:01001234', '--add', 'porta:agb:01 00 56 78')).toMatchObject({ accounts: ['porta:agb:01001234', 'porta:agb:01005678'], sessions_ended: 0 });
    expect(await desk.run('membership', 'accounts', ...whose, '--remove', 'porta:agb:01001234')).toMatchObject({ code: 0, out: 'Jansen works at Thuiszorg under porta:agb:01005678; 0 sessions ended' });
    expect((await desk.run('membership', 'accounts', ...whose)).out).toBe('Jansen works at Thuiszorg under porta:agb:01005678');
    const [row] = await desk.json<object[]>('audit', 'list', ...realm, '--event', 'membership.accounts');
    expect(row).toMatchObject({ actor: { kind: 'desk' }, detail: { before: ['porta:agb:01001234', 'porta:agb:01005678'], after: ['porta:agb:01005678'] } });
  });

  test.each([
    [1, 'this is not a valid agb number', ['--add', 'porta:agb:123']],
    [1, 'there is no application bestanden with accounts of type agb', ['--add', 'bestanden:agb:01001234']],
    [1, 'this person has no account agb:01001234 in porta', ['--remove', 'porta:agb:01001234']],
    [2, '--add porta:01001234: expected application:type:number', ['--add', 'porta:01001234']],
  ])('exit code %d: %s', async (code, err, more) => {
    const outcome = await desk.run('membership', 'accounts', ...whose, ...more);
    expect([outcome.code, outcome.err.includes(err), outcome.err]).toEqual([code, true, outcome.err]);
  });
});
