import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { findPassword } from '../../src/store/accounts.ts';
import { listSessions } from '../../src/store/sessions.ts';
import { known } from '../support/account.ts';
import type { HttpBrowser, Page } from '../support/http-browser.ts';
import { install, type Install } from '../support/install.ts';
import { arrive, person } from '../support/journeys.ts';

const at = '/ciz/password/change';
const idOf = (id: string): string => person(id).account?.id ?? '';
const login = (id: string): { username: string; password: string } => {
  const { username = '', password = '' } = person(id).login;
  return { username, password };
};

let sluis: Install;
beforeAll(async () => {
  sluis = await install({
    change({ realms }) {
      for (const realm of realms) Object.assign(realm.password, { change_at_login: true });
      for (const realm of realms.filter(({ id }) => id === 'ciz')) realm.help = { include: [{ nl: 'Uw naam & "functie"', en: 'Your name' }, { nl: 'Wat er misgaat', en: 'What goes wrong' }] };
    },
  });
}, 60_000);
afterAll(() => sluis?.stop());
beforeEach(async () => { await db().deleteFrom('counters').execute(); });

const db = (realm = 'ciz') => sluis.host(realm).database.db;
const hashOf = async (id: string, realm = 'ciz') => (await findPassword(db(realm), idOf(id)))?.hash;

/** Fills in the page with the right password of somebody. */
async function change(id: string, fields: Record<string, string> = {}, browser = sluis.browser(), path = at): Promise<Page> {
  const { password, ...names } = login(id);
  return browser.submit(await browser.get(path), { ...names, current_password: password, new_password: 'Riet-Oever-Sluis-7', ...fields });
}

const logIn = async (browser: HttpBrowser, id: string, password = login(id).password): Promise<Page> =>
  browser.submit(await arrive(browser, 'aanvraag'), { username: login(id).username, password });

describe('CIZ-16 a password changed from the login page', () => {
  test('the login page leads there and the portal is remembered; nobody is logged in, and every session ends', async () => {
    const [browser, inside] = [sluis.browser(), sluis.browser()];
    expect((await logIn(inside, 'ciz-user')).answer['code']).toBeDefined();
    const run = await arrive(browser, 'aanvraag');
    const href = /href="(\/ciz\/password\/change[^"]*)"/.exec(run.html)?.[1] ?? '';
    expect(href).toBe('/ciz/password/change?portal=aanvraag');
    const done = await change('ciz-user', {}, browser, href);
    expect([done.status, done.end]).toEqual([200, 'password_chosen']);
    expect(done.html).toContain('/aanvraag/"');
    expect(await listSessions(db(), { accountId: idOf('ciz-user') })).toEqual([]);
    expect((await arrive(inside, 'aanvraag', { prompt: 'none' })).answer['error']).toBe('login_required');
    expect((await browser.get(run.url)).step).toBe('password');
    expect((await logIn(sluis.browser(), 'ciz-user')).problems).toEqual(['password.wrong']);
    expect((await logIn(sluis.browser(), 'ciz-user', 'Riet-Oever-Sluis-7')).answer['code']).toBeDefined();
  });

  test('works for one that has expired', async () => {
    expect((await change('ciz-expired')).end).toBe('password_chosen');
  });

  test('unknown names and wrong passwords are one answer; what was typed stays, but no password', async () => {
    const before = await hashOf('ciz-admin');
    const pages = [await change('ciz-admin', { current_password: 'Fout-Woord-12' }), await change('ciz-admin', { username: 'nobody', current_password: 'Fout-Woord-12' })];
    for (const page of pages) {
      expect([page.status, page.problems]).toEqual([422, ['password.wrong']]);
      expect(page.html).not.toMatch(/Fout-Woord|Riet-Oever/);
    }
    expect(pages[1]?.html).toContain('value="nobody"');
    const rules = await change('ciz-admin', { new_password: 'hofman' });
    expect(rules.problems.toSorted()).toEqual(['new-password.classes', 'new-password.parts', 'new-password.short']);
    expect(await hashOf('ciz-admin')).toBe(before);
  });

  test.each([['NUL', 'a\u0000'], ['huge', 'x'.repeat(100_000)], ['turned round', 'a\u202eb'], ['empty', ' ']])('a name that is %s is refused; so is such a password', async (_, text) => {
    expect((await change('ciz-admin', { username: text })).status).toBe(422);
    const page = await change('ciz-admin', { current_password: text, new_password: text });
    expect([422, 429]).toContain(page.status);
  });

  test('guesses are counted with those at the login page', async () => {
    for (let n = 0; n < 3; n += 1) expect((await change('ciz-admin', { current_password: 'wrong' })).problems).toEqual(['password.wrong']);
    for (let n = 0; n < 2; n += 1) expect((await logIn(sluis.browser(), 'ciz-admin', 'wrong')).problems).toEqual(['password.wrong']);
    const late = await change('ciz-admin');
    expect([late.status, late.problems]).toEqual([429, ['password.wait']]);
  });

  test('a form that this browser was not given is refused', async () => {
    const [mine, other] = [sluis.browser(), sluis.browser()];
    const [page, theirs] = [await mine.get(at), await other.get(at)];
    const { password, username } = login('ciz-admin');
    const before = await hashOf('ciz-admin');
    for (const csrf of ['', 'x', theirs.hidden['csrf'] ?? '']) {
      const refused = await mine.post(at, { csrf, username, current_password: password, new_password: 'Riet-Oever-Sluis-7' });
      expect([refused.status, refused.end]).toEqual([403, 'csrf']);
    }
    expect((await sluis.browser().post(at, { csrf: page.hidden['csrf'] ?? '', username, current_password: password, new_password: 'Riet-Oever-Sluis-7' })).status).toBe(403);
    expect(await hashOf('ciz-admin')).toBe(before);
  });

  test('with two steps a password alone changes nothing, and the page says where to log in', async () => {
    const before = await hashOf('cak-active', 'cak');
    const { relation_number, username, password } = known('cak-active');
    const browser = sluis.browser();
    const page = await browser.submit(await browser.get('/cak/password/change'), { relation_number, username, current_password: password, new_password: 'Riet-Oever-Sluis-7' });
    expect([page.status, page.end]).toEqual([403, 'two_steps']);
    expect(page.html).toContain('href="/cak/account/password"');
    expect(await hashOf('cak-active', 'cak')).toBe(before);
  });
});

describe('CIZ-15 help', () => {
  test('says whom to write with what, as a mail that is begun', async () => {
    const page = await sluis.browser().get('/ciz/help?portal=aanvraag');
    const href = /href="(mailto:[^"]+)"/.exec(page.html)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const { pathname, searchParams } = new URL(href);
    expect([pathname, searchParams.get('subject'), searchParams.get('body')]).toEqual(['servicedesk@ciz.example', 'Problemen met inloggen bij Portero', 'Uw naam & "functie": \r\nWat er misgaat: ']);
    for (const said of ['Uw naam &amp; &#34;functie&#34;', '088 000 00 02', 'kantoordagen', '/ciz/password/change?portal=aanvraag']) expect(page.html).toContain(said);
    expect((await sluis.browser().get('/ciz/help?lang=en')).html).toContain('Your name');
    expect((await arrive(sluis.browser(), 'aanvraag')).html).toContain('/ciz/help?portal=aanvraag');
  });

  test('where a realm has none it is not there', async () => {
    expect((await sluis.browser().get('/cak/help')).status).toBe(404);
  });
});
