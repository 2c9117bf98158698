import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { listen, type Running } from '../../demo/listen.ts';
import { portals } from '../../demo/portals/portals.ts';
import { createPortals } from '../../demo/portals/server.ts';
import { readSettings } from '../../demo/settings.ts';
import { readWorld } from '../../demo/world.ts';
import type { Config } from '../../src/config/schema.ts';
import { launch, Visitor } from '../support/browser.ts';
import { freePort, install, type Install, type Workshop } from '../support/install.ts';
import { describeOnGrounds } from '../support/world.ts';

/** Asks for the organisation, in whichever way the realm ships. */
function asks({ edit }: Workshop): void {
  edit('realms/careflex/realm.yaml', (text) => (text.includes('step: organisation') ? `${text}\n# as it is\n` : text.replace(/^( +)- \{ step: new-password \}$/m, '$&\n$1- { step: organisation }')));
}

/** The portal listens elsewhere than its file says. */
function moved({ realms, system }: Config, url: string, database: string | undefined): void {
  system.database_url = database;
  const portal = realms.flatMap((realm) => realm.portals).find(({ id }) => id === 'klantenportaal')!;
  Object.assign(portal, { url: `${url}/klantenportaal/` });
  Object.assign(portal.clients[0]!, { redirect_uris: [`${url}/klantenportaal/callback`], post_logout_redirect_uris: [`${url}/klantenportaal/`], backchannel_logout_uri: `${url}/klantenportaal/backchannel-logout` });
}

describeOnGrounds('CFX-2, CFX-3: the menu under one\'s name at a portal', (ground) => {
  const people = readWorld().realms.flatMap((realm) => realm.people);
  let at: Install;
  let url: string;
  let served: Running;
  let chromium: Browser;
  let database: Awaited<ReturnType<typeof ground.database>>;
  beforeAll(async () => {
    database = await ground.database();
    const port = await freePort();
    url = `http://localhost:${port}`;
    [at, chromium] = await Promise.all([install({ prepare: asks, change: (config) => moved(config, url, database.url) }), launch()]);
    const settings = readSettings({ PORTALS_PORT: `${port}`, SLUIS_PUBLIC_URL: at.url });
    const app = createPortals({ settings, world: readWorld(), portals: portals.map((portal) => ({ ...portal, userMenu: true as const })), keys: new Map(), log: () => undefined });
    served = await listen(app.callback(), { host: '127.0.0.1', port, setting: '', what: 'the portals' });
  }, 90_000);
  afterAll(async () => {
    await chromium?.close();
    await served?.close();
    await at?.stop();
    await database?.drop();
  });

  const logIn = async (id: string, query = '', options: Parameters<typeof Visitor.arrive>[1] = {}): Promise<Visitor> => {
    const visitor = await Visitor.arrive(chromium, options);
    await visitor.page.goto(`${url}/klantenportaal/login${query}`);
    const { username = '', password = '' } = people.find((person) => person.id === id)?.login ?? {};
    await visitor.fill({ username, password });
    await visitor.submit();
    return visitor;
  };
  const choose = async ({ page }: Visitor, name: string): Promise<void> => {
    await page.locator('[data-organisations] button', { hasText: name }).click();
    await page.waitForURL('**/klantenportaal/dashboard');
  };
  const actsFor = ({ page }: Visitor) => page.locator('[data-acting-for]').textContent();
  const menu = ({ page }: Visitor) => page.locator('[data-menu]').evaluateAll((all) => all.map((one) => one.getAttribute('data-menu')));
  const open = async ({ page }: Visitor, item: string): Promise<void> => {
    await page.locator('[data-user-menu] summary').click();
    await page.locator(`[data-user="${item}"]`).click();
  };

  test.each([[true], [false]])('another organisation brings its own roles, and no more (script: %s)', async (javaScriptEnabled) => {
    const hanna = await logIn('cfx-admin', '', { javaScriptEnabled });
    expect(await hanna.step()).toBe('organisation');
    await choose(hanna, 'Elzenhage');
    expect([await actsFor(hanna), await menu(hanna)]).toEqual(['Woonzorg Elzenhage', ['organisatie', 'contactpersonen', 'facturen', 'projecten']]);
    await hanna.page.locator('[data-user-menu] summary').click();
    if (javaScriptEnabled) await hanna.look('portal-user-menu');
    await hanna.page.locator('[data-user-menu] summary').click();
    await open(hanna, 'choose');
    await hanna.page.waitForURL('**/login/**');
    expect(await hanna.step()).toBe('organisation');
    if (javaScriptEnabled) await hanna.look('organisation-again');
    await choose(hanna, 'Morgenster');
    expect([await actsFor(hanna), await menu(hanna)]).toEqual(['Stichting De Morgenster', ['organisatie', 'projecten']]);
    await hanna.page.goto(`${url}/klantenportaal/facturen`);
    expect(await hanna.end()).toBe('forbidden');
    // who gives up goes on as before
    await open(hanna, 'choose');
    await hanna.press('cancel');
    await hanna.page.waitForURL('**/klantenportaal/dashboard');
    expect(await actsFor(hanna)).toBe('Stichting De Morgenster');
    expect(hanna.complaints).toEqual([]);
  });

  test('the account pages of Sluis know which one it is, and have the choice in their menu too', async () => {
    const hanna = await logIn('cfx-admin');
    await choose(hanna, 'Elzenhage');
    await open(hanna, 'account');
    await hanna.page.waitForURL('**/account/');
    await hanna.look('account-with-choice');
    await hanna.page.getByRole('link', { name: 'Organisatie kiezen' }).click();
    await hanna.page.locator('[data-organisations] button', { hasText: 'Morgenster' }).click();
    await hanna.page.waitForURL('**/account/');
    expect(await hanna.page.locator('.sluis-facts').textContent()).toContain('Stichting De Morgenster');
    await hanna.page.goto(`${url}/klantenportaal/login`);
    expect([await actsFor(hanna), await menu(hanna)]).toEqual(['Stichting De Morgenster', ['organisatie', 'projecten']]);
  });

  test('a portal names one: Hanna gets it without a choice, who does not belong to it is refused', async () => {
    const [elzenhage, morgenster] = ['40000000-0000-4000-8000-000000000001', '40000000-0000-4000-8000-000000000002'];
    const hanna = await logIn('cfx-admin', `?organisation=${morgenster}`);
    await hanna.page.waitForURL('**/klantenportaal/dashboard');
    expect(await actsFor(hanna)).toBe('Stichting De Morgenster');
    await hanna.page.goto(`${url}/klantenportaal/login?organisation=${elzenhage}`);
    expect(await actsFor(hanna)).toBe('Woonzorg Elzenhage');
    const dirk = await logIn('cfx-employee', `?organisation=${morgenster}`);
    expect(await dirk.end()).toBe('organisation_refused');
    await dirk.look('organisation-refused');
    await dirk.press('cancel');
    await dirk.page.waitForURL('**/klantenportaal/callback*');
    expect(await dirk.end()).toBe('access_denied');
  });

  test('who has one organisation is asked nothing, at no time', async () => {
    const dirk = await logIn('cfx-employee');
    await dirk.page.waitForURL('**/klantenportaal/dashboard');
    await open(dirk, 'choose');
    await dirk.page.waitForURL('**/klantenportaal/dashboard');
    expect(await actsFor(dirk)).toBe('Woonzorg Elzenhage');
  });
});
