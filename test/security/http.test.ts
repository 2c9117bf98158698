import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { listAudit } from '../../src/store/audit.ts';
import { HttpBrowser } from '../support/http-browser.ts';
import { install, type Install } from '../support/install.ts';
import { arrive, authUrl, ib, login, portals } from '../support/journeys.ts';
import { rawRequest } from '../support/raw-http.ts';

describe('HTTP', () => {
  let sluis: Install;
  beforeAll(async () => { sluis = await install(); }, 60_000);
  afterAll(() => sluis?.stop());

  const raw = (line: string, headers: string[] = [`Host: localhost:${sluis.port}`], body = '') =>
    rawRequest(sluis.port, [`${line} HTTP/1.1`, ...headers, 'Connection: close', '', body].join('\n'));

  test.each(['evil.example', 'localhost', 'localhost:1', 'localhost:3000@evil.example', 'EVIL.example:80', '[::1]', 'a b', ''])('another Host header (%j) is answered 421, or 400, and is in no answer', async (host) => {
    for (const path of [`/${ib}/.well-known/openid-configuration`, authUrl('werk-en-inkomen'), `/${ib}/`, '/nothing']) {
      const { status, text } = await raw(`GET ${path}`, [`Host: ${host}`]);
      expect([421, 400]).toContain(status);
      if (host.includes('evil')) expect(text.toLowerCase()).not.toContain('evil.example');
    }
  });

  test('two Host headers, or none, are refused', async () => {
    expect((await raw(`GET /${ib}/`, [])).status).toBe(400);
    expect([400, 421]).toContain((await raw(`GET /${ib}/`, [`Host: localhost:${sluis.port}`, 'X-Forwarded-Host: evil.example', 'Host: evil.example'])).status);
  });

  test('X-Forwarded-* of somebody who is no proxy of ours is ignored: address, host and scheme', async () => {
    const browser = new HttpBrowser(sluis.url, { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' });
    const discovery = await browser.get(`/${ib}/.well-known/openid-configuration`);
    expect(discovery.html).not.toMatch(/evil\.example|https:\/\/localhost/);
    const done = await login(sluis, browser, 'ib-user');
    expect(done.answer['code']).toBeTruthy();
    const rows = await listAudit(sluis.host(ib).database.db, { limit: 1000 });
    expect(rows.filter(({ address }) => address === '203.0.113.9')).toEqual([]);
    expect(rows.some(({ address }) => address === '127.0.0.1' || address === '::1')).toBe(true);
  });

  test('a body that is too large: a page that says so, on every address that reads one', async () => {
    const browser = sluis.browser();
    const page = await arrive(browser);
    const large = 'x'.repeat(600_000);
    for (const path of [page.action, `/${ib}/saml/acs`, `/${ib}/admin/logout`, '/demo/outbox']) {
      const refused = await browser.post(path, { ...page.hidden, SAMLResponse: large, broker: large });
      expect([path, refused.status, refused.end]).toEqual([path, 413, 'too_large']);
    }
    expect((await browser.get(page.url)).step).toBe('broker');
    const token = await fetch(`${sluis.url}/${ib}/token`, { method: 'POST', body: new URLSearchParams({ grant_type: large }) });
    expect(token.status).toBeGreaterThanOrEqual(400);
    expect(token.status).toBeLessThan(500);
  });

  test.each([
    ['broken JSON', 'application/json', '{"a":'], ['a list', 'application/json', '[1,2]'], ['null', 'application/json', 'null'], ['prototype', 'application/x-www-form-urlencoded', '__proto__[x]=1&constructor[prototype][y]=2&csrf[a]=b'],
    ['broken escapes', 'application/x-www-form-urlencoded', 'csrf=%zz&%=%&&&=='], ['text', 'text/plain', 'hello'], ['a file', 'multipart/form-data; boundary=x', '--x\r\n\r\n--x--'], ['an unknown encoding', 'application/x-www-form-urlencoded; charset=klingon', 'a=b'],
    ['a thousand fields', 'application/x-www-form-urlencoded', Array.from({ length: 2000 }, (_, n) => `f${n}=1`).join('&')],
  ])('a body that is no form of ours (%s) is a mistake of the sender, never a failure of ours', async (_name, type, body) => {
    const browser = sluis.browser();
    const page = await arrive(browser);
    for (const path of [page.action, `/${ib}/saml/acs`, `/${ib}/admin/logout`, `/${ib}/token`, '/demo/outbox']) {
      const answer = await browser.send(path, { method: 'POST', headers: { 'content-type': type }, body });
      expect([path, answer.status >= 300 && answer.status < 500]).toEqual([path, true]);
    }
    expect(({} as Record<string, unknown>)['x'] ?? ({} as Record<string, unknown>)['y']).toBeUndefined();
    expect((await browser.get(page.url)).step).toBe('broker');
  });

  test.each(['//', '///', '//evil.example', '//evil.example/..', '/\\evil.example', '/.//evil.example', '/x/..//evil.example', '//evil.example/%2e%2e', '/%', '/%00', '/%ff', '/%E2%80%AE', '/..%2f..%2fetc/passwd', '/assets/..%2f..%2f..%2fpackage.json', '/assets/%2e%2e/%2e%2e/package.json', '/assets/', '/assets/%00', `/${ib}//evil.example`, `/${ib}/%00`, `/${ib}/logo/..`, `/${ib}/admin/%00`, '*', 'http://evil.example/', `/${'a'.repeat(8000)}`])('the address %s: a page or a refusal, never a failure, and no way to another host', async (path) => {
    for (const method of ['GET', 'POST', 'HEAD', 'OPTIONS', 'PUT', 'TRACE']) {
      const { status, text } = await raw(`${method} ${path}`, [`Host: localhost:${sluis.port}`, 'Content-Length: 0']);
      expect([method, status, status < 500 || status === 501]).toEqual([method, status, true]);
      expect(text).not.toMatch(/href="(https?:)?\/\/evil|location: *(https?:)?\/\/evil|"dependencies"|root:/i);
    }
  });

  test.each(['https://evil.example', '//evil.example', 'nl&x=//evil.example', '../../evil', 'xx', '%00', 'nl%0d%0aSet-Cookie:a=b', 'EN', 'x'.repeat(5000)])('?lang=%s is no way out: the same page, in a language that there is', async (lang) => {
    const browser = sluis.browser();
    const page = await arrive(browser);
    const other = await browser.send(`${page.url}?lang=${lang}`);
    expect([other.status, other.step, other.location]).toEqual([200, 'broker', undefined]);
    expect(other.html).toMatch(/<html lang="(nl|en)"/);
    expect(other.html).not.toMatch(/href="(https?:)?\/\/evil/);
    for (const cookie of other.headers.getSetCookie()) expect(cookie).not.toMatch(/evil|a=b/);
  });

  test('no page leads to an address that a request named, nor does logging out', async () => {
    const browser = sluis.browser();
    await login(sluis, browser, 'ib-user');
    for (const back of ['https://evil.example/', '//evil.example', 'javascript:alert(1)', `${portals}/portaal-zorg/`, 'x\u0000']) {
      const page = await browser.get(`/${ib}/session/end?client_id=werk-en-inkomen&post_logout_redirect_uri=${encodeURIComponent(back)}`);
      expect([page.status, page.location]).toEqual([400, undefined]);
      expect(page.html).not.toMatch(/href="(https?:)?\/\/evil|href="javascript/);
    }
    expect((await browser.get(`/${ib}/session/end?id_token_hint=nonsense`)).status).toBe(400);
    expect((await browser.send(`/${ib}/session/end/confirm`, { method: 'POST' })).status).toBe(400);
    expect((await arrive(browser, 'werk-en-inkomen', { prompt: 'none' })).answer['code']).toBeTruthy();
  });

  test('requests that are half sent do not hold others up', async () => {
    const half = rawRequest(sluis.port, `POST /${ib}/token HTTP/1.1\nHost: localhost:${sluis.port}\nContent-Length: 100\n\nabc`, 1000).catch(() => undefined);
    expect((await fetch(`${sluis.url}/healthz`)).status).toBe(200);
    await half;
  });
});
