import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { generateSync } from 'otplib';
import type { Browser } from 'playwright-core';
import { launch, Visitor } from '../support/browser.ts';
import { describeJourney, type World } from '../support/world.ts';
import { menuOf } from '../support/zorg.ts';

/** The portals of realm CAK with what Sluis tells them: roles by the clock, accounts in an application, one way out. */
describeJourney('CAK: Mijn CAK Zakelijk en Porta', (start) => {
  let world: World;
  let browser: Browser;

  beforeAll(async () => {
    [world, browser] = [await start(), await launch()];
    // Porta is open on working days from 7.30 to 19.00: to the afternoon of one that is no holiday
    world.moveClock(atPorta(world.now(), 18) - world.now());
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    expect(await world?.stop()).toBe(0);
  }, 30_000);

  /** Whatever the realm's flow asks of somebody who has it all, up to the portal. */
  const logIn = async (visitor: Visitor, id: string): Promise<void> => {
    const { login, totp_secret: secret = '' } = world.person(id) as ReturnType<World['person']> & { totp_secret?: string };
    await visitor.fill(login);
    await visitor.submit();
    for (let step = 0; step < 3 && visitor.page.url().startsWith(world.sluis); step += 1) {
      if (await visitor.page.locator('form[data-step="totp"]').count() > 0) await visitor.fill({ code: generateSync({ secret, epoch: world.now() }) });
      await visitor.submit();
    }
    await visitor.page.waitForURL(`${world.portals}/**`);
  };
  const home = async (id: string): Promise<Visitor> => {
    const visitor = await Visitor.arrive(browser);
    await visitor.page.goto(`${world.portals}/mijn-cak-zakelijk/login`);
    await logIn(visitor, id);
    await visitor.page.waitForURL('**/mijn-cak-zakelijk/dashboard');
    return visitor;
  };

  test('CAK-15 the manuals can be read by who is not logged in', async () => {
    const visitor = await Visitor.arrive(browser);
    await visitor.page.goto(`${world.portals}/mijn-cak-zakelijk/`);
    await visitor.page.locator('[data-manual="two-step"]').click();
    await visitor.page.locator('[data-manual-page="two-step"]').waitFor();
    expect(visitor.complaints).toEqual([]);
    await visitor.context.close();
  });

  test('CAK-14 the portal button of the public site and the direct link both end at the portal, logged in', async () => {
    for (const way of ['[data-portal-button]', '[data-direct-link]']) {
      const visitor = await Visitor.arrive(browser);
      await visitor.page.goto(`${world.portals}/cak/`);
      await visitor.page.locator(way).click();
      // each authenticator code works once: the two are different people
      await logIn(visitor, way === '[data-portal-button]' ? 'cak-active' : 'cak-servicedesk');
      await visitor.page.locator('[data-greeting]').waitFor();
      expect(visitor.page.url()).toBe(`${world.portals}/mijn-cak-zakelijk/dashboard`);
      expect(visitor.complaints).toEqual([]);
      await visitor.context.close();
    }
  });

  test('CAK-10, CAK-11, CAK-13, CAK-9 from home to Porta, an account, and out of both', async () => {
    const fatima = await home('cak-agb');
    expect(await menuOf(fatima)).toEqual(['bestanden']);
    await fatima.look('B12-home');
    await fatima.page.locator('[data-application="porta"]').click();
    await fatima.page.locator('[data-introduction="porta"]').waitFor();
    await expect(fatima.page.locator('[data-unavailable]').count()).resolves.toBe(0);
    await fatima.look('B11-introduction');
    await fatima.page.locator('[data-go="porta"]').click();
    await fatima.page.waitForURL('**/porta/account');
    await expect(fatima.page.locator('[name="account"]').count()).resolves.toBe(3);
    await fatima.look('A19-account');
    await fatima.choose('account', '41990103');
    await fatima.submit();
    await fatima.page.locator('[data-account-chosen="41990103"]').waitFor();
    // at the one portal out, at the other too
    await fatima.page.goto(`${world.portals}/mijn-cak-zakelijk/dashboard`);
    await fatima.page.locator('[data-logout]').click();
    await fatima.page.waitForURL(`${world.sluis}/**`);
    await fatima.page.locator('button[name="logout"][value="yes"]').first().click();
    await fatima.page.waitForURL(`${world.portals}/mijn-cak-zakelijk/`);
    await expectSoon(async () => (await fatima.page.goto(`${world.portals}/porta/dashboard`))?.url() ?? '', `${world.portals}/porta/logged-out`);
    await fatima.page.goto(`${world.portals}/porta/login`);
    expect(await fatima.step()).toBe('password');
    expect(fatima.complaints).toEqual([]);
    await fatima.context.close();
  });

  test('CAK-12 Porta closes at 19.00: out of it, a page says when it opens, and the rest of the portal stays open', async () => {
    world.moveClock(atPorta(world.now(), 18.95) - world.now());
    const jose = await home('cak-agb');
    await jose.page.goto(`${world.portals}/porta/login`);
    await jose.page.waitForURL('**/porta/account');
    world.moveClock(atPorta(world.now(), 19) + 5 - world.now());
    await jose.page.goto(`${world.portals}/porta/account`);
    await jose.page.goto(`${world.portals}/porta/login`);
    expect(await jose.end()).toBe('application_closed');
    await jose.look('application-closed');
    expect(await jose.page.locator('main').innerText()).toMatch(/Porta gaat weer open op \w+dag \d+ \w+, 07:30 uur/);
    await jose.page.goto(`${world.portals}/mijn-cak-zakelijk/applications/porta`);
    await jose.page.locator('[data-unavailable]').waitFor();
    await jose.look('B11-closed');
    await jose.page.goto(`${world.portals}/mijn-cak-zakelijk/bestanden`);
    await jose.page.locator('[data-page="bestanden"]').waitFor();
    await jose.page.goto(`${world.portals}/porta/dashboard`);
    expect(jose.page.url()).toMatch(/\/porta\/(logged-out)?$/);
    expect(jose.complaints).toEqual([]);
    await jose.context.close();
  });
}, { clock: true });

const holidays = ['01-01', '04-27', '12-25', '12-26', '2026-04-06', '2026-05-14', '2026-05-25', '2027-03-29', '2027-05-06', '2027-05-17'];

/** Epoch seconds of the next time that it is so late in Amsterdam on a day on which Porta opens. */
function atPorta(now: number, hour: number): number {
  const said = (at: number) => Object.fromEntries(new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Amsterdam', weekday: 'short', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
    .formatToParts(at * 1000).map(({ type, value }) => [type, value])) as Record<string, string>;
  for (let at = now + 1; ; at += 60) {
    const { weekday = '', year, month, day, hour: hours, minute, second } = said(at);
    const late = Number(hours) * 3600 + Number(minute) * 60 + Number(second) - hour * 3600;
    if (late >= 0 && late < 60 && !['Sat', 'Sun'].includes(weekday) && !holidays.includes(`${month}-${day}`) && !holidays.includes(`${year}-${month}-${day}`)) return at - late;
  }
}

async function expectSoon(look: () => Promise<string>, wanted: string): Promise<void> {
  for (let tries = 0; tries < 50; tries += 1) {
    if (await look() === wanted) return;
    await new Promise((resolve) => { setTimeout(resolve, 200); });
  }
  expect(await look()).toBe(wanted);
}
