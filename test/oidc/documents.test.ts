import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { install, type Install } from '../support/install.ts';

let at: Install;
beforeAll(async () => { at = await install(); });
afterAll(() => at.stop());

const get = (path: string, headers: Record<string, string> = {}) => fetch(`${at.url}${path}`, { headers });

test.each(['/cak/.well-known/openid-configuration', '/cak/.well-known/oauth-authorization-server', '/cak/jwks'])('%s is the same at each reading, with what the provider says about it', async (path) => {
  const [first, second] = [await get(path), await get(path)];
  expect(await second.text()).toBe(await first.text());
  for (const name of ['content-type', 'cache-control', 'access-control-allow-origin', 'vary', 'etag', 'x-content-type-options']) {
    expect({ name, value: second.headers.get(name) }).toEqual({ name, value: first.headers.get(name) });
    expect(first.headers.get(name)).not.toBeNull();
  }
  expect(first.headers.get('cache-control')).toContain('public');
});

test('who has it already gets nothing again', async () => {
  const etag = (await get('/cak/jwks')).headers.get('etag') ?? '';
  const again = await get('/cak/jwks', { 'if-none-match': etag });
  expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag]);
  expect((await get('/cak/jwks', { 'if-none-match': '"another"' })).status).toBe(200);
});

test('realms keep apart, and so do the two documents', async () => {
  const issuers = await Promise.all(['cak', 'inlichtingenbureau'].map(async (realm) => ((await (await get(`/${realm}/.well-known/openid-configuration`)).json()) as { issuer: string }).issuer));
  expect(issuers).toEqual([`${at.url}/cak`, `${at.url}/inlichtingenbureau`]);
  expect(await (await get('/cak/jwks')).text()).not.toBe(await (await get('/inlichtingenbureau/jwks')).text());
});

test('a page of another origin gets its own headers', async () => {
  await get('/cak/jwks');
  expect((await get('/cak/jwks', { origin: 'https://portal.example' })).headers.get('access-control-allow-origin')).toBe('https://portal.example');
});

test('nothing of it holds a private key', async () => {
  const { keys } = await (await get('/cak/jwks')).json() as { keys: Record<string, unknown>[] };
  expect(keys.length).toBeGreaterThan(1);
  expect(keys.filter((key) => ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'].some((name) => name in key))).toEqual([]);
});
