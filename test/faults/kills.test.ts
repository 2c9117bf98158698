import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { metadataFrom } from '../../src/cli/client-metadata.ts';
import { clientSchema } from '../../src/config/schema.ts';
import { hashSecret } from '../../src/oidc/clients.ts';
import { sealBatch } from '../../src/store/audit-chain.ts';
import { verifyChain } from '../../src/store/audit-verify.ts';
import { putClient } from '../../src/store/clients.ts';
import { listOutbox } from '../../src/store/outbox.ts';
import { freshPostgres, hasPostgres } from '../support/databases.ts';
import { HttpBrowser } from '../support/http-browser.ts';
import type { Install } from '../support/install.ts';
import { authUrl, ib, login, newcomer, profile, verifier } from '../support/journeys.ts';
import { callback, typePassword } from '../support/relying-party.ts';
import { openMailbox, type Mailbox } from '../support/mailbox.ts';
import { prepareServer, type Served } from '../support/served.ts';
import { until } from '../support/weather.ts';

const now = (): number => Math.floor(Date.now() / 1000);
const pause = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });
type Body = Record<string, string | boolean | undefined>;
type Answer = { status: number; body: Body };

/** What clients were told, and what the server still owes them. `cut`: sent, and never answered. */
class Portal {
  readonly served: Served;
  fresh: string[] = [];
  readonly cutCodes: string[] = [];
  readonly usedCodes: string[] = [];
  chains: { refresh: string; access: string; sent: boolean }[] = [];
  machineTokens: string[] = [];
  /** family names of people whose registration was acknowledged */
  readonly registered: string[] = [];
  /** answers that should not have been */
  readonly faults: string[] = [];
  logins = 0;
  refreshes = 0;
  private stopped = false;

  constructor(served: Served) {
    this.served = served;
  }

  async ask(path: string, fields: Record<string, string>): Promise<Answer> {
    const authorization = `Basic ${Buffer.from('killed:secret-of-killed-that-is-long-enough').toString('base64')}`;
    const response = await fetch(`${this.served.url}/cak/${path}`, { method: 'POST', headers: { authorization }, body: new URLSearchParams(fields) });
    return { status: response.status, body: await response.json() as Body };
  }

  redeem = (code: string): Promise<Answer> => this.ask('token', { grant_type: 'authorization_code', code, redirect_uri: callback, code_verifier: verifier });
  refresh = (token: string): Promise<Answer> => this.ask('token', { grant_type: 'refresh_token', refresh_token: token });

  url = (): string => authUrl('mijn-cak-zakelijk', { client_id: 'killed', redirect_uri: callback, scope: 'openid roles' });

  /** Clients at work until `stop`; each ends at the first answer that does not come. */
  work(): Promise<unknown> {
    this.stopped = false;
    const loop = async (step: () => Promise<void>): Promise<void> => {
      try {
        while (!this.stopped) await step();
      } catch (error) {
        // the server is gone: that is what this is about
        if (!cut(error)) this.faults.push(String(error));
      }
    };
    return Promise.all([loop(() => this.logIn()), loop(() => this.logIn()), loop(() => this.redeemOne()), loop(() => this.refreshOne()), loop(() => this.refreshOne()), loop(() => this.machine()), loop(() => this.register())]);
  }

  stop(): void {
    this.stopped = true;
  }

  private async logIn(): Promise<void> {
    const browser = new HttpBrowser(this.served.url);
    const { answer } = await typePassword(browser, await browser.get(this.url()));
    if (answer['code']) this.fresh.push(answer['code']);
    this.logins += 1;
  }

  private async redeemOne(): Promise<void> {
    // one stays behind: it must work after the restart
    const code = this.fresh.length > 1 ? this.fresh.shift() : undefined;
    if (code === undefined) return pause(5);
    this.cutCodes.push(code);
    const { status, body } = await this.redeem(code);
    expect(status).toBe(200);
    this.cutCodes.splice(this.cutCodes.indexOf(code), 1);
    this.usedCodes.push(code);
    this.chains.push({ refresh: String(body['refresh_token']), access: String(body['access_token']), sent: false });
    return undefined;
  }

