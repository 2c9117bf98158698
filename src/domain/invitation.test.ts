import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { dialects, type TestDatabase } from '../../test/support/databases.ts';
import { desk, exampleRealm, noon, organisationWith, vault } from '../../test/support/house.ts';
import { fastHash } from '../../test/support/local.ts';
import { aMembership, anAccount } from '../../test/support/rows.ts';
import type { Realm } from '../config/schema.ts';
import { insertLogin, updateAccount } from '../store/accounts.ts';
import { listAudit } from '../store/audit.ts';
import type { Database } from '../store/database.ts';
import { listOutbox } from '../store/outbox.ts';
import { lockAccount } from './accounts.ts';
import { invite, newInvitation, waitsForAgreements } from './invitation.ts';
import { checkLogin } from './local-login.ts';
import { recordAgreement, withdrawAgreement } from './organisations.ts';
import { choosePasswordByLink } from './passwords/link.ts';

const plain = exampleRealm();
const realmWith = (first: Realm['password']['first']): Realm => ({ ...plain, login: { ...plain.login, argon2: fastHash }, password: { ...plain.password, forgotten: 'link', first } });
const [request, link, oneTime] = [realmWith('request'), realmWith('link'), realmWith('one_time')];
const day = 86_400;
const good = 'Riet-Oever-Boot-7';

