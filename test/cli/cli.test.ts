import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { commands } from '../../src/cli/commands.ts';
import { openDesk, type Desk } from './support.ts';

let desk: Desk;
beforeEach(() => { desk = openDesk(); });
afterEach(() => desk.remove());

const ib = ['--realm', 'inlichtingenbureau'];

describe('use', () => {
  test.each(commands.map(({ name }) => [name]))('%s --help', async (name) => {
    const { code, out } = await desk.run(...name.split(' '), '--help');
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^sluis ${name}: .+\n[^]*--config FILE`));
  });

  test('wrong use is exit code 2 and says what would be right', async () => {
    expect(await desk.run('clinet', 'list')).toMatchObject({ code: 2, err: expect.stringContaining('there is no command clinet list; did you mean client list?') });
    expect(await desk.run('client')).toMatchObject({ code: 2, err: expect.stringContaining('client create') });
    expect(await desk.run('client', 'list')).toMatchObject({ code: 2, err: '--realm is required' });
    expect(await desk.run('client', 'list', '--realm', 'inlichtingenburo')).toMatchObject({ code: 2, err: 'there is no realm inlichtingenburo; did you mean inlichtingenbureau?' });
    expect(await desk.run('client', 'list', ...ib, '--colour')).toMatchObject({ code: 2 });
    const { code, err } = await desk.run('client', 'list', '--json');
    expect([code, JSON.parse(err)]).toEqual([2, { error: { code: 'usage', message: '--realm is required' } }]);
    expect(await desk.run('--help')).toMatchObject({ code: 0, out: expect.stringContaining('outbox retry') });
  });

  test('a realm without tables is refused, and migrate makes them', async () => {
    expect(await desk.run('client', 'list', ...ib)).toMatchObject({ code: 1, err: 'realm inlichtingenbureau has no tables yet: run sluis migrate' });
    expect(Object.keys(await desk.json('migrate'))).toEqual(['inlichtingenbureau', 'cak', 'ciz', 'careflex']);
    expect(await desk.run('migrate', ...ib)).toMatchObject({ code: 0, out: 'inlichtingenbureau: up to date' });
    expect(await desk.run('client', 'list', ...ib)).toMatchObject({ code: 0 });
  });
});

describe('configuration', () => {
  test('the realms that ship are without mistakes and their flows are proved', async () => {
    const { code, out } = await desk.run('realm', 'check');
    expect(out).toBe([
      'inlichtingenbureau: portals 6, brokers 6, clients 5, flows proved',
      'cak: portals 3, brokers 0, clients 2, flows proved',
      'ciz: portals 4, brokers 0, clients 2, flows proved',
      'careflex: portals 2, brokers 0, clients 1, flows proved',
    ].join('\n'));
    expect(code).toBe(0);
    expect(await desk.run('flow', 'prove', ...ib)).toMatchObject({ code: 0, out: 'inlichtingenbureau: every flow is proved' });
  });

  test('a flow that could end too low is refused with the way to it', async () => {
    const file = join(desk.folder, 'config/realms/inlichtingenbureau/realm.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/ +- \{ id: level, .*\n/g, ''));
    const { code, out } = await desk.run('realm', 'check');
    expect(code).toBe(1);
    expect(out).toContain('flow eherkenning at portal portaal-zorg: a run can end below level eh3');
    expect((await desk.run('flow', 'prove', ...ib)).code).toBe(1);
  });

  test('every mistake is told with its place, as text and as JSON', async () => {
    const file = join(desk.folder, 'config/realms/cak/portals/mijn-cak-zakelijk.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('level: two-factor', 'level: two-facter'));
    expect(await desk.run('realm', 'check')).toMatchObject({ code: 1, out: `${file}:5:1 level: there is no level two-facter; did you mean two-factor?` });
    const { code, out } = await desk.run('realm', 'check', '--json');
    expect([code, JSON.parse(out)]).toMatchObject([1, { ok: false, mistakes: [{ file, line: 5, column: 1, key: 'level' }] }]);
  });

  test('a flow is shown as text and as a diagram', async () => {
    const show = ['flow', 'show', ...ib, '--flow', 'eherkenning'];
    expect((await desk.run(...show)).out).toMatch(/^1\. network .*\n2\. broker\n3\. level/);
    expect((await desk.run(...show, '--format', 'mermaid')).out).toMatch(/^flowchart TD\n/);
    expect(await desk.run('flow', 'show', ...ib, '--flow', 'none')).toMatchObject({ code: 2 });
  });

  test('keys: listed without anything secret, rotated with a line in the trail', async () => {
    await desk.run('migrate');
    expect(await desk.run('keys', 'list', ...ib)).toMatchObject({ code: 0, out: expect.stringContaining('no keys yet') });
    const keys = await desk.json<{ kid: string; state: string }[]>('keys', 'rotate', ...ib);
    expect(keys.filter((key) => key.state === 'previous')).toHaveLength(3);
    expect(await desk.json('keys', 'list', ...ib)).toEqual(keys);
    expect(await desk.json('audit', 'list', ...ib)).toMatchObject([{ event: 'keys.rotated', actor: { kind: 'desk' } }]);
  }, 120_000);
});
