import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { launch, Visitor } from '../support/browser.ts';
import { describeJourney, startingTime, type World } from '../support/world.ts';
import { appCode, atDashboard, newest, secretOf, throughCak, toPassword, typeCode } from '../support/cak.ts';
import { throughBroker, throughBrokerWithoutScript } from '../support/zorg.ts';

/** The wall between two realms of one installation, in one browser; browsers without script and with two tabs. */
describeJourney('CAK: een browser, twee werelden, twee tabbladen', (start) => {
  let world: World;
  let browser: Browser;

  beforeAll(async () => {
    [world, browser] = [await start(), await launch()];
  }, startingTime);
  afterAll(async () => {
    await browser?.close();
    expect(await world?.stop()).toBe(0);
  }, 30_000);

  test('ALL-1 a session of one realm means nothing in another', async () => {
    const visitor = await Visitor.arrive(browser);
    await throughCak(visitor, world, 'cak-active');
    await atDashboard(visitor);
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
      await typeCode(tab, appCode(world, secretOf(world, 'cak-active')));
      await tab.page.waitForURL('**/mijn-cak-zakelijk/**');
    }
    await two.page.goBack();
    await two.page.goForward();
    await two.page.goto(`${world.portals}/mijn-cak-zakelijk/dashboard`);
    await expect(two.page.locator('[data-organisation]').count()).resolves.toBe(1);
    await one.context.close();
  });

  test('CAK-2 CAK-3 a new account: one mail with the names and a one-time password, a letter with the code; what people are called comes out whole', async () => {
    const visitor = await Visitor.arrive(browser);
    const name = "Nóra van 't O'Brien-Nguyễn";
    const made = await world.sluisCli('user', 'create', '--realm', 'cak', '--organisation', 'relation_number:100231', '--username', 'nobrien', '--given-name', 'Nóra', '--infix', "van 't", '--family-name', "O'Brien-Nguyễn",
      '--email', 'nora@rietoever.example', '--role', 'bestanden:gebruiker', '--activation', 'letter', '--address', 'Postbus 12', '--address', '1234 AB Rietoever');
    expect(made.code).toBe(0);
    const mail = await newest(world, { to: 'nora@rietoever.example', channel: 'mail' });
    const said = (label: string): string => new RegExp(`^${label}: (.+)$`, 'm').exec(mail.text)?.[1] ?? '';
    const login = { relation_number: said('Relatienummer'), username: said('Gebruikersnaam'), password: said('Eenmalig wachtwoord') };
    expect(login).toEqual({ relation_number: '100231', username: 'nobrien', password: expect.stringMatching(/.{12,}/) });
    // what somebody needs to get in never travels together
    const letter = await newest(world, { channel: 'letter' }, ({ text }) => text.includes(name));
    expect([mail.text.includes(letter.code ?? '-'), letter.text.includes(login.password), letter.text.includes('nobrien')]).toEqual([false, false, false]);
    await visitor.page.goto(`${world.sluis}/demo/outbox/message?realm=cak&id=${letter.id}`);
    expect(await visitor.page.locator('address').innerText()).toContain(name);
    await toPassword(visitor, world);
    await visitor.fill(login);
    await visitor.submit();
    expect(await visitor.step()).toBe('new-password');
    await visitor.fill({ new_password: 'Kade-Schip-37-Iep' });
    await visitor.submit();
    expect(await visitor.step()).toBe('activation-code');
    await typeCode(visitor, letter.code ?? '');
    await visitor.choose('method', 'totp');
    await visitor.submit();
    await typeCode(visitor, appCode(world, (await visitor.page.locator('[data-totp-secret]').innerText()).replace(/\s/g, '')));
    await visitor.submit();
    await atDashboard(visitor);
    expect(await visitor.page.locator('body').textContent()).toContain(name);
    await visitor.context.close();
  });
}, { clock: true });
