import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { enqueue } from '../../src/store/outbox.ts';
import { install, type Install } from '../support/install.ts';
import type { HttpBrowser, Page } from '../support/http-browser.ts';
import { arrive, codeFor, ib, login, loginCak, newcomer, redeem, registerAt, credentials } from '../support/journeys.ts';

type Visit = (browser: HttpBrowser) => Promise<Page>;

describe('headers of every kind of page', () => {
  let sluis: Install;
  beforeAll(async () => { sluis = await install(); }, 60_000);
  afterAll(() => sluis?.stop());

  const visits: [string, number, Visit][] = [
    ['the portals of a realm', 200, (browser) => browser.get(`/${ib}/`)],
    ['the choice of a broker', 200, (browser) => arrive(browser)],
    ['a form with a problem', 200, async (browser) => browser.submit(await arrive(browser), {})],
    ['the way to a broker', 200, async (browser) => browser.submit(await arrive(browser), { broker: 'digidentity' })],
    ['the password', 200, (browser) => arrive(browser, 'mijn-cak-zakelijk')],
    ['personal settings', 200, (browser) => login(sluis, browser, newcomer())],
    ['the verification code', 200, async (browser) => (await registerAt(sluis, browser, newcomer())).page],
    ['a good end', 200, async (browser) => {
      const { page, membershipId } = await registerAt(sluis, browser, newcomer());
      return browser.submit(page, { code: await codeFor(sluis, membershipId) });
    }],
    ['a refusal', 403, (browser) => login(sluis, browser, 'ib-unsigned')],
    ['a post without token', 403, async (browser) => browser.post((await arrive(browser)).action, {})],
    ['an unknown client', 400, (browser) => arrive(browser, 'werk-en-inkomen', { client_id: 'x' })],
    ['a ticket that is not ours', 400, (browser) => browser.post(`/${ib}/saml/acs`, {})],
    ['a run that never was', 404, (browser) => browser.get(`/${ib}/login/x`)],
    ['an address that is not there', 404, (browser) => browser.get('/nothing')],
    ['an address that the realm does not have', 404, (browser) => browser.get(`/${ib}/nothing`)],
    ['the question whether to log out', 200, async (browser) => {
      await login(sluis, browser, 'ib-user');
      return browser.get(`/${ib}/session/end`);
    }],
    ['logged out', 200, async (browser) => browser.submit(await browser.get(`/${ib}/session/end`), { logout: 'yes' })],
    ['people', 200, async (browser) => browser.follow(await login(sluis, browser, 'ib-admin').then(() => browser.get(`/${ib}/admin/`)))],
    ['the outbox', 200, (browser) => browser.get('/demo/outbox')],
  ];

  test.each(visits)('%s (%i): strict content security policy, no framing, no sniffing, no referrer, no cache', async (_name, status, visit) => {
    const page = await visit(sluis.browser());
    expect(page.status).toBe(status);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = Object.fromEntries((page.headers.get('content-security-policy') ?? '').split(';').map((part) => {
      const [name = '', ...values] = part.trim().split(' ');
      return [name, values.join(' ')];
    }));
    expect(policy).toMatchObject({ 'default-src': "'none'", 'style-src': "'self'", 'img-src': "'self'", 'frame-ancestors': "'none'", 'base-uri': "'none'" });
    expect(policy['script-src']).toMatch(/^'self'( 'sha256-[A-Za-z0-9+/=]+')*$/);
    expect(policy['form-action']).toMatch(/^'self'( http:\/\/localhost:\d+)*$/);
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    expect(page.headers.get('x-frame-options')).toBe('DENY');
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    expect(page.headers.get('cache-control')).toMatch(/no-store/);
    expect(page.headers.get('x-powered-by')).toBeNull();
    // nothing inline: it would not work under the policy
    expect(page.html).not.toMatch(/<script(?![^>]* src=)|<style| style="| on\w+="/);
  });

  test('an answer at a portal, tokens and documents are not sniffed; what is secret is not cached', async () => {
    const done = await loginCak(sluis.browser());
    expect(done.headers.get('cache-control')).toMatch(/no-store/);
    for (const path of [`/${ib}/.well-known/openid-configuration`, `/${ib}/jwks`, `/${ib}/saml/metadata`, '/assets/sluis.css', `/${ib}/theme.css`, `/${ib}/logo`, '/healthz', '/readyz']) {
      const response = await fetch(sluis.url + path);
      expect([path, response.status, response.headers.get('x-content-type-options')]).toEqual([path, 200, 'nosniff']);
    }
    expect((await fetch(`${sluis.url}/${ib}/logo`)).headers.get('content-security-policy')).toContain('sandbox');
    const token = await fetch(`${sluis.url}/${ib}/token`, { method: 'POST', body: new URLSearchParams({ grant_type: 'x' }) });
    expect(token.headers.get('cache-control')).toMatch(/no-store/);
  });

  test('a letter or mail in the demo outbox brings its style along and can do nothing; what has none, or is of another realm, is not there', async () => {
    const { db } = sluis.host('cak').database;
    const [id, mail, sms] = await Promise.all((['letter', 'mail', 'sms'] as const).map((channel) => enqueue(db, { channel, recipient: 'Postbus 1', subject: 'S', text: 'T', ...(channel !== 'sms' && { html: '<p>Brief</p>' }), now: 1 })));
    for (const one of [id, mail]) {
      const shown = await fetch(`${sluis.url}/demo/outbox/message?realm=cak&id=${one}`);
      expect([shown.status, shown.headers.get('content-security-policy'), await shown.text()]).toEqual([200, expect.stringMatching(/^default-src 'none'; .*sandbox$/), '<p>Brief</p>']);
    }
    for (const query of [`realm=${ib}&id=${id}`, `realm=cak&id=${sms}`, 'realm=cak&id=%00', 'realm=x', '']) {
      expect([query, (await fetch(`${sluis.url}/demo/outbox/message?${query}`)).status]).toEqual([query, 404]);
    }
  });

  test('no page of another origin may read an answer', async () => {
    const { body } = await redeem(sluis, 'werk-en-inkomen', (await login(sluis, sluis.browser(), 'ib-user')).answer['code'] ?? '');
    const signed = async (fields: Record<string, string>) => new URLSearchParams({ ...fields, ...(await credentials(sluis, ib, 'werk-en-inkomen')).fields });
    const refresh = await signed({ grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) });
    const bearer = { authorization: `Bearer ${String(body['access_token'])}` };
    const requests: [string, RequestInit][] = [
      ['me', { headers: bearer }], ['me', { method: 'POST', headers: bearer }], ['token', { method: 'POST', body: refresh }],
      ['token/introspection', { method: 'POST', body: await signed({ token: String(body['access_token']) }) }],
      ['', {}], ['../demo/outbox', {}],
    ];
    for (const [path, init] of requests) {
      const response = await fetch(`${sluis.url}/${ib}/${path}`, { ...init, headers: { ...init.headers as Record<string, string>, origin: 'https://evil.example' } });
      expect([path, response.headers.get('access-control-allow-origin')]).toEqual([path, null]);
      expect(response.headers.get('access-control-allow-credentials')).toBeNull();
    }
  });
});
