import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { launch, Visitor } from '../support/browser.ts';
import { atDashboard, newest } from '../support/cak.ts';
import { askLink, choosePassword, logIn, toLogin } from '../support/local-login.ts';
import { describeJourney, startingTime, type World } from '../support/world.ts';

const DAY = 86_400;
const user = 'teun.vanleeuwen@lindehof.example';
/** somebody who never comes */
const idle = 'roos.postma@serviceloket.example';

/** Portero as its manual for administrators tells it; the clock goes on from there. */
describeJourney('CIZ: Portero', (start) => {
  let world: World;
  let browser: Browser;
  const made = { invited: 'Veen-Sloot-82', user: 'Wilg-Dam-47' };

  let begun = 0;
  beforeAll(async () => {
    [world, browser] = [await start(), await launch()];
    begun = world.now();
  }, startingTime);
  afterAll(async () => {
    await browser?.close();
    expect(await world?.stop()).toBe(0);
  }, 30_000);

  /** To so many days after the demo world began. */
  const moveTo = (day: number): void => world.moveClock(begun + day * DAY - world.now());
  const walk = async (work: (visitor: Visitor) => Promise<void>, options?: Parameters<typeof Visitor.arrive>[1]): Promise<void> => {
    const visitor = await Visitor.arrive(browser, options);
    await work(visitor);
    expect(visitor.complaints).toEqual([]);
    await visitor.context.close();
  };
  const linkTo = async (email: string, seen: string[] = []): Promise<string> => (await newest(world, { to: email, channel: 'mail' }, ({ links }) => links.some((link) => link.includes('/password/link/') && !seen.includes(link)))).links[0] ?? '';
  const cli = async (...args: string[]) => world.sluisCli(...args, '--realm', 'ciz');

  test('CIZ-4 from two weeks before: binnen x dagen, Nee or Ja; an expired one must be replaced', async () => {
    const visitor = await Visitor.arrive(browser);
    await logIn(visitor, world, 'aanvraag', 'ciz-expiring');
    expect(await visitor.step()).toBe('password-notice');
    await visitor.says('Uw wachtwoord verloopt binnen 9 dagen.');
    await visitor.says('Wilt u nu een nieuw wachtwoord instellen?');
    await visitor.look('A10-notice');
    await visitor.press('no');
    await atDashboard(visitor, 'aanvraag');
    await logIn(visitor, world, 'aanvraag', 'ciz-expiring');
    await visitor.press('yes');
    await visitor.fill({ new_password: 'Toren-Haak-63' });
    await visitor.submit();
    await atDashboard(visitor, 'aanvraag');
    await logIn(visitor, world, 'aanvraag', 'ciz-expired');
    expect(await visitor.step()).toBe('new-password');
    await visitor.look('A11-expired');
    await visitor.fill({ new_password: 'Schip-Haak-64' });
    await visitor.submit();
    await atDashboard(visitor, 'aanvraag');
    // chosen now: nothing more to say of it
    await logIn(visitor, world, 'aanvraag', 'ciz-expiring', { password: 'Toren-Haak-63' });
    await atDashboard(visitor, 'aanvraag');
    await visitor.context.close();
  });

  test('CIZ-1 the user agreement is recorded as signed: the administrator gets one mail with instruction, login name and a link that does not expire', () => walk(async (visitor) => {
    const email = 'sem.aydin@waterlelie.example';
    const mails = async () => (await world.outbox({ to: email, channel: 'mail' })).filter(({ links }) => links.some((link) => link.includes('/password/forgot')));
    expect(await mails()).toEqual([]);
    for (let n = 0; n < 2; n += 1) expect((await cli('agreement', 'record', '--organisation', 'kvk:99990303', '--agreement', 'gebruikersovereenkomst')).code).toBe(0);
    const [mail, ...more] = await mails();
    expect([more, mail?.text]).toEqual([[], expect.stringMatching(/Beste Sem Aydın,[^]*Gebruikersnaam: saydin[^]*Wat moet u doen\?/)]);
    expect(mail?.text).not.toMatch(/wachtwoord: \S/);
    world.moveClock(20 * DAY);
    await visitor.page.goto(mail?.links[0] ?? '');
    await visitor.look('B01-forgot');
    await visitor.submit('form[data-form="forgot"]');
    expect(await visitor.problems()).toEqual(['password.username.required']);
    await visitor.look('B01-forgot-empty');
    await visitor.fill({ username: 'saydin' });
    await visitor.submit('form[data-form="forgot"]');
    expect(await visitor.end()).toBe('link_asked');
    await visitor.look('B02-asked');
    await visitor.page.goto(await linkTo(email));
    await choosePassword(visitor, made.invited);
    expect(await visitor.end()).toBe('password_chosen');
    await visitor.look('B04-done');
    await logIn(visitor, world, 'aanvraag-beheer', 'ciz-invited', { password: made.invited });
    await atDashboard(visitor, 'aanvraag-beheer');
  }));

  test('CIZ-2 a scanner does not use the link up, its person does, once; the answer never tells whether the name exists', () => walk(async (visitor) => {
    const answers = new Set<string>();
    for (const username of ['tvanleeuwen', 'niemand', 'gdijkstra', 'bkuiper']) {
      await askLink(visitor, world, 'aanvraag', username);
      answers.add(await visitor.page.locator('main').innerText());
    }
    expect(answers.size).toBe(1);
    const link = await linkTo(user);
    for (const email of ['griet.dijkstra@lindehof.example', 'bram.kuiper@lindehof.example']) expect((await world.outbox({ to: email, channel: 'mail' })).filter(({ links }) => links.some((one) => one.includes('/password/')))).toEqual([]);
    for (const method of ['HEAD', 'GET', 'GET']) expect((await fetch(link, { method })).status).toBe(200);
    // by the reader's own browser, which is not the one that asked
    const reader = await Visitor.arrive(browser);
    await reader.page.goto(link);
    await reader.look('B04-link');
    await choosePassword(reader, made.user);
    expect(await reader.end()).toBe('password_chosen');
    await reader.page.goto(link);
    expect(await reader.end()).toBe('link_expired');
    await reader.says('De link is verlopen');
    await reader.look('B03-expired');
    await reader.follow('Nieuw wachtwoord aanvragen');
    await reader.page.locator('form[data-form="forgot"]').waitFor();
    await reader.context.close();
    // who asked is where they were: nobody logged them in
    await toLogin(visitor, world, 'aanvraag');
    await logIn(visitor, world, 'aanvraag', 'ciz-user', { password: made.user });
    await atDashboard(visitor, 'aanvraag');
  }));

  test('CIZ-2 the link is valid for 8 hours', () => walk(async (visitor) => {
    const before = (await world.outbox({ to: user, channel: 'mail' })).flatMap(({ links }) => links);
    await askLink(visitor, world, 'aanvraag', 'tvanleeuwen');
    const link = await linkTo(user, before);
    world.moveClock(8 * 3600 - 60);
    expect((await fetch(link)).status).toBe(200);
    world.moveClock(61);
    await visitor.page.goto(link);
    expect(await visitor.end()).toBe('link_expired');
  }));

  test('CIZ-3 no parts of names, eight characters, three of four kinds, none of the last twelve: each broken rule is named', () => walk(async (visitor) => {
    const before = (await world.outbox({ to: user, channel: 'mail' })).flatMap(({ links }) => links);
    await askLink(visitor, world, 'aanvraag', 'tvanleeuwen');
    await visitor.page.goto(await linkTo(user, before));
    expect(await visitor.page.locator('[data-rule]').count()).toBeGreaterThanOrEqual(4);
    for (const [chosen, rules] of [
      ['aB1', ['new-password.short']], ['Kade-Leeuwen-7', ['new-password.parts']], ['alleenkleineletters', ['new-password.classes']], [made.user, ['new-password.history']],
    ] as const) {
      await choosePassword(visitor, chosen);
      expect([chosen, await visitor.problems()]).toEqual([chosen, rules]);
    }
    made.user = 'Berk-Kade-58';
    await choosePassword(visitor, made.user);
    expect(await visitor.end()).toBe('password_chosen');
  }, { javaScriptEnabled: false }));

  test('CIZ-6 the administrator is a user too: one name and password on both portals, and no one else administers', () => walk(async (visitor) => {
    await logIn(visitor, world, 'aanvraag-beheer', 'ciz-admin');
    await atDashboard(visitor, 'aanvraag-beheer');
    await visitor.says('Welkom, Marit Hofman van Zorgcentrum Lindehof.');
    await visitor.follow('Ga naar gebruikers');
    await visitor.page.waitForURL('**/ciz/admin/');
    await visitor.page.goto(`${world.portals}/aanvraag/login`);
    await atDashboard(visitor, 'aanvraag');
    await logIn(visitor, world, 'aanvraag', 'ciz-admin');
    await atDashboard(visitor, 'aanvraag');
    await logIn(visitor, world, 'aanvraag-beheer', 'ciz-user', { password: made.user });
    expect(await visitor.end()).toBe('not_administrator');
  }));

  test('CIZ-15 problems with logging in: a page with the address and what to put in the mail', () => walk(async (visitor) => {
    await toLogin(visitor, world, 'aanvraag-beheer');
    await visitor.look('A05b-password');
    await visitor.page.locator('[data-ways] a[href*="/help"]').click();
    await visitor.page.waitForURL('**/help?*');
    const mail = new URL(await visitor.page.locator('main a[href^="mailto:"]').first().getAttribute('href') ?? '');
    expect([mail.pathname, mail.searchParams.get('body')?.split('\r\n').length]).toEqual(['contractbeheer@ciz.example', 5]);
    expect(await visitor.page.locator('[data-include] li').count()).toBe(5);
    await visitor.look('A02-help');
  }));

  test('CIZ-16 the login page has Wachtwoord wijzigen: old and new, without logging in further', () => walk(async (visitor) => {
    await toLogin(visitor, world, 'aanvraag');
    await visitor.follow('Wachtwoord wijzigen');
    await visitor.look('B05-change');
    const change = async (current: string, chosen: string): Promise<void> => {
      await visitor.fill({ username: 'tvanleeuwen', current_password: current, new_password: chosen });
      await visitor.submit('form[data-form="password-change"]');
    };
    await change('Fout-Woord-12', 'Oever-Riet-91');
    expect(await visitor.problems()).toEqual(['password.wrong']);
    await change(made.user, 'kort');
    expect(await visitor.problems()).toEqual(['new-password.short', 'new-password.classes']);
    await visitor.look('B05-change-broken');
    await change(made.user, 'Oever-Riet-91');
    expect(await visitor.end()).toBe('password_chosen');
    made.user = 'Oever-Riet-91';
    await visitor.page.goto(`${world.portals}/aanvraag/login?prompt=none`);
    expect(await visitor.end()).toBe('login_required');
    await logIn(visitor, world, 'aanvraag', 'ciz-user', { password: made.user });
    await atDashboard(visitor, 'aanvraag');
  }));

  test('CIZ-4 three months later it must be replaced', async () => {
    const visitor = await Visitor.arrive(browser);
    moveTo(92);
    await logIn(visitor, world, 'aanvraag', 'ciz-expiring', { password: 'Toren-Haak-63' });
    expect(await visitor.step()).toBe('new-password');
    await visitor.context.close();
  });

  test('CIZ-5 not logged in for six months: reminded before, then inactive for good; the desk sees why and cannot bring it back', async () => {
    const visitor = await Visitor.arrive(browser);
    await logIn(visitor, world, 'aanvraag', 'ciz-dormant');
    expect(await visitor.end()).toBe('account_inactive');
    await visitor.look('A22-inactive');
    const show = async (name: string) => (await cli('user', 'show', '--user', name)).json as { standing: Record<string, unknown>; status: string };
    // the desk sees why, also before the round of the worker
    const why = async (name: string): Promise<string> => (await world.sluisText('user', 'show', '--realm', 'ciz', '--user', name));
    expect(await why('griet.dijkstra@lindehof.example')).toMatch(/^cannot log in: dormant since .*, because it was unused \(it never comes back, make a new account\)$/m);
    await cli('lifecycle', 'run');
    expect(await show('griet.dijkstra@lindehof.example')).toMatchObject({ status: 'dormant' });
    expect(await cli('user', 'unlock', '--user', 'griet.dijkstra@lindehof.example')).toMatchObject({ code: 1 });
    const reminders = async () => (await world.outbox({ to: idle, channel: 'mail' })).filter(({ subject }) => subject.startsWith('Log in')).length;
    // who was made by the demo and never came: 30 and 7 days before, once each
    moveTo(152);
    for (let n = 0; n < 2; n += 1) await cli('lifecycle', 'run');
    expect(await reminders()).toBe(1);
    moveTo(175);
    for (let n = 0; n < 2; n += 1) await cli('lifecycle', 'run');
    expect(await reminders()).toBe(2);
    moveTo(182);
    await logIn(visitor, world, 'aanvraag', 'ciz-servicedesk');
    expect(await visitor.end()).toBe('account_inactive');
    await cli('lifecycle', 'run');
    expect(await show(idle)).toMatchObject({ status: 'dormant' });
    expect((await cli('user', 'unlock', '--user', idle)).text).toMatch(/new account|never/);
    // a new account for the same person may have the name again
    const again = await cli('user', 'create', '--organisation', 'kvk:99990309', '--username', 'rpostma', '--given-name', 'Roos', '--family-name', 'Postma', '--email', idle, '--role', 'portero:gebruiker');
    expect([again.code, again.text]).toEqual([0, expect.any(String)]);
    await visitor.context.close();
  });
}, { clock: true });
