import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { listAudit } from '../../src/store/audit.ts';
import { listPasskeys } from '../../src/store/passkeys.ts';
import { account, known } from '../support/account.ts';
import { launch, Visitor } from '../support/browser.ts';
import { install, type Install } from '../support/install.ts';
import { person } from '../support/journeys.ts';
import { deviceOf, withPasskeys, type Device } from '../support/passkey-install.ts';
import { describeOnGrounds } from '../support/world.ts';

const jolandaId = person('cak-active').account?.id ?? '';

/** Somebody with a passkey, at a browser: what each page does without one is in test/security/passkeys.test.ts. */
describeOnGrounds('CAK-8 a passkey as the second step', (ground) => {
  let at: Install;
  let database: Awaited<ReturnType<typeof ground.database>>;
  let chromium: Browser;
  let jolanda: Visitor;
  let device: Device;
  beforeAll(async () => {
    database = await ground.database();
    [at, chromium] = await Promise.all([install({ prepare: withPasskeys(false), change: ({ system }) => { system.database_url = database.url; } }), launch()]);
    for (const table of ['factors', 'recovery_codes'] as const) await db().deleteFrom(table).execute();
    jolanda = await Visitor.arrive(chromium);
    device = await deviceOf(jolanda);
  }, 90_000);
  afterAll(async () => {
    await chromium?.close();
    await at?.stop();
    await database?.drop();
  });

  const db = () => at.host('cak').database.db;
  const main = () => jolanda.page.locator('main');
  const press = async (label: string): Promise<void> => {
    await main().getByRole('button', { name: label }).first().click();
    await jolanda.page.waitForLoadState('load');
  };
  const follow = async (label: string): Promise<void> => {
    await main().getByRole('link', { name: label, exact: true }).first().click();
    await jolanda.page.waitForLoadState('load');
  };
  const says = (text: string): Promise<void> => main().getByText(text).first().waitFor();
  const at_step = (step: string): Promise<void> => jolanda.page.locator(`form[data-step="${step}"]`).waitFor();
  const withPassword = async (visitor = jolanda): Promise<void> => {
    await visitor.context.clearCookies();
    await visitor.page.goto(`${at.url}${account}/two-step`);
    await visitor.fill(known('cak-active'));
    await visitor.submit();
  };

  test('is chosen and made at the first login, then the recovery codes', async () => {
    await withPassword();
    await at_step('second-factor');
    await jolanda.look('passkey-keuze');
    await jolanda.choose('method', 'passkey');
    await press('Verder');
    await main().getByRole('button', { name: 'Passkey maken' }).waitFor();
    await jolanda.look('passkey-maken');
    await device.verifies(false);
    await main().getByRole('button', { name: 'Passkey maken' }).click();
    await says('U bent gestopt');
    expect(await jolanda.problems()).toEqual(['passkey.cancelled']);
    await jolanda.look('passkey-maken-gestopt');
    await device.verifies(true);
    await press('Passkey maken');
    await main().locator('[data-recovery-codes]').waitFor();
    await press('Ik heb de codes bewaard');
    await says('Passkey 1');
    expect([await device.count(), (await listPasskeys(db(), jolandaId)).length]).toEqual([1, 1]);
    expect(jolanda.complaints).toEqual([]);
  });

  test('is asked at the next login: stopped, it can be tried again', async () => {
    await withPassword();
    await at_step('passkey');
    await jolanda.look('passkey-gebruiken');
    await device.verifies(false);
    await main().getByRole('button', { name: 'Passkey gebruiken' }).click();
    await says('U bent gestopt');
    await jolanda.look('passkey-gebruiken-gestopt');
    await device.verifies(true);
    await press('Passkey gebruiken');
    await says('Uw tweede stap');
    expect((await listAudit(db(), { event: 'login.completed', limit: 1 }))[0]).toMatchObject({ detail: { level: 'two-factor', factors: ['password', 'passkey'] } });
  });

  test('without script, and in a browser that knows no passkeys, the page says so and the other ways work', async () => {
    const plain = await Visitor.arrive(chromium, { javaScriptEnabled: false });
    await withPassword(plain);
    await plain.page.getByText('In deze browser werkt een passkey niet').waitFor();
    expect(await plain.page.getByRole('button', { name: 'Passkey gebruiken' }).isVisible()).toBe(false);
    await plain.press('other');
    expect(await plain.step()).toBe('recovery-code');
    const old = await Visitor.arrive(chromium);
    await old.page.addInitScript('delete window.PublicKeyCredential');
    await withPassword(old);
    await old.page.getByText('In deze browser werkt een passkey niet').waitFor();
    expect(await old.problems()).toEqual(['passkey.absent']);
    await old.look('passkey-kan-niet');
    await old.press('other');
    expect(await old.step()).toBe('recovery-code');
  });

  test('is looked after on the account pages: one more, a name, and one removed', async () => {
    await jolanda.look('passkey-account');
    await press('Passkey toevoegen');
    await main().getByRole('button', { name: 'Passkey maken' }).waitFor();
    await jolanda.look('passkey-toevoegen');
    await main().getByRole('button', { name: 'Passkey maken' }).click();
    // this device has one already
    await says('Op dit apparaat staat al een passkey');
    expect(await jolanda.problems()).toEqual(['passkey.present']);
    await device.answers(false);
    await deviceOf(jolanda, 'usb');
    await press('Passkey maken');
    await says('Uw passkey is toegevoegd');
    await main().getByRole('link', { name: 'Naam wijzigen van Passkey 2' }).click();
    await jolanda.fill({ name: '' });
    await press('Naam opslaan');
    expect(await jolanda.problems()).toEqual(['passkey.name.required']);
    await jolanda.look('passkey-naam-fout');
    await jolanda.fill({ name: 'Telefoon van José' });
    await press('Naam opslaan');
    await says('Telefoon van José');
    await jolanda.look('passkey-account-twee');
    await main().getByRole('link', { name: 'Verwijderen: Telefoon van José' }).click();
    await jolanda.look('passkey-verwijderen');
    await press('Verwijderen');
    await says('Dit is verwijderd.');
    expect((await listPasskeys(db(), jolandaId)).map(({ name }) => name)).toEqual(['Passkey 1']);
    // the last one stays: everybody here has a second step
    expect(await main().getByRole('link', { name: /^Verwijderen/ }).count()).toBe(0);
    await follow('Terug naar Uw account');
    expect(jolanda.complaints).toEqual([]);
  });
});

