import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { HttpBrowser, type Page } from '../support/http-browser.ts';
import { install, type Install } from '../support/install.ts';
import { arrive, brokerAnswer, codeFor, depart, ib, login, newcomer, person, redeem, registerAt, throughBroker, type Someone } from '../support/journeys.ts';
import { ibClient, type RelyingParty } from '../support/relying-party.ts';

/** IB-10: where a portal can be reached from. The tests' own machine plays the reverse proxy, which says where a browser is. */
const [inside, insideV6, outside] = ['10.20.30.40', '2001:db8:7::1', '198.51.100.9'];
let at: Install;
let rp: RelyingParty;
beforeAll(async () => {
  at = await install({
    change: ({ system, realms }) => {
      system.trusted_proxies = ['127.0.0.0/8', '::1', '192.0.2.1'];
      for (const id of ['portaal-zorg', 'beheer']) realms.find((realm) => realm.id === ib)!.portals.find((portal) => portal.id === id)!.networks = ['10.0.0.0/8', '2001:db8::/32'];
    },
  });
  rp = await ibClient(at, 'portaal-zorg', 'rp');
}, 60_000);
afterAll(() => at?.stop());

const from = (address: string): HttpBrowser => new HttpBrowser(at.url, { 'x-forwarded-for': address });
/** The same browser at another place. */
function moved(browser: HttpBrowser, address: string): HttpBrowser {
  const other = from(address);
  other.cookies = [...browser.cookies];
  return other;
}
const answerOf = ({ answer }: Page): string | undefined => (answer['code'] ? 'code' : answer['error']);

describe('IB-10 a portal with networks', () => {
  test.each([inside, insideV6, `::ffff:${inside}`])('lets somebody at %s in', async (address) => {
    expect(answerOf(await login(at, from(address), 'ib-user', 'portaal-zorg'))).toBe('code');
  });

  test('refuses who is elsewhere before anything is asked, says from where and what to do, and the portal hears it', async () => {
    const browser = from(outside);
    const page = await arrive(browser, 'portaal-zorg');
    expect([page.status, page.end]).toEqual([403, 'network_not_allowed']);
    expect(page.html).toContain('Dit portaal is alleen bereikbaar vanaf Gemnet of Diginetwerk');
    expect(page.html).toContain(outside);
    expect(page.html).toMatch(/[0-9A-F]{10}/);
    expect((await browser.get(`${page.url}?lang=en`)).html).toContain('This portal can only be reached from Gemnet or Diginetwerk');
    // trying again from the same place is the same page, from the right place the login goes on
    expect((await browser.submit(page, { action: 'restart' })).end).toBe('network_not_allowed');
    const home = moved(browser, inside);
    expect((await home.submit(page, { action: 'restart' })).step).toBe('broker');
    const other = from(outside);
    expect((await other.submit(await arrive(other, 'portaal-zorg'), { action: 'cancel' })).answer['error']).toBe('access_denied');
  });

  test('is asked at every authorization: a session does not carry its place along', async () => {
    const browser = from(inside);
    await login(at, browser, 'ib-user', 'portaal-zorg');
    const away = moved(browser, outside);
    expect((await arrive(away, 'portaal-zorg')).end).toBe('network_not_allowed');
    expect(answerOf(await arrive(away, 'portaal-zorg', { prompt: 'none' }))).toBe('access_denied');
    // a portal without networks does not mind, and back home nothing is asked
    expect(answerOf(await arrive(away, 'werk-en-inkomen', { prompt: 'none' }))).toBe('code');
    expect(answerOf(await arrive(moved(browser, inside), 'portaal-zorg', { prompt: 'none' }))).toBe('code');
  });

  test('silently, without a session: login_required, since somebody can still come and log in', async () => {
    expect(answerOf(await arrive(from(outside), 'portaal-zorg', { prompt: 'none' }))).toBe('login_required');
  });

  test('in the middle of a run counts too: whoever leaves the network does not get further', async () => {
    const browser = from(inside);
    const departure = await depart(browser, await arrive(browser, 'portaal-zorg'), 'rpn');
    const away = moved(browser, outside);
    const page = await away.post(`/${ib}/saml/acs`, brokerAnswer(at, departure, person('ib-user')));
    expect(page.end).toBe('network_not_allowed');
  });

  test('is not asked where the portal calls: token, userinfo, refresh and introspection', async () => {
    const browser = from(inside);
    const started = await rp.start();
    const tokens = await rp.finish(started, await throughBroker(at, browser, await browser.get(started.url), 'ib-user'));
    expect((await rp.userinfo(tokens.access_token)).status).toBe(200);
    expect(await rp.introspect(tokens.access_token)).toMatchObject({ active: true });
    expect((await rp.refresh(tokens.refresh_token ?? '')).access_token).toBeDefined();
  });

  test('the pages of our own administration mind at each request', async () => {
    const browser = from(inside);
    const page = await throughBroker(at, browser, await browser.get(`/${ib}/admin/`), 'ib-admin');
    expect([page.status, page.url]).toEqual([200, `${at.url}/${ib}/admin/`]);
    expect((await moved(browser, outside).get(`/${ib}/admin/`)).end).toBe('network_not_allowed');
    expect((await moved(browser, outside).post(`/${ib}/admin/logout`, {})).status).toBe(403);
    expect((await moved(browser, inside).get(`/${ib}/admin/`)).status).toBe(200);
  });
});

