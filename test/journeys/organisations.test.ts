import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { launch, Visitor } from '../support/browser.ts';
import { install, type Install } from '../support/install.ts';
import { cakClient, type RelyingParty } from '../support/relying-party.ts';
import { place, several, someone } from '../support/several.ts';
import { describeOnGrounds, startingTime } from '../support/world.ts';

/** Of a portal that is not there. Browsers refuse the port of the other tests. */
const portal = 'http://localhost:39999';

describeOnGrounds('CFX-2: somebody with several organisations', (ground) => {
  let at: Install;
  let database: Awaited<ReturnType<typeof ground.database>>;
  let chromium: Browser;
  let rp: RelyingParty;
  let who: { id: string; home: string };
  let many: { id: string; home: string };
  beforeAll(async () => {
    database = await ground.database();
    [at, chromium] = await Promise.all([install({ prepare: several, change: ({ system }) => { system.database_url = database.url; } }), launch()]);
    rp = await cakClient(at, 'rp', { redirect_uris: [`${portal}/cb`] });
    who = await someone(at, { name: 'Zorggroep Zuid' });
    for (const name of ['Échtenaar Thuiszorg', 'مؤسسة الرعاية', 'Stichting voor Wonen, Welzijn en Zorg in de Gemeenten langs de Grote Rivieren']) await place(at, { name, members: [who.id] });
    many = await someone(at, { name: 'Zorggroep 000' });
    for (let n = 1; n < 400; n += 1) await place(at, { name: `Zorggroep ${String(n).padStart(3, '0')}`, members: [many.id] });
  }, startingTime);
  afterAll(async () => {
    await chromium?.close();
    await at?.stop();
    await database?.drop();
  });

  /** Somebody at the page that asks for which organisation they work. */
  const arrive = async (id: string, options: Parameters<typeof Visitor.arrive>[1] = {}): Promise<Visitor> => {
    const visitor = await Visitor.arrive(chromium, options);
    await visitor.page.goto((await rp.start({ redirect_uri: `${portal}/cb` })).url);
    await visitor.fill({ username: id, password: 'Sluispoort-14-augustus' });
    await visitor.submit();
    expect(await visitor.step()).toBe('organisation');
    return visitor;
  };
  const buttons = ({ page }: Visitor) => page.locator('[data-organisations] button:visible');
  const names = (visitor: Visitor): Promise<string[]> => buttons(visitor).locator('bdi').allTextContents();
  const said = ({ page }: Visitor) => page.locator('[data-count]').textContent();
  /** Does what leads to the portal. @returns whether it was a code that went there */
  const leads = async ({ page }: Visitor, act: () => Promise<void>): Promise<boolean> => {
    const [request] = await Promise.all([page.waitForRequest(`${portal}/cb?*`), act()]);
    return new URL(request.url()).searchParams.has('code');
  };

  test('with script the list is filtered as they type, the count is told, and one press chooses', async () => {
    const anna = await arrive(who.id);
    await anna.look('organisation');
    expect(await names(anna)).toEqual(['Échtenaar Thuiszorg', 'Stichting voor Wonen, Welzijn en Zorg in de Gemeenten langs de Grote Rivieren', 'Zorggroep Zuid', 'مؤسسة الرعاية']);
    expect(await anna.page.locator('[data-filter-buttons]').isVisible()).toBe(false);
    await anna.page.getByLabel('Typ om te filteren…').pressSequentially('ZORG');
    expect([await buttons(anna).count(), await said(anna)]).toEqual([3, '3 organisaties']);
    await anna.fill({ filter: 'echt' });
    expect([await names(anna), await said(anna)]).toEqual([['Échtenaar Thuiszorg'], '1 organisatie']);
    await anna.page.keyboard.press('Enter');
    await anna.fill({ filter: 'niets' });
    expect([await buttons(anna).count(), await said(anna)]).toEqual([0, 'Geen van uw organisaties past bij wat u heeft getypt.']);
    await anna.look('organisation-nothing-found');
    await anna.fill({ filter: 'رعاية' });
    expect(await leads(anna, () => buttons(anna).first().click())).toBe(true);
    expect(anna.complaints.filter((text) => !text.includes('ERR_CONNECTION_REFUSED'))).toEqual([]);
  });

  test('without script the button beside the field does it, and Enter is that button', async () => {
    const anna = await arrive(who.id, { javaScriptEnabled: false });
    // the line that says how long the page can be used keeps its distance from the title
    const [until, title] = await Promise.all([anna.page.locator('noscript p').boundingBox(), anna.page.locator('h1').boundingBox()]);
    expect((title?.y ?? 0) - (until?.y ?? 0) - (until?.height ?? 0)).toBeGreaterThanOrEqual(16);
    await anna.fill({ filter: 'zorg zuid' });
    await anna.page.keyboard.press('Enter');
    await anna.page.locator('button[value="all"]').waitFor();
    expect([await names(anna), await said(anna)]).toEqual([['Zorggroep Zuid'], '1 organisatie']);
    expect(await anna.page.locator('[name="filter"]').inputValue()).toBe('zorg zuid');
    await anna.press('all');
    expect(await buttons(anna).count()).toBe(4);
    await anna.fill({ filter: 'x'.repeat(101) });
    await anna.press('filter');
    expect(await anna.problems()).toEqual(['organisation.filter.long']);
    expect(await leads(anna, () => anna.page.locator('[data-organisations] button', { hasText: 'Zuid' }).click())).toBe(true);
  });

  test('four hundred are of use on a telephone: by keyboard, without a script and with one', async () => {
    const small = { viewport: { width: 360, height: 740 } };
    const anna = await arrive(many.id, small);
    expect([await buttons(anna).count(), await said(anna)]).toEqual([400, '400 organisaties']);
    await anna.page.locator('[name="filter"]').focus();
    await anna.page.keyboard.type('399');
    await anna.page.keyboard.press('Tab');
    expect(await anna.page.evaluate<string>('document.activeElement.textContent')).toContain('Zorggroep 399');
    expect(await leads(anna, () => anna.page.keyboard.press('Enter'))).toBe(true);
    const bert = await arrive(many.id, { ...small, javaScriptEnabled: false });
    await bert.fill({ filter: '399' });
    await bert.press('filter');
    expect(await names(bert)).toEqual(['Zorggroep 399']);
  });

  test('in English too', async () => {
    const anna = await arrive(who.id);
    await anna.page.getByRole('link', { name: 'English' }).click();
    await anna.page.getByLabel('Type to filter…').fill('zuid');
    expect(await said(anna)).toBe('1 organisation');
  });
});
