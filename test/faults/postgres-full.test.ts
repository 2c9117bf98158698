import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { listAudit } from '../../src/store/audit.ts';
import { sealBatch } from '../../src/store/audit-chain.ts';
import { verifyChain } from '../../src/store/audit-verify.ts';
import { findRun } from '../../src/store/runs.ts';
import { freshPostgres, hasPostgres } from '../support/databases.ts';
import { install, type Install } from '../support/install.ts';
import { authUrl } from '../support/journeys.ts';
import { cakClient, cakLogin, typePassword, type RelyingParty, type Tokens } from '../support/relying-party.ts';
import { expectUnavailable, expectUnavailableJson } from '../support/weather.ts';

/** The server says what it says when its disk is full (53100), at each row of the trail: the last write of a turn. */
(hasPostgres ? describe : describe.skip)('a PostgreSQL server whose disk is full', () => {
  let at: Install;
  let drop: () => Promise<void>;
  let rp: RelyingParty;
  let tokens: Tokens;
  beforeAll(async () => {
    const database = await freshPostgres();
    drop = database.drop;
    at = await install({ change: ({ system }) => { system.database_url = database.url.href; } });
    rp = await cakClient(at, 'weather', { grant_types: ['authorization_code', 'refresh_token'], scope: 'openid roles' });
    tokens = await cakLogin(rp, at.browser(), { params: { scope: 'openid roles' } });
  }, 60_000);
  afterAll(async () => {
    await at?.stop();
    await drop?.();
  }, 30_000);

  const db = () => at.host('cak').database;
  const fill = async (): Promise<void> => {
    await sql`create function full_disk() returns trigger language plpgsql as $$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$`.execute(db().db);
    await sql`create trigger full_disk before insert on audit for each row execute function full_disk()`.execute(db().db);
  };
  const makeRoom = async (): Promise<void> => {
    await sql`drop trigger full_disk on audit`.execute(db().db);
  };
  const refresh = (): Promise<Response> => fetch(`${at.url}/cak/token`, {
    method: 'POST', headers: { authorization: `Basic ${Buffer.from('weather:secret-of-weather-that-is-long-enough').toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' }),
  });

  test('a turn is whole or not at all, a refresh takes nothing; with room again both simply go on', async () => {
    const browser = at.browser();
    const page = await browser.get(authUrl('mijn-cak-zakelijk'));
    const id = new URL(page.url).pathname.split('/').at(-1) ?? '';
    const [before, rows] = [await findRun(db().db, id), (await listAudit(db().db, { limit: 100_000 })).length];
    await fill();
    expectUnavailable(await typePassword(browser.copy(), page));
    await expectUnavailableJson(await refresh());
    expect(await findRun(db().db, id)).toEqual(before);
    expect((await listAudit(db().db, { limit: 100_000 })).length).toBe(rows);
    expect((await rp.userinfo(tokens.access_token)).status).toBe(200);
    await makeRoom();
    expect((await typePassword(browser, await browser.get(page.url))).answer['code']).toBeTruthy();
    expect((await refresh()).status).toBe(200);
    while (await sealBatch(db(), 200, at.now()) > 0);
    expect(await verifyChain(db())).toMatchObject({ ok: true });
  }, 60_000);
});
