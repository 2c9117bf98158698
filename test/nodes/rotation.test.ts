import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import { listKeys, rotate } from '../../src/keys/keys.ts';
import { grounds } from '../support/databases.ts';
import { ib, login, loginCak } from '../support/journeys.ts';
import { installNodes, type Nodes } from '../support/nodes.ts';
import { cakClient, cakLogin, typePassword } from '../support/relying-party.ts';

const kidOf = (token: string): string => decodeProtectedHeader(token).kid ?? '';

describe.each(grounds)('$name: keys rotate while two nodes serve', ({ there, ...ground }) => {
  if (!there) return test.skip('needs PostgreSQL', () => undefined);
  let at: Nodes;
  beforeAll(async () => { at = await installNodes(ground); }, 60_000);
  afterAll(() => at?.stop());

  const folder = (): string => at.host('cak').system.keys;
  const current = (): string => listKeys(folder(), 'cak', { demo: true }).find((key) => key.state === 'current')?.kid ?? '';
  const jwks = async (): Promise<JSONWebKeySet> => await (await fetch(`${at.url}/cak/jwks`)).json() as JSONWebKeySet;
  const turn = async (): Promise<void> => {
    await rotate(folder(), 'cak', { demo: true });
    for (const node of at.nodes) await node.lookForKeys();
  };

  test('nothing fails under load, whichever node noticed; new tokens carry a key that was published before', async () => {
    const rp = await cakClient(at, 'under-load');
    const before = await jwks();
    const [old, stop] = [current(), new AbortController()];
    const kids = new Set<string>();
    let rounds = 0;
    const work = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        const browser = at.browser();
        const { id_token, access_token, refresh_token } = await cakLogin(rp, browser);
        kids.add(kidOf(id_token));
        // a portal that read the keys before the rotation can verify what is signed after it
        await jwtVerify(id_token, createLocalJWKSet(before), { issuer: `${at.url}/cak` });
        expect((await rp.userinfo(access_token)).status).toBe(200);
        kids.add(kidOf((await rp.refresh(refresh_token ?? '')).id_token ?? ''));
        // single sign-on by a cookie that the other node may have signed
        expect((await browser.get((await rp.start({ prompt: 'none' })).url)).answer['code']).toBeDefined();
        rounds += 1;
      }
    };
    const working = Promise.all([work(), work(), work()]);
    const fourRounds = async (): Promise<void> => {
      for (const until = rounds + 4; rounds < until;) await Promise.race([working, sleep(50)]);
    };
    await fourRounds();
    await rotate(folder(), 'cak', { demo: true });
    // one node knows and the other does not: they serve the same people
    await at.nodes[0]?.lookForKeys();
    await fourRounds();
    await at.nodes[1]?.lookForKeys();
    await fourRounds();
    stop.abort();
    await working;
    expect(kids).toEqual(new Set([old, current()]));
    const now = await jwks();
    expect(now.keys.map(({ kid }) => kid)).toEqual(expect.arrayContaining(before.keys.map(({ kid }) => kid)));
    expect(now.keys.length).toBeGreaterThan(before.keys.length);
  }, 60_000);

  test('what was begun before goes on after: a login half way, a code, a session, tokens, an ID token as a hint', async () => {
    const rp = await cakClient(at, 'half-way');
    const [halfway, finished, single] = [at.browser(), at.browser(), at.browser()];
    const started = await rp.start();
    const page = await halfway.get(started.url);
    const codeStart = await rp.start();
    const withCode = await typePassword(finished, await finished.get(codeStart.url));
    const tokens = await cakLogin(rp, single);
    await turn();
    expect((await rp.finish(started, await typePassword(halfway, page))).claims.sub).toBe(tokens.claims.sub);
    expect((await rp.finish(codeStart, withCode)).claims.sub).toBe(tokens.claims.sub);
    const again = await rp.start({ prompt: 'none', id_token_hint: tokens.id_token });
    const silent = await rp.finish(again, await single.get(again.url));
    expect([kidOf(silent.id_token), kidOf(tokens.id_token) === kidOf(silent.id_token)]).toEqual([current(), false]);
    expect((await rp.userinfo(tokens.access_token)).status).toBe(200);
    expect((await rp.introspect(tokens.access_token)).active).toBe(true);
    await rp.refresh(tokens.refresh_token ?? '');
    const out = await single.get(`/cak/session/end?id_token_hint=${tokens.id_token}&post_logout_redirect_uri=${encodeURIComponent('http://localhost:9/bye')}`);
    expect((await single.submit(out, { logout: 'yes' })).location).toMatch('http://localhost:9/bye');
  });

  test('a session that is used lives through rotation after rotation; a cookie of two rotations ago opens nothing', async () => {
    const rp = await cakClient(at, 'twice');
    const browser = at.browser();
    await cakLogin(rp, browser);
    const kept = browser.copy();
    const silent = async (who: typeof browser): Promise<Record<string, string>> => (await who.get((await rp.start({ prompt: 'none' })).url)).answer;
    for (let times = 0; times < 3; times += 1) {
      await turn();
      expect(await silent(browser)).toHaveProperty('code');
    }
    expect(await silent(kept)).toMatchObject({ error: 'login_required' });
  });

  test('the audit trail and the metrics go on with the new provider; other realms and SAML metadata are as they were', async () => {
    const metadata = async (): Promise<string> => (await fetch(`${at.url}/${ib}/saml/metadata`)).text();
    const certificates = (xml: string): string[] => [...xml.matchAll(/X509Certificate>([^<]+)</g)].map((match) => match[1] ?? '');
    const [before, provider] = [await metadata(), at.host(ib).provider];
    const issued = async (): Promise<number> => (await at.host('cak').database.db.selectFrom('audit').select('seq').where('event', '=', 'token.issued').execute()).length;
    const count = await issued();
    await turn();
    expect(at.host(ib).provider).toBe(provider);
    await cakLogin(await cakClient(at, 'audited'), at.browser());
    expect(await issued()).toBe(count + 1);
    expect(certificates(await metadata())).toEqual(certificates(before));
    expect((await login(at, at.browser(), 'ib-user')).answer['code']).toBeDefined();
    expect((await loginCak(at.browser())).answer['code']).toBeDefined();
    const page = await (await fetch(`${at.url}/metrics`)).text();
    expect(Number(/sluis_key_rotations_total\{realm="cak"\} (\d+)/.exec(page)?.[1])).toBeGreaterThanOrEqual(4);
  });
});
