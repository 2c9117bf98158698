import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { findAccount, updateAccount } from '../../src/store/accounts.ts';
import { listAudit } from '../../src/store/audit.ts';
import { listOutbox } from '../../src/store/outbox.ts';
import type { HttpBrowser } from '../support/http-browser.ts';
import { install, type Install } from '../support/install.ts';
import { person, profile, registerAt, newcomer } from '../support/journeys.ts';
import { enter as enterCak } from '../support/account.ts';

const account = '/careflex/account';
const [daan, hanna] = ['cfx-employee', 'cfx-admin'].map((id) => person(id).account?.id ?? '') as [string, string];
const good = {
  initials: 'D.', given_name: 'Daan', infix: 'de', family_name: 'Wit', birth_date: '29-2-1980', gender: 'man', address: 'Dijk 1\r\n1234 AB Elzenhage', postal_address: '',
  phone: '+31600000402', mobile: '06-12 34 56 78', contact_email: 'daan@elzenhage.example', department: 'Planning', function: '221', card_function: '',
};
const kept = { ...good, birth_date: '1980-02-29', address: 'Dijk 1\n1234 AB Elzenhage', postal_address: null, mobile: '0612345678', card_function: null };

let sluis: Install;
beforeAll(async () => { sluis = await install(); }, 60_000);
afterAll(() => sluis?.stop());

const db = () => sluis.host('careflex').database.db;
const stranger = () => findAccount(db(), hanna);

/** Daan at his own details, and what posts them. */
async function enter(): Promise<{ browser: HttpBrowser; save: (changes: Record<string, string>) => ReturnType<HttpBrowser['post']> }> {
  const browser = sluis.browser();
  const { username = '', password = '' } = person('cfx-employee').login;
  const page = await browser.submit(await browser.get(`${account}/details`), { username, password });
  return { browser, save: (changes) => browser.post(`${account}/details`, { csrf: page.hidden['csrf'] ?? '', ...good, ...changes }) };
}

