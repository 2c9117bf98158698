import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { launch, Visitor } from '../support/browser.ts';
import { describeJourney, startingTime, type World } from '../support/world.ts';
import { fillProfile, menuOf, nameAndPassword, newestCode, startAtPortal, throughBroker } from '../support/zorg.ts';

/**
 * The manual 'Inloggen op portaal Zorg', walked in a browser in its own order: one world, so that what one person does
 * is there for the next.
 */
describeJourney('Inlichtingenbureau: inloggen op portaal Zorg', (start) => {
  let world: World;
  let browser: Browser;
  let carla: Visitor;
  let code = '';

  beforeAll(async () => {
    [world, browser] = [await start(), await launch()];
    carla = await Visitor.arrive(browser);
  }, startingTime);
  afterAll(async () => {
    await browser?.close();
    expect(await world?.stop()).toBe(0);
  }, 30_000);

  test('IB-2 broker choice: service, minimum level, six brokers in order, who has no means, English', async () => {
    await startAtPortal(carla, world);
    expect(await carla.step()).toBe('broker');
    await expect(carla.page.title()).resolves.toBe('Kies hoe u wilt inloggen – Portaal Zorg');
    expect(await carla.page.locator('main').innerText()).toContain('inlogmiddel van minimaal niveau 3');
    const names = await carla.page.locator('.sluis-choice span:first-of-type').allInnerTexts();
    expect(names.map((name) => name.split('\n')[0])).toEqual(['Digidentity', 'OudVandis', 'Reecent', 'RPN', 'Wb.ID', 'Zlogin']);
    await expect(carla.page.locator('a[href^="https://www.eherkenning.nl"]').count()).resolves.toBe(1);
    await carla.look('A03-broker');
    await carla.submit();
    expect(await carla.problems()).toEqual(['broker.required']);
    await carla.look('A03-broker-error');
    await carla.page.locator('a[hreflang="en"]').click();
    await expect(carla.page.locator('html').getAttribute('lang')).resolves.toBe('en');
    await carla.look('A03-broker-en');
    await carla.page.locator('a[hreflang="nl"]').click();
  });

  test('IB-2 a broker that cannot give the level is shown as unavailable with the reason', async () => {
    const visitor = await Visitor.arrive(browser);
    await startAtPortal(visitor, world, 'portaal-zorg', 'acr_values=http%3A%2F%2Feidas.europa.eu%2FLoA%2Fhigh');
    expect(await visitor.page.locator('main').innerText()).toContain('niveau 4');
    await expect(visitor.page.locator('[name="broker"][value="rpn"]').isDisabled()).resolves.toBe(true);
    await expect(visitor.page.locator('[name="broker"][value="wbid"]').isDisabled()).resolves.toBe(false);
    await visitor.look('A03-broker-level-4');
    await visitor.context.close();
  });

  test('IB-3 at the broker: cancelling returns to the choice with \'geannuleerd\'; resend and \'call me\' bring new codes', async () => {
    await nameAndPassword(carla, world, 'ib-new');
    await carla.page.locator('[name="code"]').waitFor();
    await carla.look('A07-simulator-code');
    await carla.press('cancel');
    await carla.page.waitForURL(`${world.sluis}/**`);
    expect(await carla.problems()).toEqual(['broker.cancelled']);
    expect(await carla.page.locator('[role="alert"]').innerText()).toContain('geannuleerd');
    await carla.look('A03-broker-cancelled');

    const before = (await world.outbox({ channel: 'sms' })).map((message) => message.id);
    await nameAndPassword(carla, world, 'ib-new');
    const first = await newestCode(world, 'sms', before);
    await carla.press('sms');
    await newestCode(world, 'sms', [...before, first.id]);
    await carla.press('call');
    const spoken = await newestCode(world, 'voice');
    await carla.fill({ code: '000000' });
    await carla.page.locator('form:has([name="code"]) button:not([name="action"])').click();
    await carla.page.locator('[data-problem]').first().waitFor();
    await carla.fill({ code: spoken.code ?? '' });
    await carla.page.locator('form:has([name="code"]) button:not([name="action"])').click();
    await carla.page.waitForURL(`${world.sluis}/**`);
  });

  test('IB-4 first login: Persoonlijke instellingen, required marks, every mistake named, nothing typed is lost', async () => {
    expect(await carla.step()).toBe('profile');
    await expect(carla.page.locator('h1').innerText()).resolves.toBe('Persoonlijke instellingen');
    await carla.look('A14-profile');
    await carla.fill({ initials: '', family_name: 'Nguyễn', phone: 'bel mij', email: 'geen adres' });
    await carla.submit();
    const problems = await carla.problems();
    expect(problems).toEqual(expect.arrayContaining(['profile.salutation.required', 'profile.initials.required', 'profile.phone.format', 'profile.email.format']));
    await expect(carla.page.locator('[name="family_name"]').inputValue()).resolves.toBe('Nguyễn');
    await carla.look('A14-profile-errors');
    await fillProfile(carla);
  });

  test('IB-5 Verificatie: told whom to ask; a wrong code is counted; the gebruikersbeheerder gets a message (IB-6)', async () => {
    expect(await carla.step()).toBe('verification-code');
    const text = await carla.page.locator('main').innerText();
    expect(text).toContain('Nieuwe gebruiker');
    expect(text).toContain('Nieuwe gebruikersbeheerder');
    expect(text).toMatch(/Waterman/);
    await carla.look('A15-verification');
    await carla.fill({ code: 'AAAA-BBBB-22' });
    await carla.submit();
    expect(await carla.problems()).toEqual(['verification-code.wrong']);
    await expect(carla.page.locator('[name="code"]').inputValue()).resolves.toBe('');
    await carla.look('A15-verification-wrong');
    const [mail] = await world.outbox({ to: 'anneke.waterman@lissendam.example', channel: 'mail' });
    expect(mail?.text).toContain('O’Brien-Åström');
    expect(mail?.links[0]).toMatch(/\/inlichtingenbureau\/admin\/people\//);
  });

  test('IB-6 the gebruikersbeheerder logs in by the same flow, gives roles per product, then issues the code', async () => {
    const anneke = await Visitor.arrive(browser);
    const [mail] = await world.outbox({ to: 'anneke.waterman@lissendam.example', channel: 'mail' });
    await anneke.page.goto(mail?.links[0] ?? '');
    await throughBroker(anneke, world, 'ib-admin');
    await expect(anneke.page.locator('h1').innerText()).resolves.toContain('O’Brien-Åström');
    await anneke.look('C09-person');
    // no role yet: no code
    await expect(anneke.page.locator('form[action$="/code"] button').isDisabled()).resolves.toBe(true);
    await anneke.choose('role-iwmo', 'gebruiker');
    await anneke.choose('role-wlz-registertoets', 'productbeheerder');
    await anneke.page.locator('form[action$="/roles"] button[type="submit"]').click();
    await anneke.page.waitForURL('**saved=roles');
    await anneke.page.locator('form[action$="/code"] button').click();
    await anneke.page.waitForURL('**shown=**');
    code = await anneke.page.locator('[data-code]').first().innerText();
    expect(code).toMatch(/^[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{2}$/);
    await anneke.look('C09-code');
    await anneke.page.goto(`${world.sluis}/inlichtingenbureau/admin/`);
    await anneke.look('C08-people');
    expect(anneke.complaints).toEqual([]);
    await anneke.context.close();
  });

  test('IB-5 \'Verifieer\', then close the browser and log in again; that login goes straight to the dashboard', async () => {
    await carla.fill({ code: code.toLowerCase().replaceAll('-', ' ') });
    await carla.submit();
    expect(await carla.end()).toBe('verified');
    expect(await carla.page.locator('main').innerText()).toMatch(/sluit.*browser/i);
    await carla.look('A16-verified');
    expect(carla.complaints).toEqual([]);
    await carla.context.close();

    carla = await Visitor.arrive(browser);
    await startAtPortal(carla, world);
    await throughBroker(carla, world, 'ib-new');
    expect(carla.page.url()).toContain('/portaal-zorg/dashboard');
  });

  test('IB-7 roles per product arrive as claims and the menu follows them; ALL-1 organisation, roles and level in the token', async () => {
    expect(await menuOf(carla)).toEqual(['iwmo-bestanden', 'wlz-instellingen']);
    const claims = JSON.parse(await carla.page.locator('[data-claims]').textContent() ?? '{}') as Record<string, unknown>;
    const flat = JSON.stringify(claims);
    expect(flat).toContain('"iwmo:gebruiker"');
    expect(flat).toContain('"wlz-registertoets:productbeheerder"');
    expect(flat).toContain('http://eidas.europa.eu/LoA/substantial');
    expect(flat).toMatch(/"kvk":"\d{8}"/);
    await carla.look('portal-dashboard');
    // the page of a role that she does not have is not hers
    const answer = await carla.page.goto(`${world.portals}/portaal-zorg/wlz-raadplegen`);
    expect(answer?.status()).toBe(403);
  });

  test('ALL-1 a second portal of the realm needs no second login; logging out ends both', async () => {
    await carla.page.goto(`${world.portals}/werk-en-inkomen/login`);
    await carla.page.waitForURL('**/werk-en-inkomen/dashboard');
    await carla.page.goto(`${world.portals}/portaal-zorg/dashboard`);
    await carla.page.locator('[data-logout]').click();
    await carla.page.waitForURL(/session\/end|portaal-zorg\/$/);
    if (carla.page.url().includes('/session/end')) {
      await carla.look('A21-logout');
      await carla.page.locator('button[name="logout"][value="yes"]').click();
    }
    await carla.page.waitForURL('**/portaal-zorg/');
    await carla.page.goto(`${world.portals}/portaal-zorg/login`);
    expect(await carla.step()).toBe('broker');
    await carla.context.close();
  });

  test('IB-2 the choice is remembered: the broker chosen last is ticked', async () => {
    const visitor = await Visitor.arrive(browser);
    await startAtPortal(visitor, world);
    await throughBroker(visitor, world, 'ib-user');
    await visitor.page.goto(`${world.portals}/portaal-zorg/login?prompt=login`);
    await expect(visitor.page.locator('[name="broker"]:checked').getAttribute('value')).resolves.toBe('rpn');
    await visitor.context.close();
  });

  test('IB-1 a response with a lower level is refused with a clear page, never logged in', async () => {
    const dirk = await Visitor.arrive(browser);
    await startAtPortal(dirk, world);
    await throughBroker(dirk, world, 'ib-low');
    expect(await dirk.end()).toBe('level_too_low');
    expect(await dirk.page.locator('main').innerText()).toContain('3');
    await dirk.look('A22-level-too-low');
    // 'Opnieuw inloggen' is no dead end: the choice of brokers again, for who has another means
    await dirk.press('restart');
    expect(await dirk.step()).toBe('broker');
    await throughBroker(dirk, world, 'ib-low');
    await dirk.press('cancel');
    expect(dirk.page.url()).toContain('/portaal-zorg/');
    expect(await dirk.page.locator('body').innerText()).not.toContain('Uitloggen');
    await dirk.context.close();
  });

  test('IB-8 an organisation without recorded agreements cannot enter; the page says which are missing', async () => {
    const farid = await Visitor.arrive(browser);
    await startAtPortal(farid, world);
    await throughBroker(farid, world, 'ib-unsigned');
    expect(await farid.end()).toBe('agreements_missing');
    const text = await farid.page.locator('main').innerText();
    expect(text).toContain('Aansluitings- en bewerkersovereenkomst');
    expect(text).toContain('VECOZO');
    await farid.look('A22-agreements');

    const organisation = world.person('ib-unsigned').organisation_id;
    const recorded = await world.sluisCli('agreement', 'record', '--realm', 'inlichtingenbureau', '--organisation', organisation, '--agreement', 'aansluitovereenkomst');
    expect(recorded.code).toBe(0);
    await startAtPortal(farid, world);
    await throughBroker(farid, world, 'ib-unsigned');
    expect(await farid.end()).toBe('agreements_missing');
    expect(await farid.page.locator('main').innerText()).not.toContain('Aansluitings- en bewerkersovereenkomst');
    await farid.context.close();
  });

  test('IB-6 the first login of a municipality must be its gebruikersbeheerder: others are told so', async () => {
    const greet = await Visitor.arrive(browser);
    await startAtPortal(greet, world);
    await throughBroker(greet, world, 'ib-new-admin');
    expect(await greet.step()).toBe('first-administrator');
    await greet.look('A16-first-administrator');
    await greet.choose('administrator', 'no');
    await greet.submit();
    expect(await greet.end()).toBe('administrator_first');
    await greet.look('A22-administrator-first');
    await greet.context.close();
  });

  test('IB-5 a new administrator gets the code from the service desk; an administrator\'s code makes an administrator', async () => {
    const greet = await Visitor.arrive(browser);
    await startAtPortal(greet, world);
    await throughBroker(greet, world, 'ib-new-admin');
    await greet.choose('administrator', 'yes');
    await greet.submit();
    await fillProfile(greet, { initials: 'G.', family_name: 'Kreek', phone: '+31612345678', email: 'greet.kreek@kreekhaven.example' });
    expect(await greet.step()).toBe('verification-code');
    expect(await greet.page.locator('main').innerText()).not.toContain('Nieuwe gebruiker\n');
    const issued = await world.sluisCli('code', 'issue', '--realm', 'inlichtingenbureau', '--organisation', world.person('ib-new-admin').organisation_id,
      '--user', 'greet.kreek@kreekhaven.example', '--tier', 'administrator');
    expect(issued.text).toContain('code');
    await greet.fill({ code: String(issued.json['code']) });
    await greet.submit();
    expect(await greet.end()).toBe('verified');
    await greet.page.goto(`${world.sluis}/inlichtingenbureau/admin/`);
    await throughBroker(greet, world, 'ib-new-admin');
    await expect(greet.page.locator('h1').innerText()).resolves.toContain('Gebruikers');
    await greet.context.close();
  });
});
