import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { listAudit } from '../../src/store/audit.ts';
import { install, newBrokerKeys, type Install } from '../support/install.ts';
import type { HttpBrowser, Page } from '../support/http-browser.ts';
import { arrive, brokerAnswer, depart, ib, person, throughBroker, type Departure } from '../support/journeys.ts';
import { statusXml, type KeyPair } from '../support/saml.ts';

const acs = `/${ib}/saml/acs`;
const user = person('ib-user');

describe('what brokers answer', () => {
  let sluis: Install;
  let foreign: KeyPair;
  beforeAll(async () => { [sluis, foreign] = [await install(), await newBrokerKeys()]; }, 60_000);
  afterAll(() => sluis?.stop());

  const started = async (broker = 'rpn'): Promise<{ browser: HttpBrowser; page: Page; departure: Departure }> => {
    const browser = sluis.browser();
    const page = await arrive(browser);
    return { browser, page, departure: await depart(browser, page, broker) };
  };
  /** The run is still where it was, and the right answer is still taken. */
  const nothingLost = async ({ browser, page }: { browser: HttpBrowser; page: Page }): Promise<void> => {
    const again = await browser.get(page.url);
    expect(again.step).toBe('broker');
    expect((await throughBroker(sluis, browser, again, 'ib-user')).answer['code']).toBeTruthy();
  };

  test.each<[string, (fields: string) => string | undefined]>([
    ['none', () => undefined],
    ['empty', () => ''],
    ['no base64', () => '%%% not base64 %%%'],
    ['no XML', () => Buffer.from('hello').toString('base64')],
    ['no UTF-8', () => Buffer.from([0xff, 0xfe, 0x00]).toString('base64')],
    ['NUL characters', (text) => `${text}\u0000`],
    ['bidi characters', (text) => `\u202e${text}`],
    ['cut off', (text) => text.slice(0, text.length / 2 - (text.length / 2) % 4)],
    ['with entities', () => Buffer.from('<!DOCTYPE r [<!ENTITY a "b">]><r>&a;</r>').toString('base64')],
    ['huge', () => 'QUJD'.repeat(70_000)],
  ])('a malformed SAMLResponse (%s): a clear page with the way back, the run is not lost', async (_name, change) => {
    const at = await started();
    const { SAMLResponse, RelayState } = brokerAnswer(sluis, at.departure, user);
    const changed = change(SAMLResponse);
    const refused = await at.browser.post(acs, { ...(changed !== undefined && { SAMLResponse: changed }), RelayState });
    expect([refused.status, refused.end]).toEqual([400, 'broker']);
    expect(refused.html).toContain(`href="${new URL(at.page.url).pathname}"`);
    await nothingLost(at);
  });

  test.each<[string, string, Parameters<typeof brokerAnswer>[3]]>([
    ['another level than was signed', 'broker.signature', { xml: (xml) => xml.replace('loa3', 'loa4') }],
    ['another person than was signed', 'broker.signature', { xml: (xml) => xml.replace(user.identity?.pseudonym ?? '', person('ib-admin').identity?.pseudonym ?? '') }],
    ['a key that is not the broker\'s', 'broker.signature', {}],
    ['no signature', 'broker.structure', { xml: (xml) => xml.replace(/<ds:Signature[\s\S]*<\/ds:Signature>/, '') }],
    ['another request\'s id', 'broker.unsolicited', { inResponseTo: '_another' }],
  ])('a tampered SAMLResponse (%s) is refused, and the audit says why', async (_name, reason, changes) => {
    const at = await started();
    const keys = Object.keys(changes ?? {}).length === 0 ? { keys: foreign } : {};
    const refused = await at.browser.post(acs, brokerAnswer(sluis, at.departure, user, { ...changes, ...keys }));
    expect([refused.status, refused.end]).toEqual([400, 'broker']);
    const [newest] = await listAudit(sluis.host(ib).database.db, { event: 'broker.refused', limit: 1 });
    expect(newest?.reason).toBe(reason);
    await nothingLost(at);
  });

  test('an answer of one broker to what another was asked is refused', async () => {
    const at = await started('rpn');
    const refused = await at.browser.post(acs, brokerAnswer(sluis, { ...at.departure, broker: 'digidentity' }, user));
    expect([refused.status, refused.end]).toEqual([400, 'broker']);
    await nothingLost(at);
  });

  test('an answer older than five minutes is refused', async () => {
    const at = await started();
    const answer = brokerAnswer(sluis, at.departure, user);
    sluis.advance(900);
    expect((await at.browser.post(acs, answer)).end).toBe('broker');
    await nothingLost(at);
  });

  test('a broker that takes half an hour is waited for', async () => {
    const at = await started();
    sluis.advance(1800);
    expect((await at.browser.post(acs, brokerAnswer(sluis, at.departure, user))).answer['code']).toBeTruthy();
  });

  test('a broker that does not answer at all: back, another one chosen, logged in', async () => {
    const at = await started('zlogin');
    await nothingLost(at);
  });

  test.each<[string, string, string]>([
    ['cancelled by the person', statusXml('Responder', 'AuthnFailed'), 'broker.cancelled'],
    ['no means of this level', statusXml('Responder', 'NoAuthnContext'), 'broker.unavailable'],
    ['the broker\'s own failure', statusXml('Responder', 'PartialLogout'), 'broker.failed'],
    ['our request was wrong', statusXml('Requester', 'RequestDenied'), 'broker.failed'],
  ])('a broker that answers an error (%s): the choice again with what happened, nothing lost', async (_name, status, problem) => {
    const at = await started();
    const shown = await at.browser.post(acs, brokerAnswer(sluis, at.departure, user, { status }));
    expect([shown.status, shown.step, shown.problems]).toEqual([200, 'broker', [problem]]);
    await nothingLost(at);
  });

  test.each(['', 'x', '\u0000', '%00', 'A'.repeat(43), 'A'.repeat(5000), '\u202e', 'https://evil.example/', '//evil.example'])('a RelayState that we never gave (%j): a clear page, no redirect', async (RelayState) => {
    const at = await started();
    const refused = await at.browser.postOnly(acs, { ...brokerAnswer(sluis, at.departure, user), RelayState });
    expect([refused.status, refused.end, refused.location]).toEqual([400, 'ticket', undefined]);
    expect(refused.html).not.toContain('evil.example');
    await nothingLost(at);
  });

  test('a RelayState of another run: the answer is for another request', async () => {
    const [mine, theirs] = [await started(), await started()];
    const refused = await mine.browser.post(acs, { ...brokerAnswer(sluis, mine.departure, user), RelayState: theirs.departure.relay });
    expect([refused.status, refused.end]).toEqual([400, 'broker']);
    await nothingLost(mine);
    await nothingLost(theirs);
  });

  test('an answer that was used is refused the second time', async () => {
    const { browser, departure } = await started();
    const answer = brokerAnswer(sluis, departure, user);
    expect((await browser.post(acs, answer)).answer['code']).toBeTruthy();
    const again = await browser.post(acs, answer);
    expect([again.status, again.end]).toEqual([400, 'ticket']);
    // a double click at the broker is no dead end: the page leads back to the login
    expect(again.html).toMatch(/href="\/inlichtingenbureau\/login\/[\w-]+"/);
  });

  test('the ids of an answer that was used are refused in another run', async () => {
    const [first, second] = [await started(), await started()];
    const id = `twice${Date.now()}`;
    expect((await first.browser.post(acs, brokerAnswer(sluis, first.departure, user, { id }))).answer['code']).toBeTruthy();
    const again = await second.browser.post(acs, brokerAnswer(sluis, second.departure, user, { id }));
    expect([again.status, again.end]).toEqual([400, 'broker']);
    await nothingLost(second);
  });

  test('one answer posted fifty times at once gets in once', async () => {
    const { browser, departure } = await started();
    const answer = brokerAnswer(sluis, departure, user);
    const all = await Promise.all(Array.from({ length: 50 }, () => browser.copy().postOnly(acs, answer)));
    const taken = all.filter(({ status }) => status === 303);
    expect(taken).toHaveLength(1);
    expect(all.filter((page) => page.status === 400 && page.end === 'ticket')).toHaveLength(49);
    expect((await browser.follow(taken[0]!)).answer['code']).toBeTruthy();
  });

  test('an answer for a stranger\'s browser logs nobody in: who started is who gets in', async () => {
    const attacker = await started();
    // the victim's browser is made to post the attacker's own answer
    const victim = sluis.browser();
    const shown = await victim.post(acs, brokerAnswer(sluis, attacker.departure, user));
    expect([shown.status, shown.end]).toEqual([400, 'session_not_found']);
    expect((await arrive(victim)).step).toBe('broker');
  });
});