  private async refreshOne(): Promise<void> {
    const chain = this.chains.find(({ sent }) => !sent);
    if (!chain) return pause(5);
    chain.sent = true;
    const { status, body } = await this.refresh(chain.refresh);
    expect(status).toBe(200);
    Object.assign(chain, { refresh: String(body['refresh_token']), access: String(body['access_token']), sent: false });
    // others have their turn
    this.chains = [...this.chains.filter((one) => one !== chain), chain].slice(-20);
    this.refreshes += 1;
    return undefined;
  }

  private async machine(): Promise<void> {
    const { status, body } = await this.ask('token', { grant_type: 'client_credentials', scope: 'roles' });
    expect(status).toBe(200);
    this.machineTokens.push(String(body['access_token']));
    await pause(10);
  }

  /** A first login: account, membership, audit rows and a mail to the administrator, in one turn. */
  private async register(): Promise<void> {
    const at = { url: this.served.url, now, brokerKeys: this.served.brokerKeys, host: (id: string) => ({ realm: this.served.config.realms.find((realm) => realm.id === id) }) } as unknown as Install;
    const family = `Van ${Array.from(Math.random().toString(36).slice(2, 12), (c) => 'abcdefghij'[Number(c)] ?? c).join('')}`;
    const browser = new HttpBrowser(this.served.url);
    const page = await browser.submit(await login(at, browser, newcomer()), { ...profile, family_name: family });
    if (page.step === 'verification-code') this.registered.push(family);
    await pause(20);
  }
}

/** No answer, or half of one. */
function cut(error: unknown): boolean {
  // errors of Node's own are not of the test's realm, so no instanceof
  const { name, message } = error as Error;
  return ['fetch failed', 'terminated'].includes(message) || name === 'SyntaxError';
}

/** What must hold after every restart. */
async function judge(portal: Portal, audited: Served): Promise<void> {
  // acknowledged and not used: works once
  for (const code of portal.fresh.splice(0)) {
    expect((await portal.redeem(code)).status).toBe(200);
    expect((await portal.redeem(code)).body).toMatchObject({ error: 'invalid_grant' });
  }
  // cut off: at most once
  for (const code of portal.cutCodes.splice(0)) {
    const statuses = [(await portal.redeem(code)).status, (await portal.redeem(code)).status];
    expect([[200, 400], [400, 400]]).toContainEqual(statuses);
  }
  // acknowledged and in nobody's hands: works. Cut off: works, or is used up; never anything else
  const kept: Portal['chains'] = [];
  for (const chain of portal.chains) {
    if (!chain.sent) expect((await fetch(`${portal.served.url}/cak/me`, { headers: { authorization: `Bearer ${chain.access}` } })).status).toBe(200);
    const { status, body } = await portal.refresh(chain.refresh);
    expect(chain.sent ? [200, 400] : [200]).toContain(status);
    if (status === 200) kept.push({ refresh: String(body['refresh_token']), access: String(body['access_token']), sent: false });
    else expect(body['error']).toBe('invalid_grant');
  }
  portal.chains = kept.slice(-6);
  for (const token of portal.machineTokens.splice(0).slice(-3)) expect((await portal.ask('token/introspection', { token })).body).toMatchObject({ active: true });
  // what was acknowledged is there, with its mail
  await withDatabase(audited, ib, async ({ db }) => {
    const subjects = (await listOutbox(db, { limit: 100_000 })).map(({ subject }) => subject);
    for (const family of portal.registered) expect(subjects.filter((subject) => subject.endsWith(family))).toHaveLength(1);
  });
}

async function withDatabase(served: Served, realm: string, work: (database: ReturnType<Served['database']>) => Promise<void>): Promise<void> {
  const database = served.database(realm);
  try {
    await work(database);
  } finally {
    await database.close();
  }
}

