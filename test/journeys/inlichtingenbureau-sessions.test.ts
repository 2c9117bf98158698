import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { launch, Visitor } from '../support/browser.ts';
import { clientOf, codeFor } from '../support/portal-client.ts';
import { describeJourney, startingTime, type World } from '../support/world.ts';
import { byCard, levelOf, menuOf, nameAndPassword, startAtPortal, throughBroker } from '../support/zorg.ts';

/** Several portals with one login, each with its own level; and the test environment of one of them. */
describeJourney('Inlichtingenbureau: één keer inloggen voor meer portalen', (start) => {
  let world: World;
  let browser: Browser;
  let anneke: Visitor;

  beforeAll(async () => {
    [world, browser] = [await start(), await launch()];
    anneke = await Visitor.arrive(browser);
  }, startingTime);
  afterAll(async () => {
    await browser?.close();
    expect(await world?.stop()).toBe(0);
  }, 30_000);

  const enter = async (visitor: Visitor, portal: string): Promise<void> => {
    await visitor.page.goto(`${world.portals}/${portal}/`);
    await visitor.page.locator('a.button').first().click();
    await visitor.page.waitForLoadState('load');
  };

  test('IB-10 the list of portals; each start page tells network and level before login', async () => {
    await anneke.page.goto(`${world.portals}/`);
    await anneke.look('A01-portals');
    const names = await anneke.page.locator('.cards a').allInnerTexts();
    // those of other realms come after
    expect(names.slice(0, 4)).toEqual(['portaal Zorg', 'portaal Werk en inkomen', 'Centrale Voorziening Bvv', 'Testomgeving portaal Zorg']);
    await anneke.page.goto(`${world.portals}/centrale-voorziening-bvv/`);
    expect(await anneke.page.locator('main').innerText()).toMatch(/Gemnet of Diginetwerk[^]*minimaal niveau 4/);
    await anneke.look('portal-bvv-start');
    await anneke.page.goto(`${world.sluis}/inlichtingenbureau/`);
    await anneke.look('A01-sluis-portals');
  });

  test('IB-10 one login for three portals: level 2 with name and password', async () => {
    await startAtPortal(anneke, world, 'werk-en-inkomen');
    expect(await anneke.page.locator('main').innerText()).toContain('minimaal niveau 2');
    await nameAndPassword(anneke, world, 'ib-admin');
    await anneke.page.locator('[name="code"]').waitFor();
    await anneke.look('A07-simulator-code-or-not');
    await anneke.press('skip');
    await anneke.page.waitForURL('**/werk-en-inkomen/dashboard');
    expect(await levelOf(anneke)).toBe('niveau 2');
  });

  test('IB-10 step-up from 2 to 3: asks only the means; personal settings and verification are not asked again', async () => {
    await enter(anneke, 'portaal-zorg');
    expect(await anneke.step()).toBe('broker');
    await throughBroker(anneke, world, 'ib-admin');
    await anneke.page.waitForURL('**/portaal-zorg/dashboard');
    expect(await levelOf(anneke)).toBe('niveau 3');
  });

  test('IB-10 step-up from 3 to 4: asks only the card; a broker without cards is unavailable', async () => {
    await enter(anneke, 'centrale-voorziening-bvv');
    expect(await anneke.step()).toBe('broker');
    expect(await anneke.page.locator('main').innerText()).toContain('niveau 4');
    await expect(anneke.page.locator('[name="broker"][value="rpn"]').isDisabled()).resolves.toBe(true);
    await anneke.look('A03-step-up');
    await byCard(anneke, world, 'ib-admin');
    await anneke.page.waitForURL('**/centrale-voorziening-bvv/dashboard');
    expect(await levelOf(anneke)).toBe('niveau 4');
    await anneke.look('portal-bvv-dashboard');
  });

  test('IB-10 going back down asks nothing, and each portal shows the level that was reached', async () => {
    for (const portal of ['portaal-zorg', 'werk-en-inkomen', 'centrale-voorziening-bvv']) {
      await anneke.page.goto(`${world.portals}/${portal}/login`);
      await anneke.page.waitForURL(`**/${portal}/dashboard`);
      expect(await levelOf(anneke)).toBe('niveau 4');
    }
    expect(anneke.complaints).toEqual([]);
  });

  test('IB-10 who goes for level 4 first is never asked again; giving up the step-up leaves the lower portals as they are', async () => {
    const hugo = await Visitor.arrive(browser);
    await startAtPortal(hugo, world, 'werk-en-inkomen');
    await throughBroker(hugo, world, 'ib-card');
    await enter(hugo, 'centrale-voorziening-bvv');
    await hugo.press('cancel');
    expect(await hugo.end()).toBe('access_denied');
    await hugo.page.goto(`${world.portals}/werk-en-inkomen/dashboard`);
    expect(await levelOf(hugo)).toBe('niveau 3');
    await hugo.context.clearCookies();
    await startAtPortal(hugo, world, 'centrale-voorziening-bvv');
    await byCard(hugo, world, 'ib-card');
    for (const portal of ['portaal-zorg', 'werk-en-inkomen']) {
      await enter(hugo, portal);
      await hugo.page.waitForURL(`**/${portal}/dashboard`);
    }
    await hugo.context.close();
  });

  test('IB-10 a test environment is marked on every page, at the portal and at Sluis', async () => {
    const bram = await Visitor.arrive(browser);
    const marked = (): Promise<number> => bram.page.locator('[data-test-environment]').count();
    await bram.page.goto(`${world.portals}/portaal-zorg-test/`);
    expect(await marked()).toBe(1);
    await bram.look('test-start');
    await startAtPortal(bram, world, 'portaal-zorg-test');
    expect(await marked()).toBe(1);
    await bram.look('test-A03-broker');
    await throughBroker(bram, world, 'ib-user');
    await bram.page.waitForURL('**/portaal-zorg-test/dashboard');
    expect(await marked()).toBe(1);
    expect(await menuOf(bram)).toEqual(['iwmo-bestanden']);
    await bram.look('test-dashboard');
    await bram.page.goto(`${world.portals}/portaal-zorg-test/login?acr_values=unknown&prompt=consent`);
    expect([await bram.end(), await marked()]).toEqual(['invalid_request', 1]);
    await bram.page.goto(`${world.sluis}/inlichtingenbureau/session/end?client_id=portaal-zorg-test`);
    expect(await marked()).toBe(1);
    await bram.look('test-A21-logout');
    await bram.page.locator('button[name="logout"][value="yes"]').click();
    await bram.page.waitForURL('**/session/end/success**');
    expect(await marked()).toBe(1);
    await bram.look('test-A21-logged-out');
    await bram.context.close();
  });

  test('IB-10 the test environment is its own client: no code or token of the one is worth anything at the other', async () => {
    const bram = await Visitor.arrive(browser);
    await startAtPortal(bram, world, 'portaal-zorg');
    await throughBroker(bram, world, 'ib-user');
    const [real, test] = [await clientOf(world, 'portaal-zorg'), await clientOf(world, 'portaal-zorg-test')];
    const refused = expect.objectContaining({ error: 'invalid_grant' });
    const first = await codeFor(bram, test);
    await expect(real.redeem(first, test.redirectUri)).rejects.toEqual(refused);
    const tokens = await test.redeem(await codeFor(bram, test), test.redirectUri);
    expect(tokens.claims()).toMatchObject({ aud: 'portaal-zorg-test' });
    expect(await test.introspect(tokens.access_token)).toMatchObject({ active: true, client_id: 'portaal-zorg-test' });
    expect(await real.introspect(tokens.access_token)).toEqual({ active: false });
    await expect(real.refresh(tokens.refresh_token ?? '')).rejects.toEqual(refused);
    await bram.context.close();
  });
});
