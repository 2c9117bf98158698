import { randomUUID } from 'node:crypto';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { generateSync } from 'otplib';
import { hashCode, newCode } from '../../src/domain/verification-code.ts';
import { root } from '../../src/root.ts';
import { insertPasskey } from '../../src/store/passkeys.ts';
import { account as cakAccount, known } from '../support/account.ts';
import { Authenticator } from '../support/authenticator.ts';
import type { HttpBrowser, Page } from '../support/http-browser.ts';
import { install, type Install } from '../support/install.ts';
import { authUrl, person } from '../support/journeys.ts';
import { optionsOf, withPasskeys } from '../support/passkey-install.ts';

/** A passkey that is blocked because its counter went back logs nobody in: no page may count on it. */

const owner = person('cfx-2fa') as ReturnType<typeof person> & { totp_secret: string };
const names = { username: owner.login['username'] ?? '', password: owner.login['password'] ?? '' };
const [ownerId, jolanda] = [owner.account?.id ?? '', person('cak-active').account?.id ?? ''];
const base = '/careflex/account/two-step';

let sluis: Install;
beforeAll(async () => {
  sluis = await install({
    prepare(workshop) {
      withPasskeys(false)(workshop);
      cpSync(join(root, 'config/realms/careflex'), join(workshop.folder, 'config/realms/careflex'), { recursive: true });
    },
  });
}, 60_000);
afterAll(() => sluis?.stop());
beforeEach(async () => {
  for (const realm of ['careflex', 'cak'] as const) for (const table of ['passkeys', 'counters', 'recovery_codes'] as const) await db(realm).deleteFrom(table).execute();
});

const db = (realm = 'careflex') => sluis.host(realm).database.db;
const main = ({ html }: Page): string => /<main[^]*<\/main>/.exec(html)?.[0] ?? '';
const words = (page: Page): string => main(page).replace(/<[^>]*>/g, ' ').replaceAll('&#39;', '\'').replace(/\s+/g, ' ');
const buttonClass = (page: Page, label: string): string => new RegExp(`<(?:a|button) class="[^"]*-(primary|secondary)-action[^"]*"[^>]*>${label}<`).exec(page.html)?.[1] ?? '';

/** A passkey as it is kept once its counter went back. @returns its id */
async function blocked(realm: string, accountId: string): Promise<string> {
  const row = { id: randomUUID(), account_id: accountId, credential_id: randomUUID(), public_key: 'AA', counter: 1, transports: '[]', name: 'Sleutelbos', device: 'single' as const, backed_up: 0, created_at: 1, last_used_at: 1, blocked_at: sluis.now() };
  await insertPasskey(db(realm), row);
  return row.id;
}

async function recovery(realm: string, accountId: string): Promise<string> {
  const code = newCode(12);
  await db(realm).insertInto('recovery_codes').values({ id: randomUUID(), account_id: accountId, hash: hashCode(code), created_at: 1, used_at: null }).execute();
  return code;
}

const appCode = (): string => {
  sluis.advance(30);
  return generateSync({ secret: owner.totp_secret, epoch: sluis.now() });
};

/** The owner at their account pages, shown with their app. */
async function enter(): Promise<{ browser: HttpBrowser; page: Page }> {
  const browser = sluis.browser();
  return { browser, page: await browser.submit(await browser.submit(await browser.get(base), names), { code: appCode() }) };
}

