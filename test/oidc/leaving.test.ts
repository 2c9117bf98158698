import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { listAudit } from '../../src/store/audit.ts';
import { createDocuments } from '../../src/store/documents.ts';
import { insertGrant, listGrantsOf } from '../../src/store/grants.ts';
import { listOutbox } from '../../src/store/outbox.ts';
import { listSessionClients, listSessions } from '../../src/store/sessions.ts';
import { anOrganisation } from '../support/rows.ts';
import type { HttpBrowser, Page } from '../support/http-browser.ts';
import { install, type Install } from '../support/install.ts';
import { ib, person, throughBroker } from '../support/journeys.ts';
import { cakClient, cakLogin, type RelyingParty } from '../support/relying-party.ts';

/** Somebody logs out of one client and stays logged in at the others: that one has nothing any more. */
let at: Install;
beforeAll(async () => { at = await install(); }, 60_000);
afterAll(() => at?.stop());
beforeEach(async () => { for (const { database } of at.running.hosts) await database.db.deleteFrom('sessions').execute(); });

/** The button of the page that stays logged in elsewhere sends no `logout`. */
const leave = async (browser: HttpBrowser, realm: string, client: string): Promise<Page> => browser.submit(await browser.get(`/${realm}/session/end?client_id=${client}`));

describe('the administration', () => {
  const db = () => at.host(ib).database.db;
  const faces = () => db().selectFrom('face_sessions').selectAll().execute();
  const anneke = person('ib-admin').account?.id ?? '';
  let browser: HttpBrowser;
  beforeEach(async () => {
    await db().deleteFrom('face_sessions').execute();
    browser = at.browser();
    await throughBroker(at, browser, await browser.get(`/${ib}/admin/`), 'ib-admin');
    expect((await browser.send(`/${ib}/admin/`)).status).toBe(200);
  });

  test('is closed by leaving it alone; the session goes on, and the trail says so', async () => {
    const [session] = await listSessions(db(), { accountId: anneke });
    const page = await leave(browser, ib, 'sluis-beheer');
    expect(page.html).toContain('data-ended="portal"');
    expect((await browser.send(`/${ib}/admin/`)).status).toBe(303);
    expect([await faces(), await listSessionClients(db(), session?.id ?? ''), await listGrantsOf(db(), session?.id ?? '')]).toEqual([[], [], []]);
    expect(await listSessions(db(), { accountId: anneke })).toMatchObject([{ id: session?.id }]);
    expect((await listAudit(db(), { event: 'session.left' }))[0]).toMatchObject({
      actor: { kind: 'person', id: anneke }, client_id: 'sluis-beheer', object_id: session?.id, session_id: session?.id, acting_for: session?.organisation_id,
      reference: expect.any(String), address: expect.any(String),
    });
  });

  test('opens for nobody whose grant is gone', async () => {
    await db().deleteFrom('grants').where('id', 'in', (await faces()).map(({ grant_id }) => grant_id)).execute();
    expect((await browser.send(`/${ib}/admin/`)).status).toBe(303);
    expect(await faces()).toHaveLength(1);
  });
});

describe('a client', () => {
  const db = () => at.host('cak').database.db;
  let [left, stays]: RelyingParty[] = [];
  beforeAll(async () => { [left, stays] = [await cakClient(at, 'left'), await cakClient(at, 'stays')]; });

  test('without an address to be told has nothing left either, of any organisation', async () => {
    const browser = at.browser();
    const [mine, other] = [await cakLogin(left!, browser), await cakLogin(stays!, browser)];
    const [session] = await listSessions(db(), { accountId: mine.claims.sub });
    const id = session?.id ?? '';
    // what it was given before, for another organisation
    const documents = createDocuments({ db: db() });
    await anOrganisation(db(), 'earlier');
    await insertGrant(db(), { id: 'earlier', session_id: id, account_id: mine.claims.sub, client_id: 'left', organisation_id: 'earlier', acr: '', created_at: at.now() });
    for (const model of ['RefreshToken', 'AuthorizationCode', 'AccessToken']) await documents.upsert(model, `earlier-${model}`, { grantId: 'earlier' }, at.now() + 900);
    expect((await leave(browser, 'cak', 'left')).html).toContain('data-ended="portal"');
    expect((await left!.userinfo(mine.access_token)).status).toBe(401);
    await expect(left!.refresh(mine.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });
    expect((await stays!.userinfo(other.access_token)).status).toBe(200);
    expect((await listSessionClients(db(), id)).map(({ client_id }) => client_id)).toEqual(['stays']);
    expect((await listGrantsOf(db(), id)).map(({ client_id }) => client_id)).toEqual(['stays']);
    expect(await db().selectFrom('documents').select('id').where('grant_id', '=', 'earlier').execute()).toEqual([]);
    expect(await listOutbox(db(), { channel: 'logout' })).toEqual([]);
    expect((await listAudit(db(), { event: 'session.left' })).map(({ client_id }) => client_id)).toEqual(['left']);
    // and a new login there asks nothing
    expect((await cakLogin(left!, browser)).claims.sub).toBe(mine.claims.sub);
  });

  test('that was never used is left without a trace', async () => {
    const browser = at.browser();
    const { access_token } = await cakLogin(stays!, browser);
    const before = (await listAudit(db(), { event: 'session.left' })).length;
    await leave(browser, 'cak', 'left');
    expect((await listAudit(db(), { event: 'session.left' })).length).toBe(before);
    expect((await stays!.userinfo(access_token)).status).toBe(200);
  });
});
