import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { findAccount } from '../../src/store/accounts.ts';
import { launch, Visitor } from '../support/browser.ts';
import { install, type Install } from '../support/install.ts';
import { person } from '../support/journeys.ts';
import { describeOnGrounds } from '../support/world.ts';

const account = '/careflex/account';

/** Row CFX-5: 'Mijn contactgegevens' and 'Aanpassen', at a browser; what may be typed is in src/domain/profile.test.ts. */
describeOnGrounds('Mijn gegevens van Careflex', (ground) => {
  let at: Install;
  let database: Awaited<ReturnType<typeof ground.database>>;
  let chromium: Browser;
  let daan: Visitor;
  beforeAll(async () => {
    database = await ground.database();
    [at, chromium] = await Promise.all([install({
      change({ system, realms }) {
        system.database_url = database.url;
        for (const { password } of realms) password.change_at_login = true;
      },
    }), launch()]);
    daan = await Visitor.arrive(chromium);
  }, 90_000);
  afterAll(async () => {
    await chromium?.close();
    await at?.stop();
    await database?.drop();
  });

  const press = (label: string): Promise<void> => daan.button(label);
  const follow = (label: string): Promise<void> => daan.follow(label);
  const says = (text: string): Promise<void> => daan.says(text);
  const valueOf = (name: string): Promise<string> => daan.page.locator(`[name="${name}"]`).inputValue();

  test('CFX-5 the form has the fields of the manual, with its words, in its order', async () => {
    await daan.page.goto(`${at.url}${account}/`);
    const { username = '', password = '' } = person('cfx-employee').login;
    await daan.fill({ username, password });
    await daan.submit();
    await follow('Mijn contactgegevens');
    const labels = await daan.page.locator('form[action$="/account/details"]').locator('.utrecht-form-label, legend:not(.utrecht-heading-3)').allInnerTexts();
    expect(labels.map((label) => label.replace(/ \*.*/, ''))).toEqual([
      'Voorletters', 'Voornaam', 'Voorvoegsel', 'Achternaam', 'Geboortedatum', 'Geslacht', 'Adres', 'Postadres', 'Telefoon', 'Mobiel', 'Email', 'Afdeling', 'Functie', 'Functie op visitekaart',
    ]);
    expect(await daan.page.locator('form[action$="/account/details"]').locator('legend.utrecht-heading-3').allInnerTexts()).toEqual(['Over u', 'Adres en contact', 'Uw werk']);
    await says('Email portaltoegang');
    expect(await daan.page.locator('[name="function"] option').allInnerTexts()).toEqual(['Maak een keuze', 'Administratief medewerker', 'Directeur', 'P&O Adviseur', 'P&O Manager', 'Planner', 'Systeem/applicatiebeheerder']);
    await daan.look('CFX-5-gegevens');
  });

  test('CFX-5 what is wrong is said at its field and nothing is lost; what is right is kept', async () => {
    await daan.fill({ initials: '', birth_date: '29-02-2023', address: 'Dijk 1\n1234 AB ’s-Gravenland', mobile: '12', contact_email: 'daan', card_function: 'Planner & "roosteraar"' });
    await daan.choose('gender', 'anders');
    await daan.page.locator('[name="function"]').selectOption('221');
    await press('Aanpassen');
    expect(await daan.problems()).toEqual(['profile.initials.required', 'profile.birth_date.format', 'profile.mobile.format', 'profile.contact_email.format']);
    expect([await valueOf('birth_date'), await valueOf('address'), await valueOf('function'), await valueOf('card_function')]).toEqual(['29-02-2023', 'Dijk 1\n1234 AB ’s-Gravenland', '221', 'Planner & "roosteraar"']);
    await expect(daan.page.locator('[name="gender"][value="anders"]').isChecked()).resolves.toBe(true);
    await daan.look('CFX-5-gegevens-fout');
    await daan.fill({ initials: 'D.', birth_date: '1-9-1980', mobile: '+31612345678', contact_email: 'daan@elzenhage.example' });
    await press('Aanpassen');
    await says('Uw gegevens zijn opgeslagen.');
    expect([await valueOf('birth_date'), await valueOf('address'), await valueOf('function'), await valueOf('mobile')]).toEqual(['01-09-1980', 'Dijk 1\n1234 AB ’s-Gravenland', '221', '+31612345678']);
    await daan.look('CFX-5-gegevens-opgeslagen');
    expect(await findAccount(at.host('careflex').database.db, person('cfx-employee').account?.id ?? '')).toMatchObject({
      initials: 'D.', family_name: 'Wit', birth_date: '1980-09-01', gender: 'anders', address: 'Dijk 1\n1234 AB ’s-Gravenland', postal_address: null, phone: '+31600000402', mobile: '+31612345678',
      contact_email: 'daan@elzenhage.example', email: 'daan.dewit@elzenhage.example', department: 'Planning', function: '221', card_function: 'Planner & "roosteraar"',
    });
    expect(daan.complaints).toEqual([]);
  });

  test('CFX-10 \'Mijn organisatie\': name, where it is, how it is reached, number and roles to read, and whom to call when they are wrong', async () => {
    await follow('Terug naar Uw account');
    await follow('Mijn organisatie');
    await daan.look('CFX-10-mijn-organisatie');
    const content = await daan.page.locator('main').innerText();
    for (const words of ['Bedrijfsnaam', 'Woonzorg Elzenhage', 'Locatie', 'Elzenlaan 1\n9999 AA Elzenhage', 'Postadres', 'Postbus 1\n9999 AB Elzenhage', '+31851000401', 'info@elzenhage.example', 'KvK-nummer', '99990401', 'Klantportaal', 'Medewerker klantportaal', 'Kloppen deze gegevens niet? Neem dan contact op met de Servicedesk van Careflex: 088 000 00 03.']) expect(content).toContain(words);
    await expect(daan.page.locator('main input, main button').count()).resolves.toBe(0);
    expect(daan.complaints).toEqual([]);
  });

  test('CFX-4 who has two steps cannot replace a password from the login page with the password alone, and reads where they can', async () => {
    const hanna = await Visitor.arrive(chromium);
    const { username = '', password = '' } = person('cfx-2fa').login;
    await hanna.page.goto(`${at.url}/careflex/password/change`);
    await hanna.fill({ username, current_password: password, new_password: 'Riet-Oever-Sluis-7' });
    await hanna.button('Wachtwoord wijzigen');
    await hanna.look('CFX-4-twee-stappen');
    await hanna.page.locator('main').getByRole('link').first().click();
    await hanna.page.waitForURL(/\/login\//);
    expect(await hanna.step()).toBe('password');
  });
});
