import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { launch, Visitor } from '../support/browser.ts';
import { appCode, atDashboard, newest, secretOf, typeCode } from '../support/cak.ts';
import { askLink, choosePassword, logIn } from '../support/local-login.ts';
import { deviceOf } from '../support/passkey-install.ts';
import { describeJourney, startingTime, type World } from '../support/world.ts';
import { menuOf } from '../support/zorg.ts';

const portal = 'klantenportaal';
const everything = ['organisatie', 'contactpersonen', 'facturen', 'projecten'];

/** The customers' portal of Careflex as its manual tells it. */
describeJourney('Careflex: klantenportaal', (start) => {
  let world: World;
  let browser: Browser;
  beforeAll(async () => {
    [world, browser] = [await start(), await launch()];
  }, startingTime);
  afterAll(async () => {
    await browser?.close();
    expect(await world?.stop()).toBe(0);
  }, 30_000);

  const walk = async (work: (visitor: Visitor) => Promise<void>, options?: Parameters<typeof Visitor.arrive>[1]): Promise<void> => {
    const visitor = await Visitor.arrive(browser, options);
    await work(visitor);
    expect(visitor.complaints).toEqual([]);
    await visitor.context.close();
  };
  const acting = (visitor: Visitor): Promise<string> => visitor.page.locator('[data-acting-for]').innerText();
  const pick = async (visitor: Visitor, name: string): Promise<void> => {
    await visitor.page.locator('form[data-step="organisation"]').getByRole('button', { name }).click();
    await atDashboard(visitor, portal);
  };

  test('CFX-9 CFX-1 a new contact gets the login mail at once: the user name, and a link to choose a password; no lasting password is mailed', () => walk(async (visitor) => {
    const email = 'vera.dekoning@morgenster.example';
    const begun = Date.now();
    const made = await world.sluisCli('user', 'create', '--realm', 'careflex', '--organisation', 'kvk:99990402', '--username', 'vdekoning', '--given-name', 'Vera', '--infix', 'de', '--family-name', 'Koning',
      '--email', email, '--role', 'klantportaal:medewerker');
    expect([made.code, made.text.includes('"password"')]).toEqual([0, false]);
    const mail = await newest(world, { to: email, channel: 'mail' });
    expect(Date.now() - begun).toBeLessThan(60_000);
    expect(mail.text).toMatch(/Gebruikersnaam: vdekoning/);
    expect(mail.text).not.toMatch(/wachtwoord: \S/i);
    await visitor.page.goto(mail.links.find((link) => link.includes('/password/link/')) ?? '');
    await choosePassword(visitor, 'Regenboog-Kano-41-Top');
    expect(await visitor.end()).toBe('password_chosen');
    await logIn(visitor, world, portal, 'cfx-new', { username: 'vdekoning', password: 'Regenboog-Kano-41-Top' });
    await atDashboard(visitor, portal);
  }));

  test('CFX-1 Wachtwoord opvragen: who has no password yet asks for a link at the login page', () => walk(async (visitor) => {
    await askLink(visitor, world, portal, 'zmartens');
    const { links } = await newest(world, { to: 'zoe.martens@morgenster.example', channel: 'mail' }, (mail) => mail.links.some((link) => link.includes('/password/link/')));
    await visitor.page.goto(links[0] ?? '');
    await choosePassword(visitor, 'Sneeuwklok-Boei-83-Tak');
    await logIn(visitor, world, portal, 'cfx-new', { password: 'Sneeuwklok-Boei-83-Tak' });
    await atDashboard(visitor, portal);
    expect(await visitor.page.locator('body').textContent()).toContain('Zoë Martens');
  }));

  test('CFX-2 several organisations: Selecteer organisatie, with a filter; Organisatie kiezen switches, and the next token carries the other one', () => walk(async (visitor) => {
    await logIn(visitor, world, portal, 'cfx-admin');
    expect(await visitor.step()).toBe('organisation');
    await visitor.look('A17-organisation');
    await visitor.page.locator('[name="filter"]').fill('elzen');
    await expect(visitor.page.locator('form[data-step="organisation"] button[name="organisation"]:visible').count()).resolves.toBe(1);
    await pick(visitor, 'Woonzorg Elzenhage');
    expect([await acting(visitor), await menuOf(visitor)]).toEqual(['Woonzorg Elzenhage', everything]);
    await visitor.page.locator('[data-user-menu] summary').click();
    await visitor.look('B13-menu');
    await visitor.page.locator('[data-user="choose"]').click();
    expect(await visitor.step()).toBe('organisation');
    await pick(visitor, 'Stichting De Morgenster');
    expect([await acting(visitor), await menuOf(visitor)]).toEqual(['Stichting De Morgenster', ['organisatie', 'projecten']]);
    await visitor.page.goto(`${world.portals}/${portal}/facturen`);
    expect(await visitor.end()).toBe('forbidden');
    // who gives up goes on as before
    await visitor.page.locator('[data-user-menu] summary').click();
    await visitor.page.locator('[data-user="choose"]').click();
    await visitor.press('cancel');
    await atDashboard(visitor, portal);
    expect(await acting(visitor)).toBe('Stichting De Morgenster');
  }));

  test('CFX-2 the account pages follow the choice, and have it in their menu too; the portal follows at its next login', () => walk(async (visitor) => {
    await logIn(visitor, world, portal, 'cfx-admin');
    await pick(visitor, 'Woonzorg Elzenhage');
    await visitor.page.goto(`${world.sluis}/careflex/account/`);
    await visitor.look('B08-account-with-choice');
    await visitor.page.getByRole('link', { name: 'Organisatie kiezen' }).click();
    await visitor.page.locator('form[data-step="organisation"]').getByRole('button', { name: 'Stichting De Morgenster' }).click();
    await visitor.page.waitForURL('**/account/');
    await visitor.says('Stichting De Morgenster');
    await visitor.page.goto(`${world.portals}/${portal}/login`);
    await atDashboard(visitor, portal);
    expect(await acting(visitor)).toBe('Stichting De Morgenster');
  }));

  test('CFX-2 a portal names the organisation: it gets it without a choice, and who does not belong to it is refused', () => walk(async (visitor) => {
    const [elzenhage, morgenster] = ['40000000-0000-4000-8000-000000000001', '40000000-0000-4000-8000-000000000002'];
    await logIn(visitor, world, portal, 'cfx-admin', { query: `&organisation=${morgenster}` });
    await atDashboard(visitor, portal);
    expect(await acting(visitor)).toBe('Stichting De Morgenster');
    await visitor.page.goto(`${world.portals}/${portal}/login?organisation=${elzenhage}`);
    await atDashboard(visitor, portal);
    expect(await acting(visitor)).toBe('Woonzorg Elzenhage');
    const other = await Visitor.arrive(browser);
    await logIn(other, world, portal, 'cfx-employee', { query: `&organisation=${morgenster}` });
    expect(await other.end()).toBe('organisation_refused');
    await other.look('A22-organisation-refused');
    await other.press('cancel');
    expect(await other.end()).toBe('access_denied');
    await other.context.close();
  }));

  test('CFX-2 the filter works without script too', () => walk(async (visitor) => {
    await logIn(visitor, world, portal, 'cfx-admin');
    await visitor.page.locator('[name="filter"]').fill('morgen');
    await visitor.press('filter');
    expect(await visitor.page.locator('button[name="organisation"]').count()).toBe(1);
    await pick(visitor, 'Stichting De Morgenster');
    expect(await acting(visitor)).toBe('Stichting De Morgenster');
  }, { javaScriptEnabled: false }));

  test('CFX-2 with one organisation the choice is skipped', () => walk(async (visitor) => {
    await logIn(visitor, world, portal, 'cfx-employee');
    await atDashboard(visitor, portal);
    expect([await acting(visitor), await menuOf(visitor)]).toEqual(['Woonzorg Elzenhage', ['organisatie', 'projecten']]);
  }));

  test('CFX-3 the menu under one\'s name: personal details, organisation, account security, choose organisation, log out', () => walk(async (visitor) => {
    await logIn(visitor, world, portal, 'cfx-employee');
    await atDashboard(visitor, portal);
    await visitor.page.locator('[data-user-menu] summary').click();
    expect(await visitor.page.locator('[data-user-menu] li').allInnerTexts()).toEqual(['Persoonlijke gegevens', 'Organisatiegegevens', 'Accountbeveiliging', 'Organisatie kiezen', 'Uitloggen']);
    await visitor.page.locator('[data-user="account"]').click();
    await visitor.page.waitForURL('**/careflex/account/');
    await visitor.look('B08-account');
    await visitor.page.goto(`${world.sluis}/careflex/account/my-organisation`);
    expect(await visitor.page.locator('[data-organisation]').innerText()).toMatch(/Woonzorg Elzenhage[^]*99990401/);
    await visitor.look('B10-organisation');
    await visitor.page.goto(`${world.portals}/${portal}/dashboard`);
    await visitor.page.locator('[data-user-menu] summary').click();
    await visitor.page.locator('[data-user-menu] [data-logout]').click();
    await visitor.page.locator('button[name="logout"][value="yes"]').first().click();
    await visitor.page.waitForURL(`**/${portal}/`);
  }));

  test('CFX-4 Accountbeveiliging: another password, an authenticator app, recovery codes; the next login asks the second step', () => walk(async (visitor) => {
    const chosen = 'Kampvuur-Wolk-29-Els';
    await logIn(visitor, world, portal, 'cfx-employee');
    await atDashboard(visitor, portal);
    await visitor.page.goto(`${world.sluis}/careflex/account/password`);
    await visitor.fill({ current_password: world.person('cfx-employee').login['password'] ?? '', new_password: chosen });
    await visitor.submit('main form');
    await visitor.page.goto(`${world.sluis}/careflex/account/two-step`);
    await visitor.look('B07-two-step');
    await visitor.button('App instellen');
    const secret = (await visitor.page.locator('[data-totp-secret]').innerText()).replace(/\s/g, '');
    await visitor.look('B07-set-up');
    await visitor.fill({ code: appCode(world, secret) });
    await visitor.submit('main form');
    await visitor.page.locator('[data-recovery-codes] li').first().waitFor();
    const [recovery = ''] = await visitor.page.locator('[data-recovery-codes] li').allInnerTexts();
    await visitor.look('B07-codes');
    await logIn(visitor, world, portal, 'cfx-employee', { password: chosen });
    expect(await visitor.step()).toBe('totp');
    await typeCode(visitor, appCode(world, secret));
    await atDashboard(visitor, portal);
    expect(await visitor.page.locator('[data-level]').getAttribute('data-level')).toBe('https://refeds.org/profile/mfa');
    await logIn(visitor, world, portal, 'cfx-employee', { password: chosen });
    await visitor.press('other');
    await typeCode(visitor, recovery);
    await atDashboard(visitor, portal);
  }));

  test('CFX-4 who has set it up before is asked the code, at whichever organisation', () => walk(async (visitor) => {
    await logIn(visitor, world, portal, 'cfx-2fa');
    await typeCode(visitor, appCode(world, secretOf(world, 'cfx-2fa')));
    await atDashboard(visitor, portal);
    expect(await menuOf(visitor)).toEqual(everything);
  }));

  test('CFX-4 a passkey, made in Accountbeveiliging, logs in without name and password', () => walk(async (visitor) => {
    const device = await deviceOf(visitor);
    await logIn(visitor, world, portal, 'cfx-servicedesk');
    await atDashboard(visitor, portal);
    await visitor.page.goto(`${world.sluis}/careflex/account/two-step`);
    await visitor.button('Passkey toevoegen');
    await visitor.button('Passkey maken');
    await visitor.page.locator('[data-recovery-codes] li').first().waitFor();
    await visitor.look('B07-passkey');
    // or autofill would be quicker than any hand
    await device.answers(false);
    await visitor.page.goto(`${world.portals}/${portal}/login?prompt=login`);
    await visitor.look('A05c-password');
    await device.answers(true);
    await visitor.button('Inloggen met een passkey');
    await atDashboard(visitor, portal);
    expect(await visitor.page.locator('[data-level]').getAttribute('data-level')).toBe('https://refeds.org/profile/mfa');
  }));

  test('CFX-5 Mijn contactgegevens, Aanpassen: the fields of the manual; what is wrong is named and nothing typed is lost', () => walk(async (visitor) => {
    await logIn(visitor, world, portal, 'cfx-admin');
    await pick(visitor, 'Woonzorg Elzenhage');
    await visitor.page.goto(`${world.sluis}/careflex/account/details`);
    const names = ['initials', 'given_name', 'infix', 'family_name', 'birth_date', 'gender', 'address', 'postal_address', 'phone', 'mobile', 'contact_email', 'department', 'function', 'card_function'];
    for (const name of names) expect([name, await visitor.page.locator(`main [name="${name}"]`).count() > 0]).toEqual([name, true]);
    await visitor.look('B09-details');
    await visitor.fill({ birth_date: '31-02-1980', mobile: '+31612345678', family_name: "O'Brien-van 't Hoff" });
    await visitor.page.locator('select[name="function"]').selectOption('221');
    await visitor.button('Aanpassen');
    expect(await visitor.problems()).toEqual(['profile.birth_date.format']);
    expect([await visitor.page.locator('[name="mobile"]').inputValue(), await visitor.page.locator('[name="family_name"]').inputValue(), await visitor.page.locator('[name="function"]').inputValue()]).toEqual(['+31612345678', "O'Brien-van 't Hoff", '221']);
    await visitor.fill({ birth_date: '29-02-1980' });
    await visitor.button('Aanpassen');
    await visitor.page.goto(`${world.sluis}/careflex/account/details`);
    expect([await visitor.page.locator('[name="birth_date"]').inputValue(), await visitor.page.locator('[name="function"]').inputValue()]).toEqual(['29-02-1980', '221']);
  }));

  test('CFX-6 a contact without rights cannot log in, and reads what to do', () => walk(async (visitor) => {
    await logIn(visitor, world, portal, 'cfx-contact');
    expect(await visitor.end()).toBe('no_role');
    await visitor.look('A22-no-role');
  }));
}, { clock: true });
