import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { launch, Visitor } from '../support/browser.ts';
import { describeJourney, startingTime, type World } from '../support/world.ts';
import { startAtPortal, throughBroker } from '../support/zorg.ts';

/** Somebody leaves the municipality: their administrator ends the access, and admits them again later. Without script: test/security/access-ended.test.ts. */
describeJourney('Inlichtingenbureau: toegang beëindigen', (start) => {
  let world: World;
  let browser: Browser;
  let anneke: Visitor;
  let linde: Visitor;

  beforeAll(async () => {
    [world, browser] = [await start(), await launch()];
    anneke = await Visitor.arrive(browser);
    linde = await Visitor.arrive(browser);
  }, startingTime);
  afterAll(async () => {
    await browser?.close();
    expect(await world?.stop()).toBe(0);
  }, 30_000);

  const press = async (visitor: Visitor, label: string): Promise<void> => {
    await visitor.page.locator('main').getByText(label, { exact: true }).last().click();
    await visitor.page.waitForLoadState('load');
  };
  const main = (visitor: Visitor): Promise<string> => visitor.page.locator('main').innerText();

  test('the administrator is asked once more, and can turn back', async () => {
    await startAtPortal(linde, world);
    await throughBroker(linde, world, 'ib-user');
    expect(linde.page.url()).toContain('/portaal-zorg/');
    await anneke.page.goto(`${world.sluis}/inlichtingenbureau/admin/`);
    await throughBroker(anneke, world, 'ib-admin');
    await anneke.page.locator('main').getByText('Linde', { exact: false }).first().click();
    await anneke.look('C09-person-access');
    await press(anneke, 'Toegang beëindigen');
    expect(await anneke.page.locator('h1').innerText()).toMatch(/^Wilt u de toegang van .*Linde.* beëindigen\?$/);
    await anneke.look('C09-end-access');
    await press(anneke, 'Annuleren');
    expect(await main(anneke)).toContain('Rollen');
  }, 60_000);

  test('ended: the person is out at once, and reads why and whom to ask', async () => {
    await press(anneke, 'Toegang beëindigen');
    await press(anneke, 'Toegang beëindigen');
    expect(await main(anneke)).toMatch(/De toegang van .*Linde.* is beëindigd\./);
    await anneke.look('C09-person-ended');
    // the portal keeps a session of its own: asked again, Sluis no longer knows her
    await startAtPortal(linde, world, 'portaal-zorg', 'ui_locales=nl');
    expect(await linde.step()).toBe('broker');
    await throughBroker(linde, world, 'ib-user');
    expect(await linde.end()).toBe('membership_ended');
    const text = await main(linde);
    for (const part of ['Uw toegang tot Portaal Zorg is beëindigd', 'Gemeente Lissendam', 'Servicedesk van het Inlichtingenbureau']) expect(text).toContain(part);
    expect(await linde.page.locator('[data-reference]').innerText()).toMatch(/^[0-9A-F]{10}$/);
    await linde.look('A22-membership-ended');
    await linde.page.locator('a[hreflang="en"]').click();
    expect(await main(linde)).toContain('Your access to Portaal Zorg has ended');
    await linde.look('A22-membership-ended-en');
  }, 60_000);

  test('admitted again: back among the new registrations', async () => {
    await press(anneke, 'Opnieuw toelaten');
    expect(await main(anneke)).toContain('mag opnieuw beginnen');
    await anneke.page.goto(`${world.sluis}/inlichtingenbureau/admin/`);
    expect(await anneke.page.locator('[data-people="pending"]').innerText()).toContain('Linde');
    expect([...anneke.complaints, ...linde.complaints]).toEqual([]);
  });
});
