import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { launch, Visitor } from '../support/browser.ts';
import { describeJourney, startingTime, type World } from '../support/world.ts';
import { fillProfile, startAtPortal, throughBroker } from '../support/zorg.ts';

/** A portal that is reached from the government's network only, and one that is open for initial registration only. */
describeJourney('Inlichtingenbureau: niet vanaf elk netwerk, en alleen om te registreren', (start) => {
  let world: World;
  let browser: Browser;

  beforeAll(async () => {
    // an address range of the documentation (RFC 5737): nobody is there
    [world, browser] = [await start({ env: { BVV_NETWORK: '192.0.2.0/24', ZORG_TEST_OPEN: 'registration' } }), await launch()];
  }, startingTime);
  afterAll(async () => {
    await browser?.close();
    expect(await world?.stop()).toBe(0);
  }, 30_000);

  test('IB-10 network restriction: from elsewhere the page says which network is needed, before anybody logs in', async () => {
    const anneke = await Visitor.arrive(browser);
    await startAtPortal(anneke, world, 'centrale-voorziening-bvv');
    expect(await anneke.end()).toBe('network_not_allowed');
    expect(await anneke.page.locator('main').innerText()).toMatch(/Gemnet of Diginetwerk[^]*127\.0\.0\.1/);
    await anneke.look('A22-network');
    await anneke.press('cancel');
    expect(await anneke.end()).toBe('access_denied');
    await anneke.context.close();
  });

  test('IB-10 network restriction: who is logged in elsewhere is refused too; their own portal stays open', async () => {
    const anneke = await Visitor.arrive(browser);
    await startAtPortal(anneke, world, 'portaal-zorg');
    await throughBroker(anneke, world, 'ib-admin');
    await anneke.page.goto(`${world.portals}/centrale-voorziening-bvv/login`);
    expect(await anneke.end()).toBe('network_not_allowed');
    await anneke.page.goto(`${world.portals}/centrale-voorziening-bvv/login?prompt=none`);
    expect(['login_required', 'access_denied']).toContain(await anneke.end());
    await anneke.page.goto(`${world.portals}/portaal-zorg/dashboard`);
    expect(anneke.page.url()).toContain('/portaal-zorg/dashboard');
    await anneke.context.close();
  });

  test('IB-10 open for initial registration only: a newcomer fills in the personal settings and comes to verification', async () => {
    const carla = await Visitor.arrive(browser);
    await startAtPortal(carla, world, 'portaal-zorg-test');
    await throughBroker(carla, world, 'ib-new');
    expect(await carla.step()).toBe('profile');
    await fillProfile(carla);
    await carla.submit();
    expect(await carla.step()).toBe('verification-code');
    await carla.context.close();
  });

  test('IB-10 open for initial registration only: who is registered is told so, and enters the portal that is open', async () => {
    const bram = await Visitor.arrive(browser);
    await startAtPortal(bram, world, 'portaal-zorg-test');
    await throughBroker(bram, world, 'ib-user');
    expect(await bram.end()).toBe('registration_only');
    expect(await bram.page.locator('[data-test-environment]').count()).toBe(1);
    await bram.look('A16-registration-only');
    await startAtPortal(bram, world, 'portaal-zorg');
    await throughBroker(bram, world, 'ib-user');
    expect(bram.page.url()).toContain('/portaal-zorg/dashboard');
    await bram.context.close();
  });
});
