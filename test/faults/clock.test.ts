import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { listAudit } from '../../src/store/audit.ts';
import { sealBatch } from '../../src/store/audit-chain.ts';
import { verifyChain } from '../../src/store/audit-verify.ts';
import { enqueue, listOutbox } from '../../src/store/outbox.ts';
import { issueTicket, redeemTicket } from '../../src/store/tickets.ts';
import { install, type Install } from '../support/install.ts';
import { arrive, authUrl, loginCak } from '../support/journeys.ts';
import { typePassword } from '../support/relying-party.ts';
import { until } from '../support/weather.ts';

const hour = 3600;
const day = 86_400;
let at: Install;
beforeAll(async () => { at = await install(); }, 60_000);
afterAll(() => at?.stop());

const database = () => at.host('cak').database;
const silent = (browser: ReturnType<Install['browser']>) => arrive(browser, 'mijn-cak-zakelijk', { prompt: 'none' });

test.each([['an hour back', -hour], ['an hour back and forth', 0]])('a login in the middle of which the clock steps %s ends as a login', async (_name, left) => {
  const browser = at.browser();
  const page = await browser.get(authUrl('mijn-cak-zakelijk'));
  at.advance(-hour);
  if (left === 0) at.advance(hour);
  expect((await typePassword(browser, page)).answer['code']).toBeTruthy();
  expect((await silent(browser)).answer['code']).toBeTruthy();
  if (left !== 0) at.advance(-left);
  // the clock is right again: that session is an hour old
  expect((await silent(browser)).status).toBeLessThan(400);
});

test('a day forward: runs and sessions are over, each says so, and a new login works', async () => {
  const [browser, open] = [at.browser(), at.browser()];
  await loginCak(browser);
  const page = await open.get(authUrl('mijn-cak-zakelijk'));
  at.advance(day);
  expect((await typePassword(open, page)).status).toBe(410);
  expect((await silent(browser)).answer['error']).toBe('login_required');
  expect((await loginCak(at.browser())).answer['code']).toBeTruthy();
  at.advance(-day);
  // and nobody is shut out when it was a mistake
  expect((await loginCak(at.browser())).answer['code']).toBeTruthy();
});

test('what was made while the clock was ahead does not live for ever', async () => {
  at.advance(day);
  const browser = at.browser();
  await loginCak(browser);
  const handle = await issueTicket(database().db, { kind: 'test', runId: null, payload: {}, ttl: 300, now: at.now() });
  at.advance(-day);
  // the step, and its own time
  at.advance(day + at.host('cak').realm.ttl.session + 1);
  expect((await silent(browser)).answer['error']).toBe('login_required');
  expect(await redeemTicket(database().db, 'test', handle, at.now())).toBeUndefined();
  at.advance(-day - at.host('cak').realm.ttl.session - 1);
});

test('too many tries before a step back: the wait does not last for the step as well', async () => {
  at.advance(day);
  const page = await at.browser().get(authUrl('mijn-cak-zakelijk'));
  expect(page.step).toBe('password');
  const attempt = async (password?: string) => {
    const browser = at.browser();
    return typePassword(browser, await browser.get(authUrl('mijn-cak-zakelijk')), 'cak-twin', password === undefined ? {} : { password });
  };
  for (let n = 0; n < 5; n += 1) expect((await attempt('Fout-Woord-12')).problems).toEqual(['password.wrong']);
  expect((await attempt()).problems).toEqual(['password.wait']);
  at.advance(-day);
  expect((await attempt()).answer['code']).toBeTruthy();
}, 60_000);

test('a message written while the clock was ahead is sent when it steps back', async () => {
  at.advance(day);
  // in nobody's hands yet: due only after the step back
  const id = await enqueue(database().db, { channel: 'mail', recipient: 'a@example.nl', subject: 'S', text: 'T', now: at.now() + hour });
  await new Promise((resolve) => { setTimeout(resolve, 1200); });
  at.advance(-day);
  await until(async () => (await listOutbox(database().db)).find((message) => message.id === id)?.state === 'sent');
});

test('the audit trail keeps the order of writing, and its chain holds', async () => {
  for (const step of [day, -day - hour, hour]) {
    at.advance(step);
    await loginCak(at.browser());
    while (await sealBatch(database(), 200, at.now()) > 0);
  }
  const rows = await listAudit(database().db, { limit: 100_000 });
  expect(rows.map(({ seq }) => seq)).toEqual(rows.map(({ seq }) => seq).toSorted((a, b) => b - a));
  expect(rows.some(({ at: time }, n) => n > 0 && time > (rows[n - 1]?.at ?? time))).toBe(true);
  expect(await verifyChain(database())).toMatchObject({ ok: true });
});