async function registerClient(served: Served): Promise<void> {
  const { demo: _, ...config } = clientSchema.parse({
    client_id: 'killed', token_endpoint_auth_method: 'client_secret_basic', client_secret_hash: hashSecret('secret-of-killed-that-is-long-enough'),
    redirect_uris: [callback], grant_types: ['authorization_code', 'refresh_token', 'client_credentials'], scope: 'openid roles',
  });
  await withDatabase(served, 'cak', ({ db }) => putClient(db, { client_id: 'killed', portal: 'mijn-cak-zakelijk', metadata: JSON.stringify(metadataFrom(config, 'mijn-cak-zakelijk')), created_at: now(), updated_at: now() }));
}

const kinds = [
  { name: 'SQLite', kills: 50, open: async () => ({ url: '', drop: async () => undefined }) },
  ...(hasPostgres ? [{ name: 'PostgreSQL', kills: 6, open: async () => { const { url, drop } = await freshPostgres(); return { url: url.href, drop }; } }] : []),
];

describe.each(kinds)('killed under load, on $name', ({ kills, open }) => {
  let mailbox: Mailbox;
  let served: Served;
  let portal: Portal;
  let drop: () => Promise<void>;
  beforeAll(async () => {
    mailbox = await openMailbox(5);
    const database = await open();
    drop = database.drop;
    served = await prepareServer({ settings: `mail:\n  smtp_url: ${mailbox.url}\n  from: Sluis <noreply@sluis.example>`, database: database.url });
    await served.start();
    await registerClient(served);
    portal = new Portal(served);
  }, 60_000);
  afterAll(async () => {
    await served?.remove();
    await mailbox?.close();
    await drop?.();
  }, 30_000);

  test(`${kills} times, half of them without warning: what was acknowledged holds, no code works twice, no run is stuck`, async () => {
    for (let kill = 0; kill < kills; kill += 1) {
      const browser = new HttpBrowser(served.url);
      const middle = await browser.get(portal.url());
      const [work, used, registered] = [portal.work(), portal.usedCodes.length, portal.registered.length];
      // however slow the machine is: killed at work
      await until(() => portal.usedCodes.length > used && portal.registered.length > registered, 30_000);
      await pause(Math.random() * 200);
      const signal = kill % 2 === 0 ? 'SIGKILL' : 'SIGTERM';
      const ending = await served.end(signal);
      portal.stop();
      await work;
      if (signal === 'SIGTERM') {
        expect(ending).toMatchObject({ code: 0, signal: null });
        expect(ending.ms).toBeLessThan(8000);
      }
      await served.start();
      await judge(portal, served);
      // a run in the middle goes on where it was
      expect((await typePassword(browser, await browser.get(middle.url))).answer['code']).toBeTruthy();
    }
    expect(portal.faults).toEqual([]);
    const done = { logins: portal.logins, refreshes: portal.refreshes, codes: portal.usedCodes.length, registrations: portal.registered.length };
    expect(Object.entries(done).filter(([, times]) => times === 0)).toEqual([]);
  }, 1_200_000);

  test('every message arrived at least once, and the outbox says how often it was tried', async () => {
    // messages in the hands of a worker that died are taken again after two minutes: let them have passed
    await withDatabase(served, ib, async ({ db }) => {
      await until(async () => {
        await db.updateTable('outbox').set({ next_at: now() }).where('state', 'in', ['sending', 'waiting']).execute();
        return (await listOutbox(db, { limit: 100_000 })).every(({ state }) => state === 'sent');
      }, 20_000);
      for (const { id, attempts } of await listOutbox(db, { limit: 100_000 })) {
        const times = mailbox.received.get(id) ?? 0;
        expect(times).toBeGreaterThanOrEqual(1);
        expect(attempts).toBeGreaterThanOrEqual(times);
      }
    });
  }, 30_000);

  test.each([ib, 'cak'])('the audit trail of %s is whole, and nothing in it waits for its seal', async (realm) => {
    await withDatabase(served, realm, async (database) => {
      while (await sealBatch(database, 200, now()) > 0);
      expect(await verifyChain(database)).toMatchObject({ ok: true, unsealed: 0 });
      if (database.dialect === 'sqlite') expect((await sql<{ integrity_check: string }>`pragma integrity_check`.execute(database.db)).rows).toEqual([{ integrity_check: 'ok' }]);
    });
  }, 30_000);
});