describe('an address that somebody made up', () => {
  test.each([
    ['before the one that the proxy saw', `${inside}, ${outside}`], ['before another proxy of ours', `${inside}, ${outside}, 192.0.2.1`],
    ['with a port', `${inside}:443`], ['as a name', 'gemnet'], ['with a zero in front', '010.0.0.1'], ['as nothing', ','],
  ])('%s is not believed', async (_, address) => {
    expect((await arrive(from(address), 'portaal-zorg')).end).toBe('network_not_allowed');
  });

  test('of two headers the last counts', async () => {
    const response = await fetch(`${at.url}/${ib}/auth?${new URL((await rp.start()).url).searchParams.toString()}`, { redirect: 'manual', headers: [['x-forwarded-for', inside], ['x-forwarded-for', outside]] });
    const browser = from(outside);
    browser.cookies = response.headers.getSetCookie().map((line) => ({ name: line.split('=')[0] ?? '', value: line.slice(line.indexOf('=') + 1).split(';')[0] ?? '', path: '/' }));
    expect((await browser.get(response.headers.get('location') ?? '')).end).toBe('network_not_allowed');
  });

  test('from a peer that is no proxy of ours is taken away', async () => {
    const alone = await install({ change: ({ realms }) => { for (const { portals } of realms) for (const portal of portals) if (portal.id === 'portaal-zorg') portal.networks = ['10.0.0.0/8']; } });
    try {
      const browser = new HttpBrowser(alone.url, { 'x-forwarded-for': inside, 'x-real-ip': inside, forwarded: `for=${inside}`, 'x-client-ip': inside });
      const page = await arrive(browser, 'portaal-zorg');
      expect(page.end).toBe('network_not_allowed');
      expect(page.html).toMatch(/127\.0\.0\.1|::1/);
      expect(page.html).not.toContain(inside);
    } finally {
      await alone.stop();
    }
  }, 60_000);
});

describe('IB-10 a portal that is open for registration only', () => {
  const opening = (open: 'everyone' | 'registration'): void => { at.host(ib).realm.portals.find(({ id }) => id === 'werk-en-inkomen')!.open = open; };
  afterAll(() => opening('everyone'));

  async function registeredPerson(): Promise<{ someone: Someone; browser: HttpBrowser }> {
    const [someone, browser] = [newcomer(), from(inside)];
    const { page, membershipId } = await registerAt(at, browser, someone);
    expect(page.step).toBe('verification-code');
    const end = await browser.submit(page, { code: await codeFor(at, membershipId) });
    expect([end.status, end.end]).toEqual([200, 'verified']);
    expect(end.html).toContain('is nog niet open');
    return { someone, browser };
  }

  test('people register and are verified, then nobody enters: not now, not with a session, not silently', async () => {
    opening('registration');
    const { someone } = await registeredPerson();
    const browser = from(inside);
    const end = await login(at, browser, someone);
    expect([end.status, end.end]).toEqual([200, 'registration_only']);
    expect(end.html).toContain('U bent geregistreerd');
    expect((await browser.get(`${end.url}?lang=en`)).html).toContain('You are registered');
    // known elsewhere, and verified: the door is shut all the same
    const known = from(inside);
    expect(answerOf(await login(at, known, 'ib-user', 'portaal-zorg'))).toBe('code');
    expect((await arrive(known, 'werk-en-inkomen')).end).toBe('registration_only');
    expect(answerOf(await arrive(known, 'werk-en-inkomen', { prompt: 'none' }))).toBe('access_denied');
  });

  test('the day it opens they get in; shut again, its tokens end', async () => {
    opening('registration');
    const { someone } = await registeredPerson();
    opening('everyone');
    const page = await login(at, from(inside), someone);
    const { body } = await redeem(at, 'werk-en-inkomen', page.answer['code'] ?? '');
    const userinfo = () => fetch(`${at.url}/${ib}/me`, { headers: { authorization: `Bearer ${String(body['access_token'])}` } });
    expect((await userinfo()).status).toBe(200);
    opening('registration');
    expect((await userinfo()).status).toBe(401);
  });
});
