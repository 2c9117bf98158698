import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { startOutboxWorker } from '../../src/messages/worker.ts';
import { sealBatch } from '../../src/store/audit-chain.ts';
import { verifyChain } from '../../src/store/audit-verify.ts';
import type { Database } from '../../src/store/database.ts';
import { rememberOnce } from '../../src/store/replays.ts';
import { enqueue } from '../../src/store/outbox.ts';
import { purge } from '../../src/store/purge.ts';
import { grounds } from '../support/databases.ts';
import { arrive, asClient, brokerAnswer, codeFor, depart, ib, login, loginCak, newcomer, person, portals, profile, redeem, registerAt, token, verifier } from '../support/journeys.ts';
import { HttpBrowser } from '../support/http-browser.ts';
import { installNodes, type Nodes } from '../support/nodes.ts';
import { cakClient, cakLogin, register } from '../support/relying-party.ts';

const portal = 'werk-en-inkomen';
const fifty = <T>(work: (index: number) => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: 50 }, (_, index) => work(index)));

describe.each(grounds)('$name: two nodes behind a proxy that gives each request to the other one', ({ there, ...ground }) => {
  if (!there) return test.skip('needs PostgreSQL', () => undefined);
  let at: Nodes;
  beforeAll(async () => { at = await installNodes(ground); }, 60_000);
  afterAll(() => at?.stop());

  const both = (realm: string): [Database, Database] => at.nodes.map((node) => node.hosts.find((host) => host.realm.id === realm)!.database) as [Database, Database];
  const rows = (realm: string, event: string) => at.host(realm).database.db.selectFrom('audit').selectAll().where('event', '=', event).orderBy('seq').execute();

  test('a first login: broker, personal settings, verification code, login again; then the tokens', async () => {
    const [browser, someone] = [at.browser(), newcomer()];
    const before = [...at.proxy.answered];
    const { page, membershipId } = await registerAt(at, browser, someone);
    expect(page.step).toBe('verification-code');
    expect((await browser.submit(page, { code: await codeFor(at, membershipId) })).end).toBe('verified');
    const { body } = await redeem(at, portal, (await login(at, at.browser(), someone)).answer['code'] ?? '');
    const me = await fetch(`${at.url}/${ib}/me`, { headers: { authorization: `Bearer ${String(body['access_token'])}` } });
    expect(await me.json()).toMatchObject({ family_name: profile.family_name });
    const [one = 0, two = 0] = at.proxy.answered.map((count, node) => count - (before[node] ?? 0));
    expect(Math.abs(one - two)).toBeLessThanOrEqual(1);
    expect(one).toBeGreaterThan(5);
  });

  test('name and password; a code of one node at the other, and its tokens back at the first', async () => {
    const rp = await cakClient(at, 'alternating');
    const tokens = await cakLogin(rp, at.browser());
    for (let node = 0; node < 2; node += 1) {
      at.proxy.only(node);
      expect((await rp.userinfo(tokens.access_token)).status).toBe(200);
      expect((await rp.introspect(tokens.access_token)).active).toBe(true);
    }
    const refreshed = await rp.refresh(tokens.refresh_token ?? '');
    at.proxy.only(0);
    expect((await rp.userinfo(refreshed.access_token)).status).toBe(200);
    await rp.revoke(refreshed.access_token);
    at.proxy.only(1);
    expect((await rp.userinfo(refreshed.access_token)).status).toBe(401);
    at.proxy.only();
  });

  test('a session of one node is single sign-on at the other, and a logout at one ends it at both', async () => {
    const browser = at.browser();
    await login(at, browser, 'ib-user');
    at.proxy.only(1);
    expect((await arrive(browser, portal, { prompt: 'none' })).answer['code']).toBeDefined();
    const question = await browser.get(`/${ib}/session/end?client_id=${portal}`);
    await browser.submit(question, { logout: 'yes' });
    at.proxy.only(0);
    expect((await arrive(browser, portal, { prompt: 'none' })).answer['error']).toBe('login_required');
    at.proxy.only();
  });

  test('a code redeemed fifty times at once over both nodes gives tokens once', async () => {
    const code = (await login(at, at.browser(), 'ib-user')).answer['code'] ?? '';
    const all = await fifty(() => redeem(at, portal, code));
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(all.filter(({ body: { error } }) => error === 'invalid_grant')).toHaveLength(49);
  });

  test('so does a refresh token', async () => {
    const { body } = await redeem(at, portal, (await login(at, at.browser(), 'ib-user')).answer['code'] ?? '');
    const all = await fifty(() => token(at, portal, { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) }));
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(all.filter(({ body: { error } }) => error === 'invalid_grant')).toHaveLength(49);
  });

  test('a pushed authorization request gives one code', async () => {
    const browser = at.browser();
    await login(at, browser, 'ib-user');
    const { body, status } = await asClient(at, ib, portal, 'request', {
      client_id: portal,
      redirect_uri: `${portals}/${portal}/callback`, response_type: 'code', scope: 'openid', state: 'st-1', nonce: 'n-1', prompt: 'none',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256',
    });
    expect([status, body['error_description']]).toEqual([201, undefined]);
    const url = `/${ib}/auth?${new URLSearchParams({ client_id: portal, request_uri: String(body['request_uri']) }).toString()}`;
    const pages = await fifty(() => browser.copy().get(url));
    expect(pages.filter((page) => page.answer['code'] !== undefined)).toHaveLength(1);
  });

  test('a broker\'s answer is taken once, and so is the handle that leads it into its run', async () => {
    const browser = at.browser();
    const answer = brokerAnswer(at, await depart(browser, await arrive(browser), 'rpn'), person('ib-user'));
    const taken = (await fifty(() => browser.copy().postOnly(`/${ib}/saml/acs`, answer))).filter(({ status }) => status === 303);
    expect(taken).toHaveLength(1);
    const runId = new URL(taken[0]?.location ?? '').pathname.split('/')[3];
    const passes = async () => (await rows(ib, 'step.passed')).filter((row) => row.run_id === runId).length;
    expect(await passes()).toBe(0);
    const ends = await fifty(() => browser.copy().get(taken[0]?.location ?? ''));
    expect(ends.some((page) => page.answer['code'] !== undefined)).toBe(true);
    expect(await passes()).toBe(1);
    expect((await rows(ib, 'login.completed')).filter((row) => row.run_id === runId)).toHaveLength(1);
  });

  test('an assertion under another relay state is a replay, also at the node that has not seen it', async () => {
    const id = randomBytes(8).toString('hex');
    const post = async () => {
      const browser = at.browser();
      const departure = await depart(browser, await arrive(browser), 'rpn');
      return browser.post(`/${ib}/saml/acs`, brokerAnswer(at, departure, person('ib-user'), { id }));
    };
    at.proxy.only(0);
    expect((await post()).answer['code']).toBeDefined();
    at.proxy.only(1);
    expect((await post()).end).toBe('broker');
    at.proxy.only();
    expect((await rows(ib, 'broker.refused')).map((row) => row.reason)).toContain('broker.replay');
    const seen = await fifty((index) => rememberOnce(both(ib)[index % 2]!.db, `many:${id}`, at.now() + 60));
    expect(seen.filter(Boolean)).toHaveLength(1);
  });

  test('a client assertion is believed by one node only, once', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    await register(at, 'cak', 'mijn-cak-zakelijk', {
      client_id: 'with-a-key', token_endpoint_auth_method: 'private_key_jwt', grant_types: ['client_credentials'], scope: 'openid',
      jwks: { keys: [{ ...await exportJWK(publicKey), kid: 'k1', alg: 'ES256', use: 'sig' }] },
    });
    const assertion = () => new SignJWT({ jti: randomBytes(16).toString('hex') }).setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setIssuer('with-a-key').setSubject('with-a-key').setAudience(`${at.url}/cak`).setIssuedAt().setExpirationTime('60s').sign(privateKey);
    const ask = async (client_assertion: string): Promise<number> => (await fetch(`${at.url}/cak/token`, {
      method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials', client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion }),
    })).status;
    const once = await assertion();
    at.proxy.only(0);
    expect(await ask(once)).toBe(200);
    at.proxy.only(1);
    expect(await ask(once)).toBe(401);
    at.proxy.only();
    const another = await assertion();
    expect((await fifty(() => ask(another))).filter((status) => status === 200)).toHaveLength(1);
  });

  test('tries count across nodes: of thirty at once five are judged', async () => {
    const { relation_number = '', username = '' } = person('cak-twin').login;
    const pages = await Promise.all(Array.from({ length: 30 }, async () => {
      const browser = at.browser();
      return browser.submit(await arrive(browser, 'mijn-cak-zakelijk'), { relation_number, username, password: 'Fout-Woord-12' });
    }));
    const problems = pages.flatMap((page) => page.problems);
    expect(problems.filter((code) => code === 'password.wrong')).toHaveLength(5);
    expect(problems.filter((code) => code === 'password.wait')).toHaveLength(25);
    expect((await loginCak(at.browser())).answer['code']).toBeDefined();
  });

  test('two tabs, one login page posted at both nodes at once: one turn counts, no page is a failure', async () => {
    const browser = at.browser();
    const page = await arrive(browser, 'mijn-cak-zakelijk');
    const { relation_number = '', username = '', password = '' } = person('cak-active').login;
    const pages = await Promise.all([1, 2, 3, 4].map(() => browser.copy().submit(page, { relation_number, username, password })));
    for (const { status } of pages) expect(status).toBeLessThan(500);
    expect(pages.some((one) => one.answer['code'] !== undefined)).toBe(true);
    const runId = new URL(page.url).pathname.split('/')[3];
    expect((await rows('cak', 'login.completed')).filter((row) => row.run_id === runId)).toHaveLength(1);
  });

  test('two workers send two hundred messages once each', async () => {
    const sent: string[] = [];
    const ids: string[] = [];
    // due in the future, so that the nodes' own workers leave them alone
    const later = at.now() + 10_000;
    for (let count = 0; count < 200; count += 1) ids.push(await enqueue(both('cak')[0].db, { channel: 'voice', recipient: '+31600000000', subject: '', text: 'x', now: later }));
    const workers = both('cak').map((database) => startOutboxWorker({
      database, intervalMs: 1_000_000, clock: () => later, log: { warn: () => undefined, error: () => undefined },
      senders: { voice: async ({ id }) => { sent.push(id); } },
    }));
    await Promise.all(workers.map((worker) => worker.drain()));
    for (const worker of workers) await worker.stop();
    expect(sent.toSorted()).toEqual(ids.toSorted());
  });

  test('two nodes that seal and clean at once leave the trail whole and everything that lives', async () => {
    const tokens = await cakLogin(await cakClient(at, 'survivor'), at.browser());
    const [one, two] = both('cak');
    await Promise.all([purge(one, at.now()), purge(two, at.now()), fifty((index) => sealBatch(index % 2 ? one : two, 7, at.now()))]);
    while (await sealBatch(one, 500, at.now()) > 0);
    expect(await verifyChain(one)).toMatchObject({ ok: true, unsealed: 0 });
    const me = await fetch(`${at.url}/cak/me`, { headers: { authorization: `Bearer ${tokens.access_token}` } });
    expect(me.status).toBe(200);
  });

  test('the address in the audit trail is the person\'s, through either node', async () => {
    const before = (await rows(ib, 'login.completed')).length;
    for (let node = 0; node < 2; node += 1) {
      at.proxy.only(node);
      await login(at, new HttpBrowser(at.url, { 'x-forwarded-for': `198.51.100.${node}` }), 'ib-user');
    }
    at.proxy.only();
    expect((await rows(ib, 'login.completed')).slice(before).map((row) => row.address)).toEqual(['198.51.100.0', '198.51.100.1']);
  });
});