describe.each(dialects)('the first mail of an account on $name', ({ open }) => {
  let held: TestDatabase;
  let database: Database;
  let organisation: string;
  beforeEach(async () => {
    held = await open();
    ({ database } = held);
    organisation = await organisationWith(database, request, '12345678', { agreements: [] });
    await newcomer('marit', 'administrator');
  });
  afterEach(() => held.drop());

  async function newcomer(id: string, tier: 'user' | 'administrator' = 'user'): Promise<void> {
    await anAccount(database.db, id, { given_name: 'Marit', family_name: 'Hofman', email: `${id}@zorg.example` });
    await insertLogin(database.db, { scope: '', username: `${id}1`, account_id: id });
    await aMembership(database.db, `m-${id}`, id, organisation, { status: 'active', tier });
  }
  const mails = () => listOutbox(database.db, { channel: 'mail' });
  const send = async (realm: Realm, accountId = 'marit', now = noon) => {
    const invitation = await newInvitation(realm);
    return database.transaction((tx) => invite(tx, realm, { accountId, invitation, actor: desk, now }));
  };
  const sign = (agreement: string, realm = request) => database.transaction((tx) => recordAgreement(tx, { realm, organisationId: organisation, agreement, signedAt: noon, actor: desk, now: noon }));
  const handle = async (): Promise<string> => (await mails())[0]?.links[0]?.split('/').at(-1) ?? '';

  test('CIZ-1, CIZ-11 `request`: login name, what to do, and a page that does not expire', async () => {
    expect(await send(request)).toEqual({ mailed: true });
    const [mail] = await mails();
    expect(mail).toMatchObject({ recipient: 'marit@zorg.example', links: ['http://localhost:3000/voorbeeld/password/forgot'], secret: 0 });
    for (const part of ['Gebruikersnaam: marit1', 'http://localhost:3000/voorbeeld/password/forgot', 'tweede e-mail']) expect(mail?.text).toContain(part);
    expect(await database.db.selectFrom('passwords').selectAll().execute()).toEqual([]);
    expect((await listAudit(database.db, { event: 'account.invited' }))[0]).toMatchObject({ object_id: 'marit', detail: { first: 'request' }, actor: { kind: 'desk' } });
  });

  test('CFX-1 `link`: a link for a week, and where to ask for another', async () => {
    await send(link);
    const [mail] = await mails();
    expect(mail?.links).toEqual([expect.stringMatching(/\/password\/link\/[\w-]{43}$/), 'http://localhost:3000/voorbeeld/password/forgot']);
    expect(mail).toMatchObject({ secret: 1 });
    expect(mail?.text).toContain('De link werkt 7 dagen');
    const first = await handle();
    const use = (now: number) => choosePasswordByLink({ database, realm: link, now }, { handle: first, chosen: good });
    expect((await use(noon + 7 * day)).kind).toBe('gone');
    expect((await use(noon + 7 * day - 1)).kind).toBe('done');
    expect((await checkLogin({ db: database.db, realm: link, vault, now: noon + 7 * day }, { names: { scope: '', username: 'marit1' }, password: good, address: '192.0.2.1' })).kind).toBe('right');
  });

  test('CAK-2 `one_time`: a password of one time, as before', async () => {
    expect(await send(oneTime)).toMatchObject({ mailed: true });
    expect((await mails())[0]).toMatchObject({ subject: 'Uw inloggegevens voor Voorbeeld', code: expect.stringMatching(/^\w{4}-/) });
  });

  test('without a password a login is refused as any other', async () => {
    await send(request);
    const tryWith = (username: string, password: string) => checkLogin({ db: database.db, realm: request, vault, now: noon }, { names: { scope: '', username }, password, address: '192.0.2.1' });
    for (const password of ['', good, 'null']) expect(await tryWith('marit1', password)).toEqual(await tryWith('nobody', password));
  });

  test('again as often as wanted, until there is a password of their own', async () => {
    await send(link);
    const first = await handle();
    await send(link);
    expect(await mails()).toHaveLength(2);
    expect((await choosePasswordByLink({ database, realm: link, now: noon }, { handle: await handle(), chosen: good })).kind).toBe('done');
    expect((await choosePasswordByLink({ database, realm: link, now: noon }, { handle: first, chosen: good })).kind).toBe('gone');
    for (const realm of [request, link, oneTime]) await expect(send(realm)).rejects.toMatchObject({ code: 'invite.done' });
  });

  test('nobody who cannot use it is invited', async () => {
    await anAccount(database.db, 'stranger', { email: 'stranger@zorg.example' });
    await expect(send(request, 'stranger')).rejects.toMatchObject({ code: 'user.no_login' });
    await expect(send(request, 'nobody')).rejects.toMatchObject({ code: 'account.unknown' });
    await updateAccount(database.db, 'marit', { email: null });
    await expect(send(request)).rejects.toMatchObject({ code: 'invite.no_email' });
    await database.transaction((tx) => lockAccount(tx, { accountId: 'marit', actor: desk, now: noon }));
    await expect(send(request)).rejects.toMatchObject({ code: 'user.not_active' });
    expect(await mails()).toEqual([]);
  });

  test('CIZ-1 administrators are invited with the last agreement, once, and nobody else is', async () => {
    await newcomer('teun');
    await newcomer('berta', 'administrator');
    await send(request, 'berta');
    expect(await sign('aansluitovereenkomst')).toEqual([]);
    expect(await sign('vecozo')).toEqual(['marit']);
    expect((await mails()).map(({ recipient }) => recipient)).toEqual(['marit@zorg.example', 'berta@zorg.example']);
    expect(await sign('vecozo')).toEqual([]);
    await database.transaction((tx) => withdrawAgreement(tx, { organisationId: organisation, agreement: 'vecozo', actor: desk, now: noon }));
    expect(await sign('vecozo')).toEqual([]);
    expect((await listAudit(database.db, { event: 'account.invited' })).map(({ object_id }) => object_id)).toEqual(['marit', 'berta']);
  });

  test('of two agreements recorded at once one is the last', async () => {
    const other = held.second();
    const both = await Promise.all([
      sign('aansluitovereenkomst'),
      other.transaction((tx) => recordAgreement(tx, { realm: request, organisationId: organisation, agreement: 'vecozo', signedAt: noon, actor: desk, now: noon })),
    ]);
    expect(both.flat()).toEqual(['marit']);
  });

  test('with one-time passwords recording invites nobody; a first mail waits for an administrator alone', async () => {
    const waits = (realm: Realm, tier: 'user' | 'administrator') => waitsForAgreements(database.db, realm, { organisationId: organisation, tier });
    expect([await waits(request, 'administrator'), await waits(link, 'administrator'), await waits(request, 'user'), await waits(oneTime, 'administrator')]).toEqual([true, true, false, false]);
    await sign('aansluitovereenkomst', oneTime);
    expect(await sign('vecozo', oneTime)).toEqual([]);
    expect(await waits(request, 'administrator')).toBe(false);
    expect(await mails()).toEqual([]);
  });
});
