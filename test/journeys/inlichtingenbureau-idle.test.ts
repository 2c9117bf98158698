import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Locator } from 'playwright-core';
import { launch, Visitor } from '../support/browser.ts';
import { describeJourney, startingTime, type World } from '../support/world.ts';
import { startAtPortal, throughBroker, throughBrokerWithoutScript } from '../support/zorg.ts';

/** Twenty minutes: the clocks of the world and of the browser move together. */
describeJourney('Inlichtingenbureau: 20 minuten niets gedaan', (start) => {
  let world: World;
  let browser: Browser;

  beforeAll(async () => {
    [world, browser] = [await start(), await launch()];
  }, startingTime);
  afterAll(async () => {
    await browser?.close();
    expect(await world?.stop()).toBe(0);
  }, 30_000);

  /** Bram at his dashboard, in a browser whose clock can move. */
  const arrive = async (options: Parameters<typeof Visitor.arrive>[1] = {}): Promise<Visitor> => {
    const bram = await Visitor.arrive(browser, options);
    await bram.page.clock.install();
    await startAtPortal(bram, world);
    await throughBroker(bram, world, 'ib-user');
    await bram.page.waitForURL('**/portaal-zorg/dashboard');
    return bram;
  };
  const pass = async (seconds: number, ...visitors: Visitor[]): Promise<void> => {
    world.moveClock(seconds);
    for (const { page } of visitors) await page.clock.fastForward(seconds * 1000);
  };
  const warning = ({ page }: Visitor): Locator => page.locator('dialog[open]');

  test('IB-9 warning 2 minutes before the end, with \'Blijf ingelogd\' under the finger; Escape stays too', async () => {
    const bram = await arrive();
    await pass(1030, bram);
    await bram.page.waitForTimeout(1500);
    expect(await warning(bram).count()).toBe(0);
    await pass(60, bram);
    await warning(bram).waitFor();
    await warning(bram).locator(':focus', { hasText: 'Blijf ingelogd' }).waitFor();
    await warning(bram).filter({ hasText: /Over 1 minuut( en \d+ seconden?)? wordt u uitgelogd/ }).waitFor();
    await bram.page.waitForFunction('document.title.startsWith("U wordt zo uitgelogd")');
    await bram.look('A20-idle-warning');
    await bram.page.keyboard.press('Escape');
    await warning(bram).waitFor({ state: 'detached' });
    await pass(1030, bram);
    await bram.page.waitForTimeout(1500);
    expect(await warning(bram).count()).toBe(0);
    expect(bram.complaints).toEqual([]);
    await bram.context.close();
  }, 60_000);

  test('IB-9 \'Blijf ingelogd\' keeps both alive: the portal, and Sluis for other portals', async () => {
    const bram = await arrive();
    await pass(1100, bram);
    await warning(bram).waitFor();
    await bram.page.locator('dialog [data-stay]').click();
    await warning(bram).waitFor({ state: 'detached' });
    await bram.page.waitForFunction('document.title === "Dashboard - portaal Zorg"');
    await pass(900, bram);
    // 33 minutes after the login: a portal that was not open asks nothing
    await bram.page.goto(`${world.portals}/werk-en-inkomen/login`);
    await bram.page.waitForURL('**/werk-en-inkomen/dashboard');
    await bram.page.goto(`${world.portals}/portaal-zorg/iwmo-bestanden`);
    await expect(bram.page.locator('h1').innerText()).resolves.toBe('iWmo: bestanden');
    expect(bram.complaints).toEqual([]);
    await bram.context.close();
  }, 60_000);

  test('IB-9 after 20 minutes logged out at the portal: nothing of the person stays on the screen', async () => {
    const bram = await arrive();
    await pass(1150, bram);
    await warning(bram).waitFor();
    await pass(60, bram);
    await bram.page.waitForURL('**/portaal-zorg/logged-out');
    expect(await bram.end()).toBe('idle');
    expect(await bram.page.locator('main').innerText()).toContain('U bent uitgelogd omdat u 20 minuten niets heeft gedaan.');
    expect(await bram.page.locator('body').innerText()).not.toContain('Lissendam');
    await bram.look('A20-idle-ended');
    await bram.page.goto(`${world.portals}/portaal-zorg/dashboard`);
    expect(await bram.end()).toBe('idle');
    await bram.page.locator('main a.button').click();
    await bram.page.waitForURL(/login\/|dashboard/);
    expect(bram.complaints).toEqual([]);
    await bram.context.close();
  }, 60_000);

  test('IB-9 a portal that gives no answer holds up neither the countdown nor the end', async () => {
    const bram = await arrive();
    await pass(1090, bram);
    await warning(bram).waitFor();
    await bram.page.route('**/portaal-zorg/session', () => undefined);
    await pass(20, bram);
    await pass(35, bram);
    await warning(bram).filter({ hasText: /Over [1-5]?\d seconden? wordt u uitgelogd/ }).waitFor();
    await pass(70, bram);
    await bram.page.waitForURL('**/portaal-zorg/logged-out');
    expect(await bram.end()).toBe('idle');
    await bram.context.close();
  }, 60_000);

  test('IB-9 what is done in one window counts for the other; typing counts as well as clicking through', async () => {
    const bram = await arrive();
    const second = new Visitor(await bram.context.newPage());
    await pass(600, bram);
    await second.page.goto(`${world.portals}/portaal-zorg/iwmo-bestanden`);
    await pass(500, bram);
    await bram.page.waitForTimeout(1500);
    expect(await warning(bram).count()).toBe(0);
    await Promise.all([bram.page.waitForResponse('**/portaal-zorg/stay'), bram.page.keyboard.press('Tab')]);
    await second.page.close();
    await pass(1000, bram);
    await bram.page.waitForTimeout(1500);
    expect(await warning(bram).count()).toBe(0);
    await pass(120, bram);
    await warning(bram).waitFor();
    await bram.context.close();
  }, 60_000);

  test('IB-9 idle at one portal, active at another: the first ends by itself, and logging in again asks nothing', async () => {
    const bram = await arrive();
    const other = new Visitor(await bram.context.newPage());
    await other.page.goto(`${world.portals}/werk-en-inkomen/login`);
    await other.page.waitForURL('**/werk-en-inkomen/dashboard');
    for (let quarter = 0; quarter < 2; quarter += 1) {
      await pass(800);
      await other.page.goto(`${world.portals}/werk-en-inkomen/rapportages`);
      await expect(other.page.locator('h1').innerText()).resolves.toBe('Rapportages');
    }
    await bram.page.goto(`${world.portals}/portaal-zorg/dashboard`);
    expect(await bram.end()).toBe('idle');
    await bram.page.locator('main a.button').click();
    await bram.page.waitForURL('**/portaal-zorg/dashboard');
    await bram.context.close();
  }, 60_000);

  test('IB-9 without script: the page leads to a warning by itself, its button leads back, and doing nothing ends it', async () => {
    const bram = await Visitor.arrive(browser, { javaScriptEnabled: false });
    await bram.page.goto(`${world.portals}/portaal-zorg/login`);
    await throughBrokerWithoutScript(bram, world, 'ib-user');
    await bram.page.waitForURL('**/portaal-zorg/dashboard');
    expect(await bram.page.locator('meta[http-equiv="refresh"]').getAttribute('content')).toBe('1080; url=/portaal-zorg/warning?from=dashboard');
    await bram.page.goto(`${world.portals}/portaal-zorg/iwmo-bestanden`);
    world.moveClock(1090);
    await bram.page.goto(`${world.portals}/portaal-zorg/warning?from=iwmo-bestanden`);
    expect(await bram.end()).toBe('idle-warning');
    await bram.page.locator('[data-stay]').click();
    await bram.page.waitForURL('**/portaal-zorg/iwmo-bestanden');
    world.moveClock(1195);
    await bram.page.goto(`${world.portals}/portaal-zorg/warning?from=iwmo-bestanden`);
    // the last seconds pass by themselves
    await bram.page.waitForURL('**/portaal-zorg/logged-out', { timeout: 15_000 });
    expect(await bram.end()).toBe('idle');
    await bram.context.close();
  }, 60_000);

  test('IB-9 the warning for who works without script, looked at', async () => {
    const bram = await arrive();
    await pass(1090);
    await bram.page.goto(`${world.portals}/portaal-zorg/warning`);
    await bram.look('A20-idle-warning-no-script');
    await bram.context.close();
  }, 60_000);
}, { clock: true });

