import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import request from 'supertest';
import { hasChromium, launch, Visitor } from '../../test/support/browser.ts';
import { readSettings } from '../settings.ts';
import { readWorld } from '../world.ts';
import type { Client } from './client.ts';
import { portals } from './portals.ts';
import { createPortals } from './server.ts';

type Claims = { roles: string[]; accounts?: unknown };
const all = ['bestanden', 'vrijstellingen-2019', 'wmo-abonnementstarief'].map((id) => `${id}:gebruiker`);
const agb = (...values: string[]) => ({ porta: values.map((value) => ({ type: 'agb', value })) });

/** Sluis as these pages know it: lets everybody in at once, with these claims. */
function clientWith(base: string, claims: Claims): Client {
  const tokens = { accessToken: 'a', refreshToken: undefined, idToken: 'id', expiresAt: 4_000_000_000, claims: { sub: '1', sid: 'sid-1', acr: 'https://refeds.org/profile/mfa' } };
  return {
    start: async () => ({ url: `${base}/callback?code=c&state=s`, pending: { state: 's', nonce: 'n', verifier: 'v' } }),
    finish: async () => tokens, refresh: async () => tokens, readLogout: async () => ({}), logoutUrl: async () => `${base}/`,
    userinfo: async () => ({ sub: '1', name: 'Jolanda de Vries', organisation: { name: 'Zorggroep Rietoever', identifiers: { relation_number: '100231', agb: '41990101' } }, ...claims }),
  };
}

function appWith(claims: Claims, port = 3001) {
  const settings = readSettings({ PORTALS_PORT: `${port}` });
  return createPortals({ settings, world: readWorld(), portals, keys: new Map(), log: () => undefined, clientFor: ({ id }) => clientWith(`${settings.portalsUrl}/${id}`, claims) });
}

async function loggedIn(claims: Claims, portal = 'mijn-cak-zakelijk') {
  const browser = request.agent(appWith(claims).callback());
  await browser.get(`/${portal}/login`).expect(303);
  await browser.get(`/${portal}/callback?code=c&state=s`).expect(303);
  return browser;
}
const marked = (html: string, name: string): string[] => [...html.matchAll(new RegExp(`data-${name}="([^"]+)"`, 'g'))].map(([, id = '']) => id);
/** Whether this machine can look at pages. */
const look = hasChromium ? test : test.skip;

describe('Mijn CAK Zakelijk', () => {
  test('CAK-5, CAK-7, CAK-8, CAK-9 home has the account at Sluis and a way out in its side menu', async () => {
    const { text } = await (await loggedIn({ roles: all })).get('/mijn-cak-zakelijk/dashboard').expect(200);
    expect(text).toMatch(/<h1 data-greeting>Goede(nacht|morgen|middag|navond)<\/h1>/);
    for (const page of ['password', 'questions', 'two-step']) expect(text).toContain(`data-account="${page}" href="http://localhost:3000/cak/account/${page}"`);
    expect(text.match(/data-logout/g)).toHaveLength(1);
    expect(text).toContain('Meer informatie?');
    expect(text).toContain('werkdagen 8.30 – 17.00 uur');
  });

  test.each([[all, ['bestanden', 'vrijstellingen', 'wmo-abonnementstarief']], [['vrijstellingen-2019:gebruiker'], ['vrijstellingen']], [[], []]])('CAK-10 the bar of who has %j', async (roles, menu) => {
    const { text } = await (await loggedIn({ roles })).get('/mijn-cak-zakelijk/dashboard');
    expect(marked(text, 'menu')).toEqual(menu);
  });

  test('CAK-11 an application is introduced: the way to it at the top, its manual at the bottom', async () => {
    const browser = await loggedIn({ roles: ['bestanden:gebruiker', 'porta:gebruiker'] });
    expect(marked((await browser.get('/mijn-cak-zakelijk/dashboard')).text, 'application')).toEqual(['porta', 'bestanden']);
    const { text } = await browser.get('/mijn-cak-zakelijk/applications/porta').expect(200);
    expect(text).toContain('href="http://localhost:3001/porta/login"');
    const order = ['data-introduction="porta"', 'data-go="porta"', 'beschikbaar op werkdagen van 07.30 uur – 19.00 uur', 'data-manual="porta"'].map((part) => text.indexOf(part));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(order[0]).toBeGreaterThan(0);
    await browser.get('/mijn-cak-zakelijk/bestanden').expect(200);
    await browser.get('/mijn-cak-zakelijk/applications/vrijstellingen-2019').expect(404);
  });

  test('CAK-12 an application with hours stays on the list while it is closed, and its page says so', async () => {
    const browser = await loggedIn({ roles: ['bestanden:gebruiker'] });
    expect((await browser.get('/mijn-cak-zakelijk/applications/porta').expect(200)).text).toContain('data-unavailable');
    expect((await browser.get('/mijn-cak-zakelijk/applications/bestanden')).text).not.toContain('data-unavailable');
  });

  test('CAK-14 the public site has a button and a direct link to the login', async () => {
    const { text } = await request(appWith({ roles: [] }).callback()).get('/cak/').expect(200);
    for (const way of ['data-portal-button', 'data-direct-link']) expect(text).toContain(`${way} href="http://localhost:3001/mijn-cak-zakelijk/login"`);
  });

  test('CAK-15 the manuals can be read without logging in, and only those that there are', async () => {
    const anybody = request(appWith({ roles: [] }).callback());
    expect(marked((await anybody.get('/mijn-cak-zakelijk/')).text, 'manual')).toEqual(['mijn-cak-zakelijk', 'two-step']);
    for (const id of ['mijn-cak-zakelijk', 'two-step', 'porta']) expect((await anybody.get(`/mijn-cak-zakelijk/manuals/${id}`).expect(200)).text).toContain(`data-manual-page="${id}"`);
    await anybody.get('/mijn-cak-zakelijk/manuals/nothing').expect(404);
    await anybody.get('/portaal-zorg/manuals/porta').expect(404);
    expect(marked((await (await loggedIn({ roles: [] })).get('/mijn-cak-zakelijk/manuals/two-step')).text, 'account')).toHaveLength(3);
  });
});

