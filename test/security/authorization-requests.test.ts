import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { install, type Install } from '../support/install.ts';
import { arrive as arriveAsking, authUrl, ib, portals } from '../support/journeys.ts';
import type { HttpBrowser, Page } from '../support/http-browser.ts';

const callback = `${portals}/werk-en-inkomen/callback`;
/** This portal may not ask for roles. */
const arrive = (browser: HttpBrowser, portal: string, changes: Record<string, string | undefined>): Promise<Page> => arriveAsking(browser, portal, { scope: 'openid profile', ...changes });
const huge = 'x'.repeat(4000);

describe('what a portal asks at the authorization endpoint', () => {
  let sluis: Install;
  beforeAll(async () => {
    sluis = await install({ prepare: ({ edit }) => edit('realms/inlichtingenbureau/portals/werk-en-inkomen.yaml', (text) => `${text}    scope: openid profile organisation\n`) });
  }, 60_000);
  afterAll(() => sluis?.stop());

  test.each<[string, Record<string, string | undefined>, string]>([
    ['an unknown client', { client_id: 'no-such-portal' }, 'invalid_client'],
    ['no client', { client_id: undefined }, 'invalid_request'],
    ['an empty client', { client_id: '' }, 'invalid_request'],
    ['a client with a NUL character', { client_id: 'werk\u0000en' }, 'invalid_client'],
    ['a client with markup', { client_id: '"><script>alert(1)</script>' }, 'invalid_client'],
    ['a huge client', { client_id: huge }, 'invalid_client'],
    ['a client with bidi characters', { client_id: '\u202ewerk' }, 'invalid_client'],
    ['a client of the other realm', { client_id: 'mijn-cak-zakelijk' }, 'invalid_client'],
    ['an unregistered redirect URI', { redirect_uri: 'https://evil.example/' }, 'invalid_redirect_uri'],
    ['a redirect URI of another portal', { redirect_uri: `${portals}/portaal-zorg/callback` }, 'invalid_redirect_uri'],
    ['a redirect URI with something behind it', { redirect_uri: `${callback}/../x` }, 'invalid_redirect_uri'],
    ['a redirect URI with another query', { redirect_uri: `${callback}?a=b` }, 'invalid_redirect_uri'],
    ['a redirect URI with another name before the @', { redirect_uri: callback.replace('localhost', 'localhost:3001@evil.example') }, 'invalid_redirect_uri'],
    ['a redirect URI that is a script', { redirect_uri: 'javascript:alert(1)' }, 'invalid_redirect_uri'],
    ['a redirect URI that is no URL', { redirect_uri: 'hello' }, 'invalid_redirect_uri'],
    ['a redirect URI with a NUL character', { redirect_uri: `${callback}\u0000` }, 'invalid_redirect_uri'],
    ['no redirect URI', { redirect_uri: undefined }, 'invalid_request'],
  ])('%s: a clear page, and no redirect anywhere', async (_name, changes, code) => {
    const page = await arrive(sluis.browser(), 'werk-en-inkomen', changes);
    expect([page.status, page.end, page.location]).toEqual([400, code, undefined]);
    expect(page.html).not.toContain('<script>alert');
    expect(page.html).toMatch(/data-reference>[0-9A-F]{10}</);
    // no way on but to the portal itself or the realm's portals, and to this page in another language
    for (const [, href] of page.html.matchAll(/<a [^>]*href="([^"]+)"/g)) expect(href).toMatch(/^(#|\/inlichtingenbureau\/$|\/inlichtingenbureau\/auth\?|tel:|mailto:|http:\/\/localhost:3001\/werk-en-inkomen\/$)/);
  });

  test.each<[string, Record<string, string | undefined>, string]>([
    ['a scope the client may not have', { scope: 'openid roles' }, 'invalid_scope'],
    ['a scope with characters that no scope has', { scope: 'openid \u202e' }, 'invalid_scope'],
    ['an unknown response type', { response_type: 'token' }, 'unsupported_response_type'],
    ['no response type', { response_type: undefined }, 'invalid_request'],
    ['no proof key', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['a plain proof key', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['a malformed proof key', { code_challenge: 'short' }, 'invalid_request'],
    ['an unknown prompt', { prompt: 'everything' }, 'invalid_request'],
    ['two prompts that contradict each other', { prompt: 'none login' }, 'invalid_request'],
    ['a max_age that is no number', { max_age: 'soon' }, 'invalid_request'],
    ['a request object of nobody', { request: 'e30.e30.' }, 'invalid_request_object'],
    ['prompt=none when nobody is logged in', { prompt: 'none' }, 'login_required'],
  ])('%s: a standard error with the state at the portal', async (_name, changes, error) => {
    const page = await arrive(sluis.browser(), 'werk-en-inkomen', changes);
    expect(page.location?.split(/[?#]/)[0]).toBe(callback);
    expect(page.answer).toMatchObject({ error, state: 'st-1', iss: `${sluis.url}/${ib}` });
  });

  test('a scope nobody knows gives nothing and stops nobody', async () => {
    expect((await arrive(sluis.browser(), 'werk-en-inkomen', { scope: 'openid everything' })).step).toBe('broker');
  });

  test.each([['two clients', '&client_id=portaal-zorg'], ['two redirect URIs', '&redirect_uri=https%3A%2F%2Fevil.example'], ['two states', '&state=b']])('%s in one request: a clear page', async (_name, more) => {
    const page = await sluis.browser().get(authUrl('werk-en-inkomen') + more);
    expect(page.location ?? '').not.toContain('evil.example');
    expect(page.end ?? page.answer['error']).toBe('invalid_request');
  });

  test.each(['acr_values', 'login_hint', 'ui_locales', 'state', 'nonce'])('strange characters in %s are harmless', async (name) => {
    for (const value of ['\u0000', '\u202e\u2066', huge, '"><script>alert(1)</script>', '%00%2e%2e']) {
      const page = await arrive(sluis.browser(), 'werk-en-inkomen', { [name]: value });
      expect([page.step ?? page.end ?? page.answer['error'], page.status]).toEqual(['broker', 200]);
      expect(page.html).not.toContain('<script>alert');
    }
  });

  test('acr_values can raise the level and never lower it', async () => {
    expect((await arrive(sluis.browser(), 'portaal-zorg', { acr_values: 'http://eidas.europa.eu/LoA/low' })).html).toContain('niveau 3');
    expect((await arrive(sluis.browser(), 'portaal-zorg', { acr_values: 'http://eidas.europa.eu/LoA/high' })).html).toContain('niveau 4');
    expect((await arrive(sluis.browser(), 'portaal-zorg', { acr_values: 'made-up' })).html).toContain('niveau 3');
  });
});