describeOnGrounds('a passkey in place of a password', (ground) => {
  let at: Install;
  let database: Awaited<ReturnType<typeof ground.database>>;
  let chromium: Browser;
  let jolanda: Visitor;
  let device: Device;
  beforeAll(async () => {
    database = await ground.database();
    [at, chromium] = await Promise.all([install({ prepare: withPasskeys(true), change: ({ system }) => { system.database_url = database.url; } }), launch()]);
    for (const table of ['factors', 'recovery_codes'] as const) await at.host('cak').database.db.deleteFrom(table).execute();
    jolanda = await Visitor.arrive(chromium);
    device = await deviceOf(jolanda);
  }, 90_000);
  afterAll(async () => {
    await chromium?.close();
    await at?.stop();
    await database?.drop();
  });

  const main = () => jolanda.page.locator('main');
  const button = () => main().getByRole('button', { name: 'Inloggen met een passkey' });
  const toLogin = async (visitor = jolanda): Promise<void> => {
    await visitor.context.clearCookies();
    await visitor.page.goto(`${at.url}${account}/`);
  };
  const home = (): Promise<void> => main().getByText('Wat kunt u hier doen?').waitFor();
  const lastLogin = async () => (await listAudit(at.host('cak').database.db, { event: 'login.completed', limit: 1 }))[0];

  test('is made after a login with a password', async () => {
    // nothing is offered where nothing is
    await device.answers(false);
    await toLogin();
    await button().waitFor();
    await jolanda.look('passkey-inloggen');
    expect(await jolanda.page.locator('[name="username"]').getAttribute('autocomplete')).toBe('username webauthn');
    await jolanda.fill(known('cak-active'));
    await jolanda.submit();
    await device.answers(true);
    await jolanda.choose('method', 'passkey');
    await main().getByRole('button', { name: 'Verder' }).click();
    await main().getByRole('button', { name: 'Passkey maken' }).click();
    await main().getByRole('button', { name: 'Ik heb de codes bewaard' }).click();
    await home();
  });

  test('logs in by the button: stopped first, then done', async () => {
    await device.answers(false);
    await toLogin();
    await device.verifies(false);
    await device.answers(true);
    await button().click();
    await main().getByText('U bent gestopt').waitFor();
    expect(await jolanda.problems()).toEqual(['passkey.cancelled']);
    await jolanda.look('passkey-inloggen-gestopt');
    await device.verifies(true);
    await button().click();
    await home();
    expect(await lastLogin()).toMatchObject({ account_id: jolandaId, detail: { level: 'two-factor', factors: ['passkey'] } });
    expect(jolanda.complaints).toEqual([]);
  });

  test('logs in by autofill: the browser offers it, and no button is pressed', async () => {
    const before = (await lastLogin())?.id;
    await toLogin();
    await home();
    expect(await lastLogin()).toMatchObject({ account_id: jolandaId, detail: { factors: ['passkey'] } });
    expect((await lastLogin())?.id).not.toBe(before);
  });

  test('one that is unknown here says so', async () => {
    // the virtual device fills in by itself, over and over
    await jolanda.page.addInitScript('PublicKeyCredential.isConditionalMediationAvailable = async () => false');
    await toLogin();
    await at.host('cak').database.db.deleteFrom('passkeys').execute();
    await button().click();
    await main().getByText('Deze passkey werkt hier niet').first().waitFor();
    expect(await jolanda.problems()).toEqual(['password.passkey.wrong']);
    await jolanda.look('passkey-inloggen-fout');
  });

  test('without script the password is left', async () => {
    const plain = await Visitor.arrive(chromium, { javaScriptEnabled: false });
    await toLogin(plain);
    await plain.page.getByText('Log in met uw wachtwoord.').waitFor();
    await plain.fill(known('cak-active'));
    await plain.submit();
    expect(await plain.step()).toBe('second-factor');
  });
});
