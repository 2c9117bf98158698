import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Browser, Locator } from 'playwright-core';
import { launch, Visitor } from '../support/browser.ts';
import type { HttpBrowser } from '../support/http-browser.ts';
import { install, type Install } from '../support/install.ts';
import { describeOnGrounds } from '../support/world.ts';
import { ib, newcomer, registerAt, throughBroker } from '../support/journeys.ts';

const admin = `/${ib}/admin`;

describeOnGrounds('IB-9: automatic logout after 20 minutes, with a warning two minutes before', (ground) => {
  let at: Install;
  let database: Awaited<ReturnType<typeof ground.database>>;
  let chromium: Browser;
  let person: string;
  let cookies: HttpBrowser;
  beforeAll(async () => {
    database = await ground.database();
    [at, chromium] = await Promise.all([install({ change: ({ system }) => { system.database_url = database.url; } }), launch()]);
    person = `${admin}/people/${(await registerAt(at, at.browser(), newcomer())).membershipId}`;
  }, 90_000);
  afterAll(async () => {
    await chromium?.close();
    await at?.stop();
    await database?.drop();
  });
  beforeEach(async () => {
    cookies = at.browser();
    await throughBroker(at, cookies, await cookies.get(`${admin}/`), 'ib-admin');
  });

  /** The administrator at a browser, on the page of a person, with a choice made that is not saved. */
  const arrive = async (options: Parameters<typeof Visitor.arrive>[1] = {}): Promise<Visitor> => {
    const visitor = await Visitor.arrive(chromium, options);
    await visitor.context.addCookies(cookies.cookies.map(({ name, value, path }) => ({ name, value, path, domain: 'localhost' })));
    if (options.javaScriptEnabled !== false) await visitor.page.clock.install({ time: at.now() * 1000 });
    await visitor.page.goto(`${at.url}${person}`);
    await visitor.page.locator('#role-iwmo-1').check();
    return visitor;
  };
  /** Time passes, for the server and for the page. */
  const pass = async ({ page }: Visitor, seconds: number): Promise<void> => {
    at.advance(seconds);
    await page.clock.fastForward(seconds * 1000);
  };
  /** The page catches up after its clock: its script asks the server in between. */
  const says = (place: Locator, text: RegExp | string): Promise<void> => place.filter({ hasText: text }).waitFor({ state: 'attached' });
  const untilAsked = async ({ page }: Visitor, act: () => Promise<void>): Promise<void> => {
    await Promise.all([page.waitForResponse('**/session/status').then((answer) => answer.finished()), act()]);
  };
  const chosen = ({ page }: Visitor): Promise<boolean> => page.locator('#role-iwmo-1').isChecked();

  test('the warning comes, counts down and has the focus; staying takes one press and loses nothing', async () => {
    const anneke = await arrive();
    const dialog = anneke.page.locator('dialog[role=alertdialog]');
    await pass(anneke, 1000);
    expect(await dialog.isVisible()).toBe(false);
    await pass(anneke, 85);
    await dialog.waitFor();
    expect(await dialog.getByRole('heading').textContent()).toBe('Bent u er nog?');
    await dialog.locator('[data-extend]:focus').waitFor();
    await says(dialog.locator('[data-clock]'), /^1:[0-5]\d$/);
    await pass(anneke, 60);
    await says(dialog.locator('[data-clock]'), /^0:[0-5]\d$/);
    await dialog.getByRole('button', { name: 'Blijf ingelogd' }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect(await chosen(anneke)).toBe(true);
    await pass(anneke, 1000);
    expect(await dialog.isVisible()).toBe(false);
    await pass(anneke, 90);
    await dialog.waitFor();
    await anneke.look('A20-waarschuwing');
    // the same with the keyboard: who sends the warning away is there
    await anneke.page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    expect((await cookies.send(`/${ib}/session/status`)).html).toMatch(/"ends_at":\d+/);
    expect(anneke.complaints).toEqual([]);
  }, 60_000);

  test('a server that gives no answer holds up neither the countdown nor the end', async () => {
    const anneke = await arrive();
    await pass(anneke, 1085);
    await anneke.page.locator('dialog').waitFor();
    await anneke.page.route('**/session/status', () => undefined);
    for (const [seconds, clock] of [[30, /^1:[0-2]\d$/], [30, /^0:[3-5]\d$/], [30, /^0:[0-2]\d$/]] as const) {
      await pass(anneke, seconds);
      await says(anneke.page.locator('[data-clock]'), clock);
    }
    await pass(anneke, 60);
    await anneke.page.waitForURL(/because=idle/);
    expect(await anneke.end()).toBe('session-idle');
  }, 60_000);

  test('what is said aloud: two minutes, one, thirty seconds, ten; not every second', async () => {
    const anneke = await arrive();
    const spoken = anneke.page.locator('[data-spoken]');
    expect(await spoken.getAttribute('aria-live')).toBe('polite');
    await pass(anneke, 1082);
    await spoken.getByText('Nog 2 minuten').waitFor({ state: 'attached' });
    await pass(anneke, 60);
    await spoken.getByText('Nog 1 minuut').waitFor({ state: 'attached' });
    await anneke.page.waitForTimeout(2500);
    expect(await spoken.textContent()).toBe('Nog 1 minuut');
    await pass(anneke, 30);
    await spoken.getByText('Nog 30 seconden').waitFor({ state: 'attached' });
  }, 60_000);

  test('work in another tab moves the end: no warning here', async () => {
    const anneke = await arrive();
    at.advance(1000);
    await cookies.get(`${admin}/`);
    at.advance(85);
    await untilAsked(anneke, () => anneke.page.clock.fastForward(1_085_000));
    await anneke.page.waitForTimeout(500);
    expect(await anneke.page.locator('dialog').isVisible()).toBe(false);
    expect(await chosen(anneke)).toBe(true);
  }, 60_000);

  test('who does nothing is logged out, hears why, and logs in again to where they were', async () => {
    const anneke = await arrive();
    await pass(anneke, 1090);
    await anneke.page.locator('dialog').waitFor();
    await pass(anneke, 115);
    await anneke.page.waitForURL(/\/session\?/);
    expect(await anneke.end()).toBe('session-idle');
    await says(anneke.page.locator('h1'), /^\s*U bent uitgelogd omdat u 20 minuten niets heeft gedaan\s*$/);
    await anneke.look('A20-uitgelogd');
    await anneke.page.getByRole('link', { name: 'English' }).click();
    await says(anneke.page.locator('h1'), 'You were logged out because you did nothing for 20 minutes');
    await anneke.page.getByRole('link', { name: 'Log in again' }).click();
    expect(await anneke.step()).toBe('broker');
    // the session is gone for the page before, too
    expect((await cookies.get(person)).step).toBe('broker');
    expect(anneke.complaints).toEqual([]);
  }, 60_000);

  test('without script the page leads to the warning in time, and from there to the end or back', async () => {
    const { ttl } = at.host(ib).realm;
    const { idle } = ttl;
    ttl.idle = 16;
    try {
      const anneke = await arrive({ javaScriptEnabled: false });
      await anneke.page.waitForURL(/\/session\?/);
      await says(anneke.page.locator('h1'), 'Bent u er nog?');
      await anneke.page.getByRole('button', { name: 'Blijf ingelogd' }).click();
      await anneke.page.waitForURL((url) => url.pathname === person);
      await anneke.page.waitForURL(/\/session\?/);
      await anneke.page.waitForURL(/because=idle/);
      expect(await anneke.end()).toBe('session-idle');
    } finally {
      ttl.idle = idle;
    }
  }, 60_000);

  test('the warning as a page, and logging out: here or everywhere', async () => {
    const anneke = await arrive();
    await anneke.page.goto(`${at.url}/${ib}/session`);
    await anneke.look('A20-pagina');
    await anneke.page.getByRole('link', { name: 'Uitloggen' }).click();
    const everywhere = anneke.page.getByRole('button', { name: 'Overal uitloggen' });
    await everywhere.waitFor();
    await anneke.look('A21-uitloggen');
    await everywhere.click();
    await anneke.page.locator('[data-ended="everywhere"]').waitFor();
    await anneke.look('A21-uitgelogd');
    expect((await cookies.get(`${admin}/`)).step).toBe('broker');
    expect(anneke.complaints).toEqual([]);
  }, 60_000);
});