test('world.json tells what its people log in with: secrets of authenticator apps, telephones, recovery codes', async () => {
  const { body } = await request(appWith({ roles: [] }).callback()).get('/world.json').expect(200);
  const { people, portals: clients } = (body as { realms: { id: string; people: Record<string, unknown>[]; portals: { id: string }[] }[] }).realms.find(({ id }) => id === 'cak')!;
  expect(clients.map(({ id }) => id)).toEqual(['mijn-cak-zakelijk', 'porta']);
  expect(people.map(({ id }) => id)).toEqual(expect.arrayContaining(['cak-active', 'cak-twin', 'cak-new', 'cak-expiring', 'cak-expired', 'cak-servicedesk', 'cak-agb', 'cak-sms']));
  const of = (id: string) => people.find((person) => person['id'] === id);
  expect(of('cak-active')).toMatchObject({ totp_secret: expect.stringMatching(/^[A-Z2-7]{32}$/), recovery_codes: expect.arrayContaining([expect.stringMatching(/^\w{4}-\w{4}-\w{4}$/)]) });
  expect(of('cak-sms')).toMatchObject({ sms: '+31600000207' });
  expect(of('cak-new')).not.toHaveProperty('totp_secret');
});

describe('CAK-13 Porta', () => {
  test('who has several AGB codes chooses one before anything else, and may change it', async () => {
    const browser = await loggedIn({ roles: ['porta:gebruiker'], accounts: agb('01001234', '01005678') }, 'porta');
    for (const page of ['dashboard', 'opsturen']) await browser.get(`/porta/${page}`).expect(303).expect('location', 'http://localhost:3001/porta/account');
    expect((await browser.get('/porta/account').expect(200)).text.match(/name="account"/g)).toHaveLength(2);
    for (const account of ['01009999', '', 'constructor']) expect((await browser.post('/porta/account').type('form').send({ account }).expect(422)).text).toContain('data-problem="account.required"');
    await browser.post('/porta/account').type('form').send({ account: '01005678' }).expect(303).expect('location', 'http://localhost:3001/porta/dashboard');
    expect(marked((await browser.get('/porta/dashboard').expect(200)).text, 'account-chosen')).toEqual(['01005678']);
    await browser.get('/porta/opsturen').expect(200);
    await browser.post('/porta/account').type('form').send({ account: '01001234' }).expect(303);
    expect(marked((await browser.get('/porta/dashboard')).text, 'account-chosen')).toEqual(['01001234']);
  });

  test.each([[agb('01001234'), ['01001234']], [undefined, []], [{ porta: 'x', other: [{ type: 1 }] }, []], [null, []]])('who has %j has nothing to choose', async (accounts, chosen) => {
    const browser = await loggedIn({ roles: ['porta:gebruiker'], accounts }, 'porta');
    const { text } = await browser.get('/porta/dashboard').expect(200);
    expect([marked(text, 'account-chosen'), text.includes('data-choose-account')]).toEqual([chosen, false]);
  });

  test('nobody chooses without a session, and other portals have no such page', async () => {
    await request(appWith({ roles: [] }).callback()).post('/porta/account').type('form').send({ account: '01001234' }).expect(303).expect('location', 'http://localhost:3001/porta/');
    await (await loggedIn({ roles: [] })).get('/mijn-cak-zakelijk/account').expect(404);
  });
});

describe('the pages of CAK, looked at', () => {
  let browser: Browser | undefined;
  let server: Server;
  let base: string;
  beforeAll(async () => {
    server = createServer((req, res) => void app(req, res)).listen(0);
    const { port } = server.address() as AddressInfo;
    const app = appWith({ roles: [...all, 'porta:gebruiker'], accounts: agb('01001234', '01005678') }, port).callback();
    base = `http://localhost:${port}`;
    if (hasChromium) browser = await launch();
  }, 30_000);
  afterAll(async () => {
    await browser?.close();
    server.close();
  });

  look('have nothing for axe to find, and fit at 1280 and at 360 px', async () => {
    const visitor = await Visitor.arrive(browser!);
    const see = async (path: string, name: string): Promise<void> => {
      await visitor.page.goto(`${base}/${path}`);
      await visitor.look(name);
    };
    await see('cak/', 'CAK-14-public-site');
    await see('mijn-cak-zakelijk/', 'A01-mijn-cak-zakelijk');
    await see('mijn-cak-zakelijk/manuals/two-step', 'CAK-15-manual');
    await visitor.page.goto(`${base}/cak/`);
    await visitor.page.locator('[data-portal-button]').click();
    await visitor.page.waitForURL('**/dashboard');
    await visitor.look('B12-home');
    await visitor.page.locator('[data-application="porta"]').click();
    await visitor.look('B11-introduction');
    await see('mijn-cak-zakelijk/bestanden', 'CAK-10-bestanden');
    await see('porta/login', 'A19-account');
    await visitor.page.locator('form[data-step="account"] button').click();
    await visitor.look('A19-account-missing');
    await visitor.choose('account', '01005678');
    await visitor.submit();
    await visitor.page.waitForURL('**/porta/dashboard');
    await visitor.look('CAK-13-porta');
    expect(visitor.complaints).toEqual([]);
  }, 60_000);
});
