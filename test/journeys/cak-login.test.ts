import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { launch, Visitor } from '../support/browser.ts';
import { describeJourney, type World } from '../support/world.ts';
import { menuOf, throughBroker, throughBrokerWithoutScript } from '../support/zorg.ts';

/** Local login, and the wall between two realms of one installation, in one browser. */
describeJourney('CAK: relatienummer, gebruikersnaam en wachtwoord', (start) => {
  let world: World;
  let browser: Browser;

  beforeAll(async () => {
    [world, browser] = [await start(), await launch()];
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    expect(await world?.stop()).toBe(0);
  }, 30_000);

  const login = async (visitor: Visitor, id: string, change: Record<string, string> = {}): Promise<void> => {
    await visitor.page.goto(`${world.portals}/mijn-cak-zakelijk/login?prompt=login`);
    await visitor.fill({ ...world.person(id).login, ...change });
    await visitor.submit();
  };

  test('CAK-1 three fields; a wrong value in any of them gives the same message', async () => {
    const visitor = await Visitor.arrive(browser);
    await visitor.page.goto(`${world.portals}/mijn-cak-zakelijk/`);
    await visitor.page.locator('a.button').first().click();
    expect(await visitor.step()).toBe('password');
    await visitor.look('A05a-password');
    await visitor.submit();
    expect(await visitor.problems()).toEqual(['password.relation_number.required', 'password.username.required', 'password.password.required']);
    await visitor.look('A05a-password-empty');
    const messages: string[] = [];
    for (const change of [{ relation_number: '999999' }, { username: 'niemand' }, { password: 'Fout-Woord-12' }]) {
      await login(visitor, 'cak-active', change);
      expect(await visitor.problems()).toEqual(['password.wrong']);
      messages.push(await visitor.page.locator('[role="alert"]').innerText());
      await expect(visitor.page.locator('[name="password"]').inputValue()).resolves.toBe('');
    }
    expect(new Set(messages).size).toBe(1);
    await visitor.look('A05a-password-wrong');
    expect(visitor.complaints).toEqual([]);
    await visitor.context.close();
  });

  test('CAK-1 the same username under two relation numbers is two people; the second ends the first one\'s session', async () => {
    const visitor = await Visitor.arrive(browser);
    await login(visitor, 'cak-active');
    await visitor.page.waitForURL('**/mijn-cak-zakelijk/dashboard');
    const organisation = (): Promise<string> => visitor.page.locator('[data-organisation]').innerText();
    const first = await organisation();
    await login(visitor, 'cak-twin');
    await visitor.page.waitForURL('**/mijn-cak-zakelijk/dashboard');
    expect(await organisation()).not.toBe(first);
    expect(visitor.complaints).toEqual([]);
    await visitor.context.close();
  });

  test('CAK-10 the menu depends on authorisations; ALL-1 a session of one realm means nothing in another', async () => {
    const visitor = await Visitor.arrive(browser);
    await login(visitor, 'cak-active');
    await visitor.page.waitForURL('**/mijn-cak-zakelijk/dashboard');
    expect((await menuOf(visitor)).length).toBeGreaterThan(0);
    await visitor.page.goto(`${world.portals}/werk-en-inkomen/login`);
    expect(await visitor.step()).toBe('broker');
    await throughBroker(visitor, world, 'ib-user');
    await visitor.page.waitForURL('**/werk-en-inkomen/dashboard');
    // both sessions live beside each other
    await visitor.page.goto(`${world.portals}/mijn-cak-zakelijk/login?prompt=none`);
    await visitor.page.waitForURL('**/mijn-cak-zakelijk/dashboard');
    const names = (await visitor.context.cookies(world.sluis)).map((cookie) => cookie.name);
    expect(names).toEqual(expect.arrayContaining(['sluis_cak', 'sluis_inlichtingenbureau']));
    await visitor.context.close();
  });

  test('without script: the whole login works, broker and all', async () => {
    const visitor = await Visitor.arrive(browser, { javaScriptEnabled: false });
    await visitor.page.goto(`${world.portals}/portaal-zorg/login`);
    await throughBrokerWithoutScript(visitor, world, 'ib-user');
    await visitor.page.waitForURL('**/portaal-zorg/dashboard');
    await visitor.context.close();
  });

  test('two tabs at once: both logins complete', async () => {
    const one = await Visitor.arrive(browser);
    const two = new Visitor(await one.context.newPage());
    for (const tab of [one, two]) await tab.page.goto(`${world.portals}/mijn-cak-zakelijk/login`);
    expect(one.page.url()).not.toBe(two.page.url());
    for (const tab of [one, two]) {
      await tab.fill(world.person('cak-active').login);
      await tab.submit();
      await tab.page.waitForURL('**/mijn-cak-zakelijk/**');
    }
    await two.page.goBack();
    await two.page.goForward();
    await two.page.goto(`${world.portals}/mijn-cak-zakelijk/dashboard`);
    await expect(two.page.locator('[data-organisation]').count()).resolves.toBe(1);
    await one.context.close();
  });
});
