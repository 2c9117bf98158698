import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pino from 'pino';
import { listAudit } from '../../src/store/audit.ts';
import { install, type Install } from '../support/install.ts';
import { arrive, brokerAnswer, depart, ib, login, loginCak, person, profile, registerAt } from '../support/journeys.ts';

const lines: string[] = [];
const sink = new Writable({ write(chunk: Buffer, _encoding, done) { lines.push(chunk.toString()); done(); } });

describe('at the edges', () => {
  let sluis: Install;
  beforeAll(async () => {
    sluis = await install({ log: pino({ level: 'debug' }, sink) });
  }, 60_000);
  afterAll(() => sluis?.stop());

  test('the log holds no personal data: no name, address, password, code, query or cookie', async () => {
    const browser = sluis.browser();
    await registerAt(sluis, browser, 'ib-new');
    await loginCak(sluis.browser());
    const log = lines.join('');
    expect(log).toContain('"path":"/inlichtingenbureau/saml/acs"');
    for (const secret of [profile.email, profile.phone, profile.family_name, 'jdevries', 'Riet-Oever', 'SAMLResponse', 'code=', 'state=', 'sluis_cak=']) {
      expect([secret, log.includes(secret)]).toEqual([secret, false]);
    }
    // nor the id of a run in the line of each request: it is half of what opens the run
    expect(log).toContain('/login/:run');
  });

  test('a mandate for one branch, or through an intermediary, is refused with a page of its own', async () => {
    for (const name of ['urn:etoegang:1.9:ServiceRestriction:Vestigingsnr', 'urn:etoegang:core:IntermediateSubjectID', 'urn:etoegang:1.9:IntermediateEntityID:KvKnr']) {
      const browser = sluis.browser();
      const departure = await depart(browser, await arrive(browser), 'rpn');
      const someone = person('ib-user');
      const answer = brokerAnswer(sluis, departure, someone, { also: { [name]: '000012345678' } });
      const page = await browser.post(`/${ib}/saml/acs`, answer);
      expect([name, page.status, page.end]).toEqual([name, 400, 'restricted']);
      expect((await arrive(browser, 'werk-en-inkomen', { prompt: 'none' })).answer['error']).toBe('login_required');
    }
  });

  test('a fault in one realm is told in its own words, not in the first realm\'s', async () => {
    const page = await sluis.browser().post('/cak/saml/acs', { SAMLResponse: 'x'.repeat(500_000) });
    expect(page.status).toBe(413);
    expect(page.html).toContain('/cak/theme.css');
    expect(page.html).not.toContain('inlichtingenbureau');
  });

  test('a body that is no form is nothing: no answer of 500', async () => {
    const answer = await fetch(`${sluis.url}/${ib}/saml/acs`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"RelayState":{"toString":null}}' });
    expect(answer.status).toBe(400);
  });

  test('two tabs on the administration: the login of the first is not lost', async () => {
    const browser = sluis.browser();
    const first = await browser.follow(await browser.get(`/${ib}/admin/`));
    await browser.get(`/${ib}/admin/people/nobody`);
    const departure = await depart(browser, first, 'digidentity');
    const back = await browser.follow(await browser.post(`/${ib}/saml/acs`, brokerAnswer(sluis, departure, person('ib-admin'))));
    expect([back.status, back.end]).toEqual([200, undefined]);
    expect(back.url).toContain('/admin/');
  });

  test('noise of strangers leaves no rows in the audit trail', async () => {
    const count = async (): Promise<number> => (await listAudit(sluis.host(ib).database.db, { limit: 10_000 })).length;
    const before = await count();
    for (let i = 0; i < 5; i += 1) {
      await sluis.browser().get(`/${ib}/auth?client_id=nobody-${i}&response_type=code&scope=openid`);
      await sluis.browser().post(`/${ib}/saml/acs`, { SAMLResponse: 'x', RelayState: `made-up-${i}` });
    }
    expect(await count()).toBe(before);
  });

  test('the audit rows of a registration carry its run', async () => {
    const rows = await listAudit(sluis.host(ib).database.db, { limit: 10_000 });
    const made = rows.filter((row) => ['registration.created', 'account.created'].includes(row.event));
    expect(made.length).toBeGreaterThan(0);
    for (const row of made) expect([row.event, row.run_id === null]).toEqual([row.event, false]);
  });

  test('a session is as old as its login, however often it is used', async () => {
    const browser = sluis.browser();
    await login(sluis, browser, 'ib-user');
    const silent = () => arrive(browser, 'werk-en-inkomen', { prompt: 'none' });
    for (let hours = 0; hours < 7.75; hours += 0.25) {
      sluis.advance(900);
      expect((await arrive(browser, 'werk-en-inkomen')).answer['code']).toBeTruthy();
    }
    sluis.advance(900);
    expect((await silent()).answer['error']).toBe('login_required');
  });
});