describe('CFX-5 personal details of a realm with a form of its own', () => {
  beforeEach(() => updateAccount(db(), daan, { birth_date: null, gender: null, address: null, postal_address: null, mobile: null, contact_email: null, function: null, card_function: null, initials: 'D.', salutation: 'heer', newsletter: 0 }));

  test('what was typed is kept; the trail names the fields and nothing that is in them; the person is mailed', async () => {
    const { save } = await enter();
    const saved = await save({});
    expect(new URL(saved.url).search).toBe('?saved=details');
    expect(saved.html).toContain('value="29-02-1980"');
    expect(await findAccount(db(), daan)).toMatchObject(kept);
    const [row] = await listAudit(db(), { event: 'profile.changed', limit: 1 });
    expect(row).toMatchObject({ account_id: daan, actor: { id: daan }, detail: { fields: ['birth_date', 'gender', 'address', 'mobile', 'contact_email', 'function'] } });
    expect(JSON.stringify(row)).not.toMatch(/1980|Dijk|0612|daan@/);
    const mails = await listOutbox(db(), { limit: 50 });
    expect(mails.filter(({ recipient }) => recipient === 'daan@elzenhage.example')).toEqual([]);
    expect(mails.find(({ recipient }) => recipient === 'daan.dewit@elzenhage.example')?.text).not.toMatch(/1980|Dijk|0612|daan@/);
    expect(new URL((await save({})).url).search).toBe('?saved=nothing');
  });

  test('fields that the realm does not ask, and columns that nobody is asked, are ignored', async () => {
    const { save } = await enter();
    const before = await findAccount(db(), daan);
    expect((await save({ salutation: 'mevrouw', newsletter: '1', email: 'mallory@example.org', status: 'deleted', language: 'en', id: hanna, account_id: hanna, organisation_id: 'x', must_activate: '1', purged_at: '1', ['__proto__']: 'x' })).status).toBe(200);
    const { salutation, newsletter, email, status, language, must_activate, purged_at } = before!;
    expect(await findAccount(db(), daan)).toMatchObject({ ...kept, salutation, newsletter, email, status, language, must_activate, purged_at });
  });

  test('the details of somebody else in the same organisation stay as they are', async () => {
    const { browser, save } = await enter();
    const before = await stranger();
    for (const path of [`/details?account=${hanna}`, `/details/${hanna}`, `/details?id=${hanna}`]) expect((await browser.get(`${account}${path}`)).html).not.toContain('Hanna');
    await save({ account: hanna, id: hanna, username: 'hsmit' });
    expect(await stranger()).toEqual(before);
  });

  test.each<[string, Record<string, string>, string[]]>([
    ['NUL', { card_function: 'a\u0000b', address: 'a\u0000b' }, ['profile.address.characters', 'profile.card_function.characters']],
    ['marks that turn the reading direction', { given_name: 'a\u202eb', postal_address: 'a\nb\u2066' }, ['profile.given_name.characters', 'profile.postal_address.characters']],
    ['much too much', { address: 'a'.repeat(20_000), birth_date: '1'.repeat(20_000), mobile: '0'.repeat(20_000), card_function: 'b'.repeat(20_000) }, ['profile.birth_date.format', 'profile.address.long', 'profile.mobile.format', 'profile.card_function.long']],
    ['a function and a gender that nobody offered', { function: '999', gender: 'constructor' }, ['profile.gender.format', 'profile.function.format']],
    ['an address for mail with a second line', { contact_email: 'a@b.example\r\nBcc: c@d.example' }, ['profile.contact_email.format']],
    ['nothing', Object.fromEntries(Object.keys(good).map((field) => [field, ''])), ['profile.initials.required', 'profile.family_name.required']],
  ])('%s is refused, and all that was typed is still there', async (_what, changes, problems) => {
    const { save } = await enter();
    const before = await findAccount(db(), daan);
    const refused = await save({ department: 'Zorg & <b>"welzijn"</b>', ...changes });
    expect([refused.status, refused.problems]).toEqual([422, problems]);
    if (changes['department'] === undefined) expect(refused.html).toContain('value="Zorg &amp; &lt;b&gt;&#34;welzijn&#34;&lt;/b&gt;"');
    expect(await findAccount(db(), daan)).toEqual(before);
  });

  test('markup in a text of several lines and in a function stays text', async () => {
    const { save } = await enter();
    const refused = await save({ address: '</textarea><script>alert(1)</script>', initials: '' });
    expect(refused.html).toContain('&lt;/textarea&gt;&lt;script&gt;alert(1)');
    expect(refused.html).not.toContain('<script>alert');
  });
});

describe('a realm that asks what is usual', () => {
  test('keeps nothing of what it does not ask, on the account pages and at a registration', async () => {
    const { browser, page } = await enterCak(sluis, 'cak-active', '/details');
    const more = { birth_date: '1-1-1980', gender: 'man', address: 'Dijk 1', mobile: '0612345678', contact_email: 'x@y.example', function: '100', card_function: 'x' };
    const nothing = Object.fromEntries(Object.keys(more).map((field) => [field, null]));
    for (const field of Object.keys(more)) expect(page.html).not.toContain(`name="${field}"`);
    expect(new URL((await browser.post('/cak/account/details', { csrf: page.hidden['csrf'] ?? '', ...profile, ...more })).url).search).toBe('?saved=details');
    expect(await findAccount(sluis.host('cak').database.db, person('cak-active').account?.id ?? '')).toMatchObject({ family_name: profile.family_name, ...nothing });
    const someone = newcomer();
    const { membershipId } = await registerAt(sluis, sluis.browser(), someone);
    const at = sluis.host('inlichtingenbureau').database.db;
    const { account_id: id } = await at.selectFrom('memberships').select('account_id').where('id', '=', membershipId).executeTakeFirstOrThrow();
    expect(await findAccount(at, id)).toMatchObject({ family_name: profile.family_name, salutation: 'mevrouw', ...nothing });
  });
});
