import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { generateSync } from 'otplib';
import type { Browser } from 'playwright-core';
import { listOutbox } from '../../src/store/outbox.ts';
import { account, known } from '../support/account.ts';
import { launch, Visitor } from '../support/browser.ts';
import { install, type Install } from '../support/install.ts';
import { ib, throughBroker } from '../support/journeys.ts';
import { describeOnGrounds } from '../support/world.ts';

/** Somebody looks after their own account, at a browser: what each page does without one is in test/security/account.test.ts. */
describeOnGrounds('Uw account', (ground) => {
  let at: Install;
  let database: Awaited<ReturnType<typeof ground.database>>;
  let chromium: Browser;
  let jolanda: Visitor;
  beforeAll(async () => {
    database = await ground.database();
    [at, chromium] = await Promise.all([install({ change: ({ system }) => { system.database_url = database.url; } }), launch()]);
    jolanda = await Visitor.arrive(chromium);
  }, 90_000);
  afterAll(async () => {
    await chromium?.close();
    await at?.stop();
    await database?.drop();
  });

  const press = (label: string): Promise<void> => jolanda.button(label);
  const follow = (label: string): Promise<void> => jolanda.follow(label);
  const says = (text: string): Promise<void> => jolanda.says(text);

  test('CAK-9 the home page says what there is', async () => {
    await jolanda.page.goto(`${at.url}${account}/`);
    await jolanda.fill(known('cak-active'));
    await jolanda.submit();
    await says('Wat kunt u hier doen?');
    await jolanda.look('B12-account');
    expect(jolanda.complaints).toEqual([]);
  });

  test('CAK-5 another password: the rules before typing, each broken one after it', async () => {
    await follow('Wachtwoord wijzigen');
    await jolanda.look('B05-wachtwoord');
    await jolanda.fill({ current_password: known('cak-active').password, new_password: 'jdevries' });
    await press('Wachtwoord wijzigen');
    expect(await jolanda.problems()).toEqual(expect.arrayContaining(['new-password.short', 'new-password.username', 'new-password.classes']));
    await jolanda.look('B05-wachtwoord-fout');
    await jolanda.fill({ current_password: known('cak-active').password, new_password: 'Nieuwe-Brug-41-Hoog' });
    await press('Wachtwoord wijzigen');
    await says('Uw wachtwoord is gewijzigd.');
    await jolanda.look('B05-wachtwoord-gewijzigd');
    await follow('Terug naar Uw account');
  });

  test('CAK-7 the secret questions', async () => {
    await follow('Geheime vragen wijzigen');
    await jolanda.look('B06-vragen');
    await press('Opslaan');
    expect(await jolanda.problems()).toEqual(['questions.required']);
    await jolanda.look('B06-vragen-fout');
    await jolanda.fill({ answer_1: 'Dijkstraat', answer_2: 'De Regenboog', answer_4: 'Molendam' });
    await press('Opslaan');
    await says('Uw antwoorden zijn opgeslagen.');
    await follow('Terug naar Uw account');
  });

  test('CAK-8 the second step: another app, a phone, recovery codes, and one removed', async () => {
    await follow('Wijzigen twee-staps verificatie');
    await jolanda.look('B07-twee-staps');
    await press('Andere app instellen');
    await jolanda.look('B07-app');
    const secret = (await jolanda.page.locator('[data-totp-secret]').innerText()).replaceAll(/\s/g, '');
    await jolanda.fill({ code: generateSync({ secret, epoch: at.now() }) });
    await press('Verder');
    await says('Uw tweede stap is ingesteld.');
    await press('Telefoonnummer instellen');
    await jolanda.fill({ phone: '12' });
    await press('Stuur mij een code');
    await jolanda.look('B07-telefoon-fout');
    await jolanda.fill({ phone: '0600000299' });
    await press('Stuur mij een code');
    await jolanda.look('B07-sms');
    const [sms] = await listOutbox(at.host('cak').database.db, { to: '+31600000299', limit: 1 });
    await jolanda.fill({ code: sms?.code ?? '' });
    await press('Verder');
    await press('Nieuwe herstelcodes maken');
    await jolanda.page.locator('[data-recovery-codes]').waitFor();
    await jolanda.look('B07-herstelcodes');
    await follow('Telefoonnummer verwijderen');
    await jolanda.look('B07-verwijderen');
    await press('Verwijderen');
    await says('Dit is verwijderd.');
    await follow('Terug naar Uw account');
  });

  test('personal details: what is wrong is said at the field, what is right is saved', async () => {
    await follow('Persoonlijke gegevens');
    await jolanda.look('B09-gegevens');
    await jolanda.fill({ family_name: '', phone: '12' });
    await press('Opslaan');
    expect(await jolanda.problems()).toEqual(['profile.family_name.required', 'profile.phone.format']);
    await jolanda.look('B09-gegevens-fout');
    await jolanda.fill({ family_name: 'Nguyễn-Åström van ’t Hoff', phone: '0612345678' });
    await jolanda.choose('salutation', 'mevrouw');
    await jolanda.fill({ initials: 'J.' });
    await press('Opslaan');
    await says('Uw gegevens zijn opgeslagen.');
    expect(await jolanda.page.locator('[name="family_name"]').inputValue()).toBe('Nguyễn-Åström van ’t Hoff');
    await jolanda.look('B09-gegevens-opgeslagen');
  });

  test('another address for mail counts after the code', async () => {
    await follow('E-mailadres wijzigen');
    await jolanda.look('B09-email');
    await jolanda.fill({ email: 'j.nguyen@rietoever.example' });
    await press('Stuur de code');
    await says('Vul de code in');
    await jolanda.fill({ code: 'AAAA-AAAA-AA' });
    await press('E-mailadres opslaan');
    expect(await jolanda.problems()).toEqual(['account.email.wrong']);
    await jolanda.look('B09-email-code-fout');
    const [mail] = await listOutbox(at.host('cak').database.db, { to: 'j.nguyen@rietoever.example', limit: 1 });
    await jolanda.fill({ code: mail?.code ?? '' });
    await press('E-mailadres opslaan');
    await says('Uw nieuwe e-mailadres is opgeslagen.');
  });

  test('the language of the pages and of mail', async () => {
    await jolanda.choose('language', 'en');
    await press('Taal opslaan');
    await says('Your language was saved.');
    await jolanda.look('B09-details-en');
    await jolanda.choose('language', 'nl');
    await press('Save language');
  });

  test('B14 where she is logged in: another session is ended', async () => {
    const elsewhere = at.browser();
    await elsewhere.submit(await elsewhere.get(`${account}/`), { ...known('cak-active'), password: 'Nieuwe-Brug-41-Hoog' });
    await follow('Terug naar Uw account');
    await follow('Waar u bent ingelogd');
    await jolanda.look('B14-sessies');
    await press('Hier uitloggen');
    await says('U bent daar uitgelogd');
    await expect(jolanda.page.locator('[data-session-of]').count()).resolves.toBe(1);
    await jolanda.look('B14-sessie-beeindigd');
  });

  test('B14 what happened, in plain words', async () => {
    await follow('Terug naar Uw account');
    await follow('Wat er met uw account is gebeurd');
    await says('E-mailadres gewijzigd');
    await says('Persoonlijke gegevens gewijzigd');
    await says('Chrome, Linux');
    await jolanda.look('B14-geschiedenis');
  });

  test('\'Overal uitloggen\'', async () => {
    await jolanda.page.goto(`${at.url}${account}/sessions`);
    await press('Overal uitloggen');
    expect(await jolanda.end()).toBe('logged-out');
    await jolanda.look('B14-overal-uitgelogd');
    expect(jolanda.complaints).toEqual([]);
  });

  test('who comes in through a broker has no password here, and is told so', async () => {
    const cookies = at.browser();
    await throughBroker(at, cookies, await cookies.get(`/${ib}/account/`), 'ib-user');
    const bram = await Visitor.arrive(chromium, { javaScriptEnabled: false });
    await bram.context.addCookies(cookies.cookies.map(({ name, value, path }) => ({ name, value, path, domain: 'localhost' })));
    await bram.page.goto(`${at.url}/${ib}/account/`);
    expect(await bram.page.locator('main').innerText()).toContain('inlogmiddel van een leverancier');
    await bram.page.goto(`${at.url}/${ib}/account/details/email`);
    await bram.page.locator('[name="email"]').waitFor();
    await bram.context.close();
  });
});
