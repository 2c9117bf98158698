import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { findRun } from '../../src/store/runs.ts';
import { install, type Install } from '../support/install.ts';
import { arrive, brokerAnswer, depart, ib, login, person, portals, throughBroker } from '../support/journeys.ts';
import type { HttpBrowser } from '../support/http-browser.ts';

/** Ids of runs that nobody made. */
const malformed = ['x', '%00', '..%2f..%2fauth', '%E2%80%AE', 'A'.repeat(3000), '%ff', "'%20or%201=1--"];

describe('runs', () => {
  let sluis: Install;
  beforeAll(async () => { sluis = await install(); }, 60_000);
  afterAll(() => sluis?.stop());

  const runOf = (url: string): string => new URL(url).pathname.split('/')[3] ?? '';
  const withCookies = (browser: HttpBrowser, change: (value: string, name: string) => string): HttpBrowser => {
    const other = browser.copy();
    other.cookies = other.cookies.map((cookie) => ({ ...cookie, value: change(cookie.value, cookie.name) }));
    return other;
  };

  test.each(malformed)('a run that never was (%s): a clear page, never a failure of ours', async (id) => {
    for (const path of [`/${ib}/login/${id}`, `/${ib}/login/${id}/return?answer=x`]) {
      const page = await sluis.browser().get(path);
      expect([400, 404]).toContain(page.status);
      expect(page.end).toMatch(/^(session_not_found|not_found|invalid_request)$/);
    }
    expect([400, 403, 404]).toContain((await sluis.browser().post(`/${ib}/login/${id}`, { csrf: 'x' })).status);
  });

  test('a run in a foreign browser: a clear page with the way to the portal, and nothing of the run', async () => {
    const browser = sluis.browser();
    const page = await arrive(browser);
    const departure = await depart(browser, page, 'rpn');
    const answered = await browser.postOnly(`/${ib}/saml/acs`, brokerAnswer(sluis, departure, person('ib-user')));
    const stranger = sluis.browser();
    for (const answer of [await stranger.get(page.url), await stranger.get(answered.location ?? ''), await stranger.post(page.url, page.hidden)]) {
      expect([answer.status, answer.end]).toEqual([400, 'session_not_found']);
      expect(answer.html).toContain(`${portals}/werk-en-inkomen/`);
      expect(answer.html).not.toMatch(/name="csrf"|Linde/);
    }
    // the browser that it belongs to goes on
    expect((await browser.follow(answered)).answer['code']).toBeTruthy();
  });

  test.each<[string, (value: string, name: string) => string]>([
    ['one character more', (value) => `${value}x`],
    ['another run', (value, name) => (name.endsWith('.sig') ? value : 'another-run')],
    ['no signature', (value, name) => (name.endsWith('.sig') ? '' : value)],
    ['a signature of nobody', (value, name) => (name.endsWith('.sig') ? 'A'.repeat(27) : value)],
    ['markup', () => '%22%3E%3Cscript%3E'],
  ])('a tampered run cookie (%s) opens nothing', async (_name, change) => {
    const browser = sluis.browser();
    const page = await arrive(browser);
    const answer = await withCookies(browser, change).get(page.url);
    expect([answer.status, answer.end]).toEqual([400, 'session_not_found']);
    expect((await browser.get(page.url)).step).toBe('broker');
  });

  test('the cookie of one run opens no other run', async () => {
    const [one, two] = [sluis.browser(), sluis.browser()];
    const [mine, theirs] = [await arrive(one), await arrive(two)];
    one.cookies = one.cookies.map((cookie) => ({ ...cookie, path: '/' }));
    expect((await one.get(theirs.url)).end).toBe('session_not_found');
    expect((await one.post(theirs.url, { ...mine.hidden, broker: 'rpn' })).end).toBe('session_not_found');
  });

  test('an answer of one run does nothing in another run of the same browser', async () => {
    const browser = sluis.browser();
    const [first, second] = [await arrive(browser), await arrive(browser)];
    const answered = await browser.postOnly(`/${ib}/saml/acs`, brokerAnswer(sluis, await depart(browser, first, 'rpn'), person('ib-user')));
    const handle = new URL(answered.location ?? '').searchParams.get('answer') ?? '';
    expect((await browser.get(`${new URL(second.url).pathname}/return?answer=${handle}`)).step).toBe('broker');
    expect((await browser.follow(answered)).answer['code']).toBeTruthy();
  });

  test.each(['', 'x', '%00', 'A'.repeat(43), '\u202e', 'a&answer=b'])('an answer that nobody gave (%s): the current page, nothing changed', async (handle) => {
    const browser = sluis.browser();
    const page = await arrive(browser);
    expect((await browser.get(`${page.url}/return?answer=${handle}`)).step).toBe('broker');
  });

  test('an answer used twice: the second time shows where the run is now', async () => {
    const browser = sluis.browser();
    const departure = await depart(browser, await arrive(browser, 'portaal-zorg'), 'reecent');
    const answered = await browser.postOnly(`/${ib}/saml/acs`, brokerAnswer(sluis, departure, person('ib-new')));
    expect((await browser.follow(answered)).step).toBe('profile');
    const { version } = await findRun(sluis.host(ib).database.db, runOf(answered.location ?? '')) ?? {};
    expect((await browser.follow(answered)).step).toBe('profile');
    expect((await findRun(sluis.host(ib).database.db, runOf(answered.location ?? '')))?.version).toBe(version);
  });

  test('an answer that waited too long is no longer taken; the person can choose again', async () => {
    const browser = sluis.browser();
    const answered = await browser.postOnly(`/${ib}/saml/acs`, brokerAnswer(sluis, await depart(browser, await arrive(browser), 'rpn'), person('ib-user')));
    sluis.advance(301);
    const page = await browser.follow(answered);
    expect(page.step).toBe('broker');
    expect((await throughBroker(sluis, browser, page, 'ib-user')).answer['code']).toBeTruthy();
  });

  test('an expired run offers the portal, and answers it with an error and its state', async () => {
    const browser = sluis.browser();
    const page = await arrive(browser);
    sluis.advance(3601);
    for (const late of [await browser.get(page.url), await browser.submit(page, { broker: 'rpn' }), await browser.get(`${page.url}/return?answer=x`)]) {
      expect([late.status, late.end]).toEqual([410, 'expired']);
      expect(late.html).toContain(`href="${portals}/werk-en-inkomen/"`);
      const answer = new URL((/href="([^"]*error=[^"]*)"/.exec(late.html)?.[1] ?? '').replaceAll('&amp;', '&'));
      expect(`${answer.origin}${answer.pathname}`).toBe(`${portals}/werk-en-inkomen/callback`);
      expect(Object.fromEntries(answer.searchParams)).toMatchObject({ error: 'access_denied', state: 'st-1', iss: `${sluis.url}/${ib}` });
    }
    // also when the browser has thrown the run's cookie away by then
    expect((await sluis.browser().get(page.url)).end).toBe('expired');
    expect((await login(sluis, browser, 'ib-user')).answer['code']).toBeTruthy();
  });

  test('a broker\'s answer that comes after the run expired is not taken; the page knows the way to the portal', async () => {
    const browser = sluis.browser();
    const departure = await depart(browser, await arrive(browser), 'rpn');
    sluis.advance(3601);
    const page = await browser.post(`/${ib}/saml/acs`, brokerAnswer(sluis, departure, person('ib-user')));
    expect([page.status, page.end]).toEqual([410, 'expired']);
    expect(page.html).toContain(`href="${portals}/werk-en-inkomen/"`);
  });

  test('cancelling tells the portal, with its state, and the run is over', async () => {
    const browser = sluis.browser();
    const page = await arrive(browser);
    const answer = await browser.submit(page, { action: 'cancel' });
    expect(answer.location?.split('?')[0]).toBe(`${portals}/werk-en-inkomen/callback`);
    expect(answer.answer).toMatchObject({ error: 'access_denied', state: 'st-1' });
  });
});