describe('on the account pages', () => {
  test('the last step that works goes with a warning: what is left is a recovery code, or nothing', async () => {
    await blocked('careflex', ownerId);
    const { browser } = await enter();
    expect(words(await browser.get(`${base}/remove?kind=totp`))).toContain('Dit is uw enige tweede stap die werkt. Verwijder eerst de geblokkeerde passkey, of stel een andere tweede stap in. Anders kunt u daarna niet meer inloggen.');
    await recovery('careflex', ownerId);
    expect(words(await browser.get(`${base}/remove?kind=totp`))).toContain('Anders kunt u daarna alleen nog inloggen met een herstelcode.');
  });

  test('one that is blocked goes without one while another way is left, and says that it worked no more', async () => {
    const passkey = await blocked('careflex', ownerId);
    const { browser, page } = await enter();
    const asked = words(await browser.get(`${base}/remove?passkey=${passkey}`));
    expect(asked).toContain('‘Sleutelbos’ is geblokkeerd. U kon er al niet meer mee inloggen.');
    expect(asked).not.toContain('enige tweede stap');
    expect(asked).not.toContain('daarna niet meer inloggen met');
    // what should be done stands first
    const [remove, rename] = ['remove', 'name'].map((way) => page.html.indexOf(`/two-step/${way}?passkey=${passkey}`)) as [number, number];
    expect([remove > 0, remove < rename]).toEqual([true, true]);
    expect(words(page)).toContain('Daarom werkt hij niet meer. Verwijder hem en maak een nieuwe.');
    expect([buttonClass(page, 'Passkey toevoegen'), buttonClass(page, 'Andere app instellen')]).toEqual(['secondary', 'secondary']);
  });

  test('with nothing that works setting one up comes first, and removing the last says what that does', async () => {
    const passkey = await blocked('careflex', ownerId);
    const code = await recovery('careflex', ownerId);
    const factors = await db().selectFrom('factors').selectAll().where('account_id', '=', ownerId).execute();
    await db().deleteFrom('factors').where('account_id', '=', ownerId).execute();
    try {
      const browser = sluis.browser();
      const choice = await browser.submit(await browser.submit(await browser.get(base), names), { action: 'recovery' });
      const page = await browser.submit(choice, { code });
      expect([buttonClass(page, 'Passkey toevoegen'), buttonClass(page, 'App instellen')]).toEqual(['primary', 'primary']);
      await recovery('careflex', ownerId);
      expect(words(await browser.get(`${base}/remove?passkey=${passkey}`))).toContain('Dit is de enige tweede stap die u heeft ingesteld. Daarna logt u in zonder tweede stap, en uw herstelcodes werken niet meer.');
    } finally {
      await db().insertInto('factors').values(factors).execute();
    }
  });

  test('where everybody has a second step, one that may not go yet says what comes first', async () => {
    const browser = sluis.browser();
    await db('cak').deleteFrom('factors').where('account_id', '=', jolanda).execute();
    const making = await browser.submit(await browser.submit(await browser.get(`${cakAccount}/two-step`), known('cak-active')), { method: 'passkey' });
    await browser.submit(await browser.submit(making, { credential: new Authenticator(sluis.url).make(optionsOf(making)) }), { kept: '1' });
    await db('cak').updateTable('passkeys').set({ blocked_at: sluis.now() }).execute();
    const page = await browser.get(`${cakAccount}/two-step`);
    expect(words(page)).toContain('Daarom werkt hij niet meer. Maak eerst een nieuwe, of stel een andere tweede stap in. Daarna kunt u deze verwijderen.');
    expect(words(page)).not.toContain('U kunt dit niet verwijderen');
    expect(words(page)).not.toContain('Verwijder hem en maak een nieuwe');
    expect(page.html).not.toContain('/two-step/remove?passkey=');
  });
});

describe('at a login', () => {
  test('with nothing else set up, the page says why the passkey does not work, and the first other way is its first button', async () => {
    await blocked('careflex', ownerId);
    await recovery('careflex', ownerId);
    const browser = sluis.browser();
    const page = await browser.submit(await browser.submit(await browser.get(authUrl('klantenportaal')), names), { action: 'passkey' });
    // the app is there: it is asked in place of a passkey that does not work
    expect(page.step).toBe('totp');
    await db().deleteFrom('factors').where('account_id', '=', ownerId).execute();
    const alone = await browser.get(page.url);
    expect([alone.step, /<h1[^>]*>([^<]*)</.exec(alone.html)?.[1], /<title>([^<]*)</.exec(alone.html)?.[1]]).toEqual(['passkey', 'Uw passkey is geblokkeerd', 'Uw passkey is geblokkeerd – Klantenportaal']);
    expect(words(alone)).toContain('Iemand heeft misschien een kopie van uw passkey. Voor uw veiligheid kunt u er niet meer mee inloggen.');
    expect(words(alone)).toContain('Log in op een andere manier');
    expect(words(alone)).not.toMatch(/Lukt het niet\?|Gebruik uw passkey/);
    expect(buttonClass(alone, 'Gebruik een herstelcode')).toBe('primary');
    await blocked('careflex', ownerId);
    await db().deleteFrom('recovery_codes').execute();
    const none = await browser.get(page.url);
    expect(/<h1[^>]*>([^<]*)</.exec(none.html)?.[1]).toBe('Uw passkeys zijn geblokkeerd');
    expect(words(none)).toContain('Wat moet u doen?');
    expect(none.html).toMatch(/Bel de Servicedesk van Careflex: <a [^>]*href="tel:/);
  });
});