/** One session at Sluis behind several portals. */
describeJourney('Inlichtingenbureau: de sessie bij Sluis', (start) => {
  let world: World;
  let browser: Browser;
  beforeAll(async () => { [world, browser] = [await start(), await launch()]; }, startingTime);
  afterAll(async () => {
    await browser?.close();
    expect(await world?.stop()).toBe(0);
  }, 30_000);

  const arrive = async (): Promise<Visitor> => {
    const bram = await Visitor.arrive(browser);
    await startAtPortal(bram, world);
    await throughBroker(bram, world, 'ib-user');
    await bram.page.waitForURL('**/portaal-zorg/dashboard');
    await bram.page.goto(`${world.portals}/werk-en-inkomen/login`);
    await bram.page.waitForURL('**/werk-en-inkomen/dashboard');
    return bram;
  };
  const until = async (holds: () => Promise<boolean>): Promise<void> => {
    for (let tries = 0; tries < 150 && !(await holds()); tries += 1) await new Promise((done) => { setTimeout(done, 200); });
  };
  /** What the portal's server knows: no page tells it. */
  const endAt = async (bram: Visitor, portal: string): Promise<string | null> => {
    await until(async () => !(await bram.context.request.get(`${world.portals}/${portal}/session`)).ok());
    await bram.page.goto(`${world.portals}/${portal}/logged-out`);
    return bram.end();
  };

  test('IB-9 logging out at one portal ends the session of the other: Sluis tells it by back-channel', async () => {
    const bram = await arrive();
    await bram.page.locator('[data-logout]').click();
    await bram.page.locator('button[name="logout"]').first().click();
    await bram.page.waitForURL('**/werk-en-inkomen/');
    expect(await endAt(bram, 'portaal-zorg')).toBe('elsewhere');
    await bram.context.close();
  }, 60_000);

  test('IB-9 nobody active anywhere: the portals end by themselves, and Sluis asks everything again', async () => {
    const bram = await arrive();
    world.moveClock(1210);
    for (const portal of ['portaal-zorg', 'werk-en-inkomen']) expect(await endAt(bram, portal)).toBe('idle');
    // the worker of Sluis needs nobody to come by
    let audit = '';
    await until(async () => {
      audit = (await world.sluisCli('audit', 'export', '--realm', 'inlichtingenbureau', '--event', 'session.ended')).text;
      return audit.includes('"idle"');
    });
    expect(audit).toContain('"idle"');
    await bram.page.goto(`${world.portals}/werk-en-inkomen/login?prompt=none`);
    expect(await bram.end()).toBe('login_required');
    await bram.page.goto(`${world.portals}/centrale-voorziening-bvv/login`);
    expect(await bram.step()).toBe('broker');
    await bram.context.close();
  }, 90_000);
}, { clock: true });
