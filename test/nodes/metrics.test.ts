import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pino from 'pino';
import { startSluis } from '../../src/app.ts';
import { routeOf } from '../../src/http/observe.ts';
import { createMetrics } from '../../src/metrics/metrics.ts';
import { enqueue } from '../../src/store/outbox.ts';
import { appendAudit } from '../../src/store/audit.ts';
import { dialects, grounds } from '../support/databases.ts';
import { install, newBrokerKeys, openWorkshop, type Install } from '../support/install.ts';
import { arrive, ib, login, loginCak, person, redeem } from '../support/journeys.ts';

type Sample = { name: string; labels: Record<string, string>; value: number };

/** Reads the text format as Prometheus does; a line that it cannot read fails the test. */
function parse(page: string): Sample[] {
  return page.split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => {
    const [, name, labels = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === undefined) throw new Error(`not a sample: ${line}`);
    return { name, value: Number(value), labels: Object.fromEntries([...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', text = '']) => [key, text])) };
  });
}

const valueOf = (samples: Sample[], name: string, labels: Record<string, string> = {}): number => samples
  .filter((sample) => sample.name === name && Object.entries(labels).every(([key, text]) => sample.labels[key] === text))
  .reduce((sum, { value }) => sum + value, 0);

const scrape = async (url: string): Promise<Sample[]> => {
  const answer = await fetch(`${url}/metrics`);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  return parse(await answer.text());
};

describe.each(grounds)('$name: /metrics', ({ there, name: dialect, ...ground }) => {
  if (!there) return test.skip('needs PostgreSQL', () => undefined);
  let at: Install;
  let database: { url: string | undefined; drop(): Promise<void> };
  beforeAll(async () => {
    database = await ground.database();
    at = await install({ change: ({ system }) => { if (database.url !== undefined) system.database_url = database.url; } });
  }, 60_000);
  afterAll(async () => {
    await at?.stop();
    await database?.drop();
  });

  test('counts a login from its start to its tokens, and what was refused on the way', async () => {
    const before = await scrape(at.url);
    const browser = at.browser();
    const wrong = await browser.submit(await arrive(browser, 'mijn-cak-zakelijk'), { ...person('cak-active').login, password: 'Fout-Woord-12' });
    expect(wrong.problems).toEqual(['password.wrong']);
    const { body } = await redeem(at, 'mijn-cak-zakelijk', (await browser.submit(wrong, person('cak-active').login)).answer['code'] ?? '');
    expect((await redeem(at, 'mijn-cak-zakelijk', 'nonsense')).status).toBe(400);
    expect(body['access_token']).toBeDefined();
    const after = await scrape(at.url);
    const grown = (name: string, labels: Record<string, string>): number => valueOf(after, name, labels) - valueOf(before, name, labels);
    const portal = { realm: 'cak', portal: 'mijn-cak-zakelijk' };
    expect(grown('sluis_logins_total', { ...portal, result: 'started' })).toBe(1);
    expect(grown('sluis_logins_total', { ...portal, result: 'completed' })).toBe(1);
    expect(grown('sluis_login_steps_total', { ...portal, step: 'password', outcome: 'refused' })).toBe(1);
    expect(grown('sluis_login_steps_total', { ...portal, step: 'password', outcome: 'passed' })).toBe(1);
    expect(grown('sluis_authorizations_total', { ...portal, error: '' })).toBe(1);
    expect(grown('sluis_token_requests_total', { realm: 'cak', grant: 'authorization_code', error: '' })).toBe(1);
    expect(grown('sluis_token_requests_total', { realm: 'cak', grant: 'authorization_code', error: 'invalid_grant' })).toBe(1);
    expect(grown('sluis_hash_wait_seconds_count', {})).toBeGreaterThanOrEqual(2);
    expect(grown('sluis_http_request_seconds_count', { route: 'token', status: '2xx' })).toBe(1);
    expect(grown('sluis_http_request_seconds_count', { route: 'token', status: '4xx' })).toBe(1);
    expect(grown('sluis_database_seconds_count', { realm: 'cak', dialect, operation: 'insert' })).toBeGreaterThan(3);
    expect(grown('sluis_database_seconds_count', { realm: 'cak', dialect, operation: 'wait' })).toBeGreaterThan(5);
    expect(valueOf(after, 'process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(after.find(({ name }) => name === 'sluis_database_up')?.value).toBe(1);
  });

  test('a refused login has its reason, silent single sign-on is an authorization without a login', async () => {
    const browser = at.browser();
    await loginCak(browser);
    const before = await scrape(at.url);
    expect((await arrive(browser, 'mijn-cak-zakelijk', { prompt: 'none' })).answer['code']).toBeDefined();
    expect((await arrive(at.browser(), 'mijn-cak-zakelijk', { prompt: 'none' })).answer['error']).toBe('login_required');
    expect((await login(at, at.browser(), 'ib-low', 'portaal-zorg')).end).toBe('level_too_low');
    const after = await scrape(at.url);
    const grown = (name: string, labels: Record<string, string>): number => valueOf(after, name, labels) - valueOf(before, name, labels);
    expect([grown('sluis_authorizations_total', { realm: 'cak', error: '' }), grown('sluis_authorizations_total', { realm: 'cak', error: 'login_required' })]).toEqual([1, 1]);
    expect([grown('sluis_logins_total', { result: 'completed' }), grown('sluis_logins_total', { realm: ib, portal: 'portaal-zorg', result: 'refused', reason: 'level_too_low' })]).toEqual([0, 1]);
  });

  test('nothing of a person, organisation, client or run is in it, whatever is asked', async () => {
    await fetch(`${at.url}/cak/${'x'.repeat(50)}`);
    await fetch(`${at.url}/nobody/auth`);
    await fetch(`${at.url}/cak/token`, { method: 'POST', body: new URLSearchParams({ grant_type: 'made-up', client_id: 'made-up' }) });
    const page = await (await fetch(`${at.url}/metrics`)).text();
    const { db } = at.host('cak').database;
    const ids = [await db.selectFrom('accounts').select(['id', 'email', 'family_name as more']).execute(), await db.selectFrom('organisations').select(['id', 'name as more']).execute(), await db.selectFrom('runs').select('id').execute()];
    const words = ids.flat().flatMap((row) => Object.values(row)).filter((word) => word !== null && word.length > 5);
    expect(words.length).toBeGreaterThan(10);
    expect([...words, 'made-up', 'xxx', 'nobody', '127.0.0.1'].filter((word) => page.includes(word))).toEqual([]);
    const keys = new Set(parse(page).filter(({ name }) => name.startsWith('sluis_')).flatMap(({ labels }) => Object.keys(labels)));
    expect([...keys].toSorted()).toEqual(['channel', 'dialect', 'error', 'grant', 'le', 'operation', 'outcome', 'portal', 'realm', 'reason', 'result', 'route', 'state', 'status', 'step'].filter((key) => keys.has(key)));
  });
});

describe.each(dialects)('$name: how the databases stand', (kind) => {
  test('messages, seals and sessions; asked once for many scrapes; a database that is away is said, not waited for', async () => {
    const { database, drop } = await kind.open();
    const NOW = 1_780_315_200;
    let now = NOW;
    let asked = 0;
    const counting = new Proxy(database.db, { get: (db, key) => { if (key === 'selectFrom') asked += 1; const value = Reflect.get(db, key) as unknown; return typeof value === 'function' ? value.bind(db) as unknown : value; } });
    const metrics = createMetrics(() => [{ realm: { id: 'town', ttl: { idle: 60 } }, database: { ...database, db: counting }, clock: () => now }]);
    const ended = async (reason: string): Promise<void> => appendAudit(database.db, { event: 'session.ended', action: 'E', outcome: 'success', reason, actor: { kind: 'system', id: 'x' }, now });
    await ended('logout');
    await enqueue(database.db, { channel: 'sms', recipient: 'x', subject: '', text: '', now: NOW - 90 });
    await enqueue(database.db, { channel: 'mail', recipient: 'x', subject: '', text: '', now: NOW - 5 });
    for (const [id, active] of [['a', 0], ['b', -30], ['c', -61]] as const) {
      await database.db.insertInto('accounts').values({ id, status: 'active', created_at: NOW, updated_at: NOW }).execute();
      await database.db.insertInto('sessions').values({ id, account_id: id, organisation_id: null, proofs: '{}', created_at: NOW, last_active_at: NOW + active, expires_at: NOW + 100 }).execute();
    }
    const first = parse(await metrics.scrape());
    const state = (samples: Sample[]) => ['sluis_outbox_messages', 'sluis_outbox_oldest_seconds', 'sluis_audit_unsealed', 'sluis_sessions_live', 'sluis_database_up'].map((name) => valueOf(samples, name));
    expect(state(first)).toEqual([2, 90, 1, 2, 1]);
    const queries = asked;
    expect(queries).toBeLessThanOrEqual(6);
    for (let times = 0; times < 20; times += 1) await metrics.scrape();
    expect(asked).toBe(queries);
    await database.db.deleteFrom('outbox').where('channel', '=', 'sms').execute();
    for (const reason of ['idle', 'idle', 'logout']) await ended(reason);
    now += 6;
    await metrics.refreshNow();
    const second = parse(await metrics.scrape());
    expect(state(second)).toEqual([1, 11, 4, 2, 1]);
    expect(second.filter(({ name }) => name === 'sluis_sessions_ended_total').map(({ labels, value }) => [labels['reason'], value]).toSorted()).toEqual([['idle', 2], ['logout', 1]]);
    await drop();
    await metrics.refreshNow();
    expect(valueOf(parse(await metrics.scrape()), 'sluis_database_up')).toBe(0);
    metrics.stop();
  });
});

describe('where it is', () => {
  const begin = async (change: Record<string, unknown>) => {
    const workshop = await openWorkshop(await newBrokerKeys());
    const config = workshop.load();
    // not the demo world, as far as serving goes
    const running = await startSluis({ ...config, system: { ...config.system, port: 0, ...change } }, { log: pino({ level: 'silent' }) });
    return { running, main: `http://127.0.0.1:${running.port}`, end: async () => { await running.stop(); workshop.remove(); } };
  };

  test('outside the demo world nowhere', async () => {
    const { main, running, end } = await begin({ demo: false, public_url: 'http://localhost' });
    expect((await fetch(`${main}/metrics`)).status).not.toBe(200);
    expect(running.metricsPort).toBeUndefined();
    await end();
  });

  test('at its own port and nowhere else when that is set; there nothing else is', async () => {
    const { main, running, end } = await begin({ metrics_port: 0 });
    const own = `http://127.0.0.1:${running.metricsPort}`;
    expect(valueOf(await scrape(own), 'process_start_time_seconds')).toBeGreaterThan(0);
    expect((await fetch(`${main}/metrics`)).status).not.toBe(200);
    for (const path of ['/', '/healthz', `/${ib}/auth`]) expect((await fetch(`${own}${path}`)).status).toBe(404);
    expect((await fetch(`${own}/metrics`, { method: 'POST' })).status).toBe(404);
    await end();
  });

  test.each([
    ['/cak/token', 'token'], ['/cak/token/introspection', 'introspection'], ['/cak/token/x', 'other'], ['/cak/login/abc', 'login'], ['/cak/', 'portals'], ['/cak', 'portals'],
    ['/cak/.well-known/openid-configuration', 'discovery'], ['/cak/constructor', 'other'], ['/readyz', 'health'], ['/assets/a.css', 'assets'], ['/x/token', 'other'], ['/', 'other'],
  ])('%s is %s', (path, route) => expect(routeOf(path, new Set(['cak']))).toBe(route));
});
