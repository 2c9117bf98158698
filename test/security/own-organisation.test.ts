import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { changeDetails } from '../../src/domain/organisation-details.ts';
import { endMembership } from '../../src/domain/memberships.ts';
import { identifierTypes } from '../../src/domain/identifiers.ts';
import { catalogue } from '../../src/texts/catalogue.ts';
import { desk } from '../support/house.ts';
import type { HttpBrowser, Page } from '../support/http-browser.ts';
import { install, type Install } from '../support/install.ts';
import { ib, person, throughBroker } from '../support/journeys.ts';
import { place, several, someone, typeName } from '../support/several.ts';

/** A flow that lets in whoever knows a password, for no organisation too. */
const passwordAlone = `flows:
  password:
    bindings:
      - { step: password, with: { level: password } }
      - { id: account, step: require, with: { that: account_active, else: account_inactive } }
      - { id: level, step: require, with: { that: level_reached, else: level_too_low } }
    ensure: [identified, level_reached, account_active]
`;

/** Page B10: one's own organisation, and no other. In realm cak people have several here, in careflex they need none. */
let at: Install;
beforeAll(async () => {
  at = await install({ prepare: (workshop) => { several(workshop); workshop.edit('realms/careflex/realm.yaml', (text) => text.replace(/^flows:\n(?:(?:[ #].*)?\n)*/m, `${passwordAlone}\n`)); } });
}, 60_000);
afterAll(() => at?.stop());

const page = '/cak/account/my-organisation';
const facts = ({ html }: Page): string[][] => [...html.matchAll(/<dt>(.*?)<\/dt><dd>(.*?)<\/dd>/g)].map(([, key = '', value = '']) => [key, value.replace(/<\/?bdi>/g, '')]);

/** Somebody with two organisations, who works for the first. */
async function chosen(name: string): Promise<{ id: string; home: string; other: string; browser: HttpBrowser; page: Page }> {
  const { id, home } = await someone(at, { name });
  const other = await place(at, { name: `${name} elders`, members: [id] });
  const browser = at.browser();
  const choice = await typeName(browser, await browser.get(page), id);
  return { id, home, other, browser, page: await browser.submit(choice, { organisation: home }) };
}

describe('the page of one\'s organisation', () => {
  test('shows the one that was chosen: name, numbers, tier and roles', async () => {
    const { page: shown, home } = await chosen('Zorggroep <Zuid> & Co');
    expect(shown.status).toBe(200);
    expect(facts(shown)).toEqual([['Naam', 'Zorggroep &lt;Zuid&gt; &amp; Co'], ['U bent', 'Gebruiker'], [expect.any(String), 'Gebruiker']]);
    expect(shown.html).not.toContain('elders');
    expect(shown.html).not.toContain(home);
  });

  test('B10 shows where it is and how it is reached, each line as text', async () => {
    const { browser, home, other } = await chosen('Bereikbaar');
    const change = (organisationId: string, contact: Record<string, string>) => at.host('cak').database.transaction((tx) => changeDetails(tx, { organisationId, contact, actor: desk, now: at.now() }));
    await change(home, { address: 'Dijk 1 <b>\n1234 AB ’s-Gravenland', phone: '088 - 513 84 84', email: 'info@zorg.example' });
    await change(other, { postal_address: 'Postbus 666' });
    expect(facts(await browser.get(page)).slice(0, 4)).toEqual([['Naam', 'Bereikbaar'], ['Bezoekadres', 'Dijk 1 &lt;b&gt;<br>1234 AB ’s-Gravenland'], ['Telefoonnummer', '0885138484'], ['E-mailadres', 'info@zorg.example']]);
    expect((await browser.get(page)).html).not.toContain('666');
  });

  test('no address leads to another one, not even to another of their own', async () => {
    const { browser, other } = await chosen('Hier');
    const strange = await place(at, { name: 'Vreemd' });
    for (const id of [other, strange]) {
      for (const query of [`?organisation=${id}`, `?organisation_id=${id}`, `?id=${id}`, `?organisation[]=${id}`]) expect(facts(await browser.get(`${page}${query}`))[0]).toEqual(['Naam', 'Hier']);
      expect((await browser.get(`${page}/${id}`)).status).toBe(404);
      expect((await browser.post(page, { organisation: id })).status).toBeGreaterThanOrEqual(400);
    }
  });

  test('who has no place there any more sees nothing of it', async () => {
    const { browser, id, home } = await chosen('Verlaten');
    const { database } = at.host('cak');
    const membership = await database.db.selectFrom('memberships').select('id').where('account_id', '=', id).where('organisation_id', '=', home).executeTakeFirstOrThrow();
    await database.transaction((tx) => endMembership(tx, { membershipId: membership.id, actor: desk, now: at.now() }));
    for (const path of [page, '/cak/account/']) expect((await browser.get(path)).html).not.toContain('Verlaten');
  });

  test('without an organisation it is not there, nor on the first page', async () => {
    const { username = '', password = '' } = person('cfx-employee').login;
    await at.host('careflex').database.db.deleteFrom('memberships').where('account_id', '=', person('cfx-employee').account?.id ?? '').execute();
    const browser = at.browser();
    const home = await browser.submit(await browser.get('/careflex/account/'), { username, password });
    expect([home.status, home.html.includes('Daan de Wit'), home.html.includes('account/my-organisation')]).toEqual([200, true, false]);
    expect((await browser.get('/careflex/account/my-organisation')).status).toBe(404);
  });

  test('who came through a broker sees the organisation that it named, its numbers with their names', async () => {
    const browser = at.browser();
    await throughBroker(at, browser, await browser.get(`/${ib}/account/`), 'ib-user');
    const shown = await browser.get(`/${ib}/account/my-organisation`);
    const { db } = at.host(ib).database;
    const numbers = await db.selectFrom('organisation_identifiers').selectAll().where('organisation_id', '=', person('ib-user').organisation_id ?? '').execute();
    expect(numbers.length).toBeGreaterThan(0);
    expect(facts(shown)).toEqual(expect.arrayContaining([['KvK-nummer', numbers.find(({ type }) => type === 'kvk')?.value], ['iWmo', 'Gebruiker']]));
    expect(shown.html).toContain('Kloppen deze gegevens niet?');
    expect(shown.html).toContain('href="tel:');
  });
});

test.each(['nl', 'en'])('every kind of number has its name in %s', (language) => {
  const texts = catalogue(language);
  expect(identifierTypes.map((type) => texts[`account.my-organisation.number.${type}`]).filter((name) => name === undefined)).toEqual([]);
});
