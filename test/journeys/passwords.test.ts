import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { invite } from '../../src/domain/invitation.ts';
import { listOutbox } from '../../src/store/outbox.ts';
import { known } from '../support/account.ts';
import { launch, Visitor } from '../support/browser.ts';
import { desk } from '../support/house.ts';
import { install, type Install } from '../support/install.ts';
import { authUrl, person } from '../support/journeys.ts';
import { describeOnGrounds } from '../support/world.ts';

/** Somebody who forgot or changes their password before logging in, at a browser: what is refused is in test/security/password-*.test.ts. */
describeOnGrounds('Wachtwoorden bij het inloggen', (ground) => {
  let at: Install;
  let database: Awaited<ReturnType<typeof ground.database>>;
  let chromium: Browser;
  let jolanda: Visitor;
  const { relation_number, username } = known('cak-active');
  beforeAll(async () => {
    database = await ground.database();
    const change: Parameters<typeof install>[0] = {
      change({ system, realms }) {
        system.database_url = database.url;
        for (const realm of realms) Object.assign(realm, { help: {}, password: { ...realm.password, forgotten: 'link', change_at_login: true, first: 'link' } });
      },
    };
    [at, chromium] = await Promise.all([install(change), launch()]);
    jolanda = await Visitor.arrive(chromium);
  }, 90_000);
  afterAll(async () => {
    await chromium?.close();
    await at?.stop();
    await database?.drop();
  });

  const follow = async (label: string): Promise<void> => {
    await jolanda.page.locator('main').getByRole('link', { name: label, exact: true }).first().click();
    await jolanda.page.waitForLoadState('load');
  };
  const heading = (): Promise<string> => jolanda.page.locator('h1').innerText();
  /** The newest link that was mailed: the world has mails of its own too. */
  const mailed = async (realm = 'cak'): Promise<string> => (await listOutbox(at.host(realm).database.db, { channel: 'mail' })).flatMap(({ links }) => links).find((link) => link.includes('/password/link/')) ?? '';

  test('CIZ-2 from the login page to a mail with a link', async () => {
    await jolanda.page.goto(`${at.url}${authUrl('mijn-cak-zakelijk')}`);
    await jolanda.look('A05-inloggen');
    await follow('Wachtwoord vergeten?');
    expect(await heading()).toBe('Nieuw wachtwoord aanvragen');
    await jolanda.look('B01-aanvragen');
    await jolanda.fill({ relation_number });
    await jolanda.submit('form[data-form]');
    expect(await jolanda.problems()).toEqual(['password.username.required']);
    await jolanda.look('B01-aanvragen-fout');
    await jolanda.fill({ username });
    await jolanda.submit('form[data-form]');
    expect(await jolanda.end()).toBe('link_asked');
    await jolanda.look('B02-aangevraagd');
    expect(await jolanda.page.getByRole('link', { name: 'Terug naar Mijn CAK Zakelijk' }).getAttribute('href')).toContain('/mijn-cak-zakelijk/');
  });

  test('CIZ-2 the link: each broken rule, then another password, and back to the portal', async () => {
    await jolanda.page.goto(await mailed());
    await jolanda.look('B04-kiezen');
    await jolanda.fill({ new_password: 'jdevries' });
    await jolanda.submit('form[data-form]');
    expect(await jolanda.problems()).toEqual(expect.arrayContaining(['new-password.short', 'new-password.username', 'new-password.classes']));
    await jolanda.look('B04-kiezen-fout');
    await jolanda.fill({ new_password: 'Nieuwe-Brug-41-Hoog' });
    await jolanda.submit('form[data-form]');
    expect(await jolanda.end()).toBe('password_chosen');
    await jolanda.look('B04-gekozen');
    await jolanda.page.goto(`${at.url}${authUrl('mijn-cak-zakelijk')}`);
    expect(await jolanda.step()).toBe('password');
  });

  test('CIZ-2 a second time: \'De link is verlopen\', with a way to ask a new one', async () => {
    await jolanda.page.goto(await mailed());
    expect([await jolanda.end(), await heading()]).toEqual(['link_expired', 'De link is verlopen']);
    await jolanda.look('B03-verlopen');
    await follow('Nieuw wachtwoord aanvragen');
    expect(await heading()).toBe('Nieuw wachtwoord aanvragen');
    expect(jolanda.complaints).toEqual([]);
  });

  test('CIZ-16 a password changed from the login page', async () => {
    const { username: name = '', password = '' } = person('ciz-user').login;
    await jolanda.page.goto(`${at.url}${authUrl('aanvraag')}`);
    await follow('Wachtwoord wijzigen');
    await jolanda.look('B05-wijzigen');
    await jolanda.fill({ username: name, current_password: 'wrong', new_password: 'Nieuwe-Brug-41-Hoog' });
    await jolanda.submit('form[data-form]');
    expect(await jolanda.problems()).toEqual(['password.wrong']);
    await jolanda.look('B05-wijzigen-fout');
    await jolanda.fill({ current_password: password, new_password: 'Nieuwe-Brug-41-Hoog' });
    await jolanda.submit('form[data-form]');
    expect(await jolanda.end()).toBe('password_chosen');
    await jolanda.page.goto(`${at.url}${authUrl('aanvraag')}`);
    expect(await jolanda.step()).toBe('password');
  });

  test('CIZ-16 with two steps the page says where to log in', async () => {
    await jolanda.page.goto(`${at.url}/cak/password/change`);
    await jolanda.fill({ relation_number, username, current_password: 'Nieuwe-Brug-41-Hoog', new_password: 'Nieuwe-Brug-42-Hoog' });
    await jolanda.submit('form[data-form]');
    expect(await jolanda.end()).toBe('two_steps');
    await jolanda.look('B05-twee-stappen');
  });

  test('CIZ-15 problems with logging in', async () => {
    await jolanda.page.goto(`${at.url}${authUrl('aanvraag')}`);
    await follow('Problemen met inloggen');
    expect(await heading()).toBe('Problemen met inloggen');
    await jolanda.look('A02-problemen');
    expect(await jolanda.page.locator('[data-include] li').allInnerTexts()).toHaveLength(5);
    expect(jolanda.complaints).toEqual([]);
  });

  test('CFX-1 the first mail brings a link; with the password chosen there one logs in', async () => {
    const [{ account: { id = '' } = {}, login }, { database: own, realm, clock }] = [person('cfx-employee'), at.host('careflex')];
    await own.db.deleteFrom('passwords').where('account_id', '=', id).execute();
    const logIn = async (password: string): Promise<void> => {
      await jolanda.page.goto(`${at.url}${authUrl('klantenportaal')}`);
      await jolanda.fill({ username: login['username'] ?? '', password });
      await jolanda.submit();
    };
    await logIn(login['password'] ?? '');
    expect(await jolanda.problems()).toEqual(['password.wrong']);
    await own.transaction((tx) => invite(tx, realm, { accountId: id, invitation: { first: 'link' }, actor: desk, now: clock() }));
    await jolanda.page.goto(await mailed('careflex'));
    await jolanda.fill({ new_password: 'Nieuwe-Brug-41-Hoog' });
    await jolanda.submit('form[data-form]');
    expect(await jolanda.end()).toBe('password_chosen');
    const arrived = jolanda.page.waitForRequest((request) => request.url().includes('/klantenportaal/callback?code='));
    await Promise.all([arrived, logIn('Nieuwe-Brug-41-Hoog').catch(() => undefined)]);
  });
});
