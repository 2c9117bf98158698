import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { launch, Visitor } from '../support/browser.ts';
import { appCode, atDashboard, codeNow, newest, secretOf, throughCak, toPassword, toWorkingDay, typeCode, withPassword } from '../support/cak.ts';
import { describeJourney, startingTime, type World } from '../support/world.ts';
import { menuOf } from '../support/zorg.ts';

const DAY = 86_400;

/** Mijn CAK Zakelijk as its manual tells it, on a working day; the clock goes on from there. */
describeJourney('CAK: Mijn CAK Zakelijk', (start) => {
  let world: World;
  let browser: Browser;
  /** what cak-new makes of it on the way */
  const made = { password: 'Oever-Molen-26-Ree', secret: '' };

  beforeAll(async () => {
    [world, browser] = [await start(), await launch()];
    toWorkingDay(world, 10);
  }, startingTime);
  afterAll(async () => {
    await browser?.close();
    expect(await world?.stop()).toBe(0);
  }, 30_000);

  /** Somebody at a browser of their own, who leaves when the walk is over. */
  const walk = async (work: (visitor: Visitor) => Promise<void>): Promise<void> => {
    const visitor = await Visitor.arrive(browser);
    await work(visitor);
    expect(visitor.complaints).toEqual([]);
    await visitor.context.close();
  };
  const mailTo = (id: string): string => ({ 'cak-new': 'jose.astrom@rietoever.example', 'cak-expiring': 'linh.nguyen@rietoever.example', 'cak-active': 'jolanda.vries@rietoever.example' })[id] ?? '';

  test.each(['[data-portal-button]', '[data-direct-link]'])('CAK-14 from the public site by %s: at the portal, logged in', (way) => walk(async (visitor) => {
    await visitor.page.goto(`${world.portals}/cak/`);
    await visitor.page.locator(way).click();
    await visitor.fill(world.person('cak-active').login);
    await visitor.submit();
    await typeCode(visitor, appCode(world, secretOf(world, 'cak-active')));
    await visitor.page.locator('[data-greeting]').waitFor();
    await atDashboard(visitor);
  }));

  test('CAK-1 three fields; a wrong value in any of them gives the same message', () => walk(async (visitor) => {
    await toPassword(visitor, world);
    await visitor.look('A05a-password');
    await visitor.submit();
    expect(await visitor.problems()).toEqual(['password.relation_number.required', 'password.username.required', 'password.password.required']);
    await visitor.look('A05a-password-empty');
    const messages = new Set<string>();
    for (const change of [{ relation_number: '999999' }, { username: 'niemand' }, { password: 'Fout-Woord-12' }]) {
      await withPassword(visitor, world, 'cak-active', change);
      expect(await visitor.problems()).toEqual(['password.wrong']);
      messages.add(await visitor.page.locator('[role="alert"]').innerText());
    }
    expect(messages.size).toBe(1);
    await visitor.look('A05a-password-wrong');
  }));

  test('CAK-1 the same username under two relation numbers is two people', () => walk(async (visitor) => {
    await throughCak(visitor, world, 'cak-active');
    await atDashboard(visitor);
    const first = await visitor.page.locator('[data-organisation]').innerText();
    await throughCak(visitor, world, 'cak-twin');
    await atDashboard(visitor);
    expect(await visitor.page.locator('[data-organisation]').innerText()).not.toBe(first);
  }));

  test('CAK-2 CAK-6 a one-time password is replaced before anything else; each broken rule is named', () => walk(async (visitor) => {
    await withPassword(visitor, world, 'cak-new');
    expect(await visitor.step()).toBe('new-password');
    expect(await visitor.page.locator('[data-because]').getAttribute('data-because')).toBe('one_time');
    expect(await visitor.page.locator('[data-rule]').count()).toBeGreaterThanOrEqual(4);
    await visitor.look('A12-new-password');
    for (const [chosen, rules] of [
      ['', ['new-password.required']], ['kort', ['new-password.short', 'new-password.classes']], ['Mijn-jastrom-26', ['new-password.username']],
      ['alleenkleineletters', ['new-password.classes']], [world.person('cak-new').login['password'] ?? '', ['new-password.same']], ['Wachtwoord-2026', ['new-password.common']],
    ] as const) {
      await visitor.fill({ new_password: chosen });
      await visitor.submit();
      const said = await visitor.problems();
      expect(said).toEqual(rules);
    }
    await visitor.fill({ new_password: 'kort' });
    await visitor.submit();
    // two rules, one field
    expect(await visitor.page.locator('#problems-title').innerText()).toBe('Er ging iets mis: controleer dit veld');
    await visitor.look('A12-new-password-broken');
    await visitor.fill({ new_password: made.password });
    await visitor.submit();
    expect(await visitor.step()).toBe('activation-code');
  }));

  test('CAK-3 CAK-8 CAK-15 then the activation code that came by another mail, and two steps: the manual can be read before', () => walk(async (visitor) => {
    await withPassword(visitor, world, 'cak-new', { password: made.password });
    expect(await visitor.step()).toBe('activation-code');
    await visitor.look('A13-activation-code');
    await typeCode(visitor, 'AAAA-BBBB-CC');
    expect(await visitor.problems()).toEqual(['activation-code.wrong']);
    const sent = (await world.outbox({ to: mailTo('cak-new'), channel: 'mail' })).find((message) => message.code !== null);
    await typeCode(visitor, sent?.code ?? '');
    expect(await visitor.step()).toBe('second-factor');
    const manual = await visitor.page.locator('a[data-manual]').getAttribute('href');
    const reader = await Visitor.arrive(browser);
    await reader.page.goto(manual ?? '');
    expect(await reader.page.locator('[data-manual-page]').getAttribute('data-manual-page')).toBe('two-step');
    await reader.context.close();
    await visitor.look('B07-second-factor');
    await visitor.choose('method', 'totp');
    await visitor.submit();
    made.secret = (await visitor.page.locator('[data-totp-secret]').innerText()).replace(/\s/g, '');
    await visitor.look('B07-authenticator');
    await typeCode(visitor, '000000');
    expect(await visitor.problems()).toHaveLength(1);
    await typeCode(visitor, appCode(world, made.secret));
    expect(await visitor.page.locator('[data-recovery-codes] li').count()).toBe(10);
    await visitor.look('B07-recovery-codes');
    await visitor.submit();
    await atDashboard(visitor);
    expect(await visitor.page.locator('[data-level]').getAttribute('data-level')).toBe('https://refeds.org/profile/mfa');
    expect(await visitor.page.locator('body').textContent()).toContain('José Åström');
  }));

  test('CAK-8 at each login a code is asked; it works once, and the one before it once', () => walk(async (visitor) => {
    await withPassword(visitor, world, 'cak-new', { password: made.password });
    expect(await visitor.step()).toBe('totp');
    await visitor.look('A08-totp');
    const code = appCode(world, made.secret);
    await typeCode(visitor, code);
    await atDashboard(visitor);
    await withPassword(visitor, world, 'cak-new', { password: made.password });
    await typeCode(visitor, code);
    expect(await visitor.problems()).toHaveLength(1);
    world.moveClock(60);
    const previous = codeNow(world, made.secret);
    world.moveClock(30);
    await typeCode(visitor, previous);
    await atDashboard(visitor);
  }));

  test('CAK-8 a code by SMS, again after a pause, by voice, or a recovery code', () => walk(async (visitor) => {
    await withPassword(visitor, world, 'cak-sms');
    expect(await visitor.step()).toBe('sms-code');
    await visitor.look('A07-sms-code');
    const first = await newest(world, { channel: 'sms' }, ({ realm }) => realm === 'cak');
    await visitor.press('resend');
    expect(await visitor.problems()).toHaveLength(1);
    world.moveClock(40);
    await visitor.press('call');
    const call = await newest(world, { channel: 'voice' }, ({ realm }) => realm === 'cak');
    await typeCode(visitor, first.code === call.code ? '000000' : first.code ?? '000000');
    expect(await visitor.problems()).toHaveLength(1);
    await typeCode(visitor, call.code ?? '');
    await atDashboard(visitor);
    await withPassword(visitor, world, 'cak-sms');
    await visitor.press('other');
    expect(await visitor.step()).toBe('recovery-code');
    await visitor.look('A09-recovery-code');
    const [recovery = ''] = (world.person('cak-sms') as { recovery_codes?: string[] }).recovery_codes ?? [];
    await typeCode(visitor, recovery);
    await atDashboard(visitor);
    await withPassword(visitor, world, 'cak-sms');
    await visitor.press('other');
    await typeCode(visitor, recovery);
    expect(await visitor.problems()).toHaveLength(1);
  }));

  test('CAK-4 from 30 days before its end: one mail, and a notice at each login that may wait', () => walk(async (visitor) => {
    for (const _ of ['once', 'again']) expect((await world.sluisCli('lifecycle', 'run', '--realm', 'cak')).code).toBe(0);
    const notices = (await world.outbox({ to: mailTo('cak-expiring'), channel: 'mail' })).filter(({ subject }) => /wachtwoord/i.test(subject));
    expect(notices).toHaveLength(1);
    await throughCak(visitor, world, 'cak-expiring');
    expect(await visitor.step()).toBe('password-notice');
    expect(Number(await visitor.page.locator('[data-days]').getAttribute('data-days'))).toBeLessThanOrEqual(12);
    await visitor.look('A10-password-notice');
    await visitor.press('no');
    await atDashboard(visitor);
    await throughCak(visitor, world, 'cak-expiring');
    await visitor.press('yes');
    await visitor.fill({ new_password: 'Kade-Boom-Licht-48' });
    await visitor.submit();
    await atDashboard(visitor);
    await throughCak(visitor, world, 'cak-expiring', { password: 'Kade-Boom-Licht-48' });
    await atDashboard(visitor);
  }));

  test('CAK-4 after six months it must be replaced, by who shows their second step first', () => walk(async (visitor) => {
    await withPassword(visitor, world, 'cak-expired');
    expect(await visitor.step()).toBe('totp');
    await typeCode(visitor, appCode(world, secretOf(world, 'cak-expired')));
    expect(await visitor.step()).toBe('new-password');
    expect(await visitor.page.locator('[data-because]').getAttribute('data-because')).toBe('expired');
    await visitor.look('A11-password-expired');
    await visitor.fill({ new_password: 'Zand-Vogel-Park-93' });
    await visitor.submit();
    await atDashboard(visitor);
  }));

  test('CAK-10 CAK-11 the bar depends on authorisations; an application is introduced, its manual at the bottom', () => walk(async (visitor) => {
    await throughCak(visitor, world, 'cak-active');
    await atDashboard(visitor);
    expect(await menuOf(visitor)).toEqual(['bestanden', 'vrijstellingen', 'wmo-abonnementstarief']);
    await visitor.look('B12-home');
    await visitor.page.locator('[data-application="porta"]').click();
    await visitor.page.locator('[data-introduction="porta"]').waitFor();
    await visitor.look('B11-introduction');
    expect(await visitor.page.locator('[data-hours]').innerText()).toContain('07.30 uur – 19.00 uur');
    const boxes = await Promise.all(['[data-go="porta"]', 'main [data-manual="porta"]'].map((at) => visitor.page.locator(at).boundingBox()));
    expect(boxes[0]?.y).toBeLessThan(boxes[1]?.y ?? 0);
    await throughCak(visitor, world, 'cak-twin');
    await atDashboard(visitor);
    expect(await menuOf(visitor)).toEqual(['bestanden']);
  }));

  test('CAK-5 CAK-7 CAK-8 from the menu: password, secret questions, two-step verification; the present factor first', () => walk(async (visitor) => {
    await throughCak(visitor, world, 'cak-active');
    await atDashboard(visitor);
    await visitor.page.locator('[data-account="password"]').click();
    await visitor.page.locator('[name="current_password"]').waitFor();
    await visitor.fill({ current_password: world.person('cak-active').login['password'] ?? '', new_password: 'Haven-Wolk-Steen-51' });
    await visitor.page.locator('form:has([name="current_password"]) button:not([name="action"]):not([type="button"])').click();
    await newest(world, { to: mailTo('cak-active'), channel: 'mail' }, ({ subject }) => /wachtwoord/i.test(subject));
    await visitor.page.goto(`${world.portals}/mijn-cak-zakelijk/dashboard`);
    await visitor.page.locator('[data-account="questions"]').click();
    await visitor.fill({ answer_1: 'Dorpsstraat', answer_2: 'De Regenboog', answer_3: 'Minoes' });
    await visitor.look('B06-questions');
    await visitor.submit('main form');
    await visitor.page.locator('[data-answered="3"]').waitFor();
    // the service desk knows a caller by them
    const asked = await visitor.page.locator('[name="question_3"]').inputValue();
    const check = async (answer: string): Promise<number> => (await world.sluisCli('user', 'check-caller', '--realm', 'cak', '--user', mailTo('cak-active'), '--question', asked, '--answer', answer)).code;
    expect([await check('minoes'), await check('Snoopy')]).toEqual([0, 1]);
    // after a while, who wants another factor shows the present one again
    world.moveClock(900);
    await visitor.page.goto(`${world.sluis}/cak/account/two-step`);
    expect(await visitor.step()).toBe('password');
    await visitor.fill({ ...world.person('cak-active').login, password: 'Haven-Wolk-Steen-51' });
    await visitor.submit();
    expect(await visitor.step()).toBe('totp');
    await typeCode(visitor, appCode(world, secretOf(world, 'cak-active')));
    await visitor.page.waitForURL('**/cak/account/two-step**');
    await visitor.look('B07-two-step');
  }));

  test('CAK-9 CAK-13 to Porta, which asks for which AGB code; logging out at the one portal ends the session at Sluis and at the other', () => walk(async (visitor) => {
    await throughCak(visitor, world, 'cak-agb');
    await atDashboard(visitor);
    await visitor.page.locator('[data-application="porta"]').click();
    await visitor.page.locator('[data-go="porta"]').click();
    await visitor.page.waitForURL('**/porta/account');
    await visitor.look('A19-account');
    await expect(visitor.page.locator('[name="account"]').count()).resolves.toBe(3);
    await visitor.choose('account', '41990103');
    await visitor.submit();
    await visitor.page.locator('[data-account-chosen="41990103"]').waitFor();
    await visitor.page.goto(`${world.portals}/mijn-cak-zakelijk/dashboard`);
    await visitor.page.locator('[data-logout]').click();
    await visitor.page.waitForURL(`${world.sluis}/**`);
    await visitor.look('A21-logout');
    await visitor.page.locator('button[name="logout"][value="yes"]').first().click();
    await visitor.page.waitForURL(`${world.portals}/mijn-cak-zakelijk/`);
    // Porta is told by the outbox
    await expectSoon(async () => (await visitor.page.goto(`${world.portals}/porta/dashboard`))?.url() ?? '', `${world.portals}/porta/logged-out`);
    await visitor.page.goto(`${world.portals}/porta/login`);
    expect(await visitor.step()).toBe('password');
  }));

  test('CAK-12 Porta closes at 19.00: out of it, a page says when it opens, and the rest of the portal stays open', () => walk(async (visitor) => {
    toWorkingDay(world, 18.9);
    await throughCak(visitor, world, 'cak-agb');
    await atDashboard(visitor);
    await visitor.page.goto(`${world.portals}/porta/login`);
    await visitor.page.waitForURL('**/porta/account');
    toWorkingDay(world, 19.01);
    await visitor.page.goto(`${world.portals}/porta/login`);
    expect(await visitor.end()).toBe('application_closed');
    await visitor.look('A22-application-closed');
    expect(await visitor.page.locator('main').innerText()).toMatch(/Porta gaat weer open op \w+dag \d+ \w+, 07:30 uur/);
    await visitor.page.goto(`${world.portals}/mijn-cak-zakelijk/applications/porta`);
    await visitor.page.locator('[data-unavailable]').waitFor();
    await visitor.look('B11-closed');
    await visitor.page.goto(`${world.portals}/mijn-cak-zakelijk/bestanden`);
    await visitor.page.locator('[data-page="bestanden"]').waitFor();
    await visitor.page.goto(`${world.portals}/porta/dashboard`);
    expect(visitor.page.url()).toMatch(/\/porta\/(logged-out)?$/);
  }));

  test('CAK-4 six months later everybody must have a new password', () => walk(async (visitor) => {
    world.moveClock(183 * DAY);
    await withPassword(visitor, world, 'cak-new', { password: made.password });
    await typeCode(visitor, appCode(world, made.secret));
    expect(await visitor.step()).toBe('new-password');
  }));
}, { clock: true });

async function expectSoon(look: () => Promise<string>, wanted: string): Promise<void> {
  for (let tries = 0; tries < 50 && await look() !== wanted; tries += 1) await new Promise((resolve) => { setTimeout(resolve, 200); });
  expect(await look()).toBe(wanted);
}
