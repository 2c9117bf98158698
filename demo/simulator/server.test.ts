import { describe, expect, test } from '@jest/globals';
import request from 'supertest';
import { readWorld } from '../world.ts';
import { posted, provider, requestXml, signed } from './fixtures.ts';
import { newSimulatorKeys } from './keys.ts';
import { createSimulator } from './server.ts';
import { below, ns, parseXml, text } from './xml.ts';

const settings = { simulatorUrl: 'http://localhost:3002', sluisUrl: 'http://127.0.0.1:9' };
const world = readWorld();
const app = createSimulator({ settings, world, keys: await newSimulatorKeys(), log: () => undefined, provider: async () => provider, slowness: 20 });
const browser = request(app.callback());

function person(id: string) {
  const means = world.realms.flatMap((realm) => realm.people).find((p) => p.id === id)?.means;
  if (!means) throw new Error(`${id} has no means`);
  return means;
}

async function begin(broker: string, minimum = 'loa3'): Promise<string> {
  const xml = signed(requestXml({ destination: `${settings.simulatorUrl}/${broker}/sso`, minimum }));
  const answer = await browser.post(`/${broker}/sso`).type('form').send(posted(xml)).expect(303);
  return answer.headers['location'] ?? '';
}

const post = (path: string, form: Record<string, string>) => browser.post(path).type('form').send(form);

async function code(): Promise<string> {
  const outbox = await browser.get('/outbox').expect(200);
  return outbox.body[0].code;
}

/** Name and password, then the code. */
async function logIn(id: string, minimum?: string) {
  const { broker, username, password } = person(id);
  const path = await begin(broker, minimum);
  await post(path, { username, password }).expect(303);
  return { path, answer: await post(path, { code: await code() }) };
}

function response(page: string) {
  const value = /name="SAMLResponse" value="([^"]+)"/.exec(page)?.[1]?.replaceAll('&#61;', '=') ?? '';
  return parseXml(Buffer.from(value, 'base64').toString('utf8'));
}

const levelIn = (page: string) => text(below(response(page), ns.assertion, 'AuthnContextClassRef')[0]).split(':').at(-1);
const statusIn = (page: string) => below(response(page), ns.protocol, 'StatusCode').map((c) => c.getAttribute('Value')?.split(':').at(-1));

describe('IB-3: at the broker', () => {
  test('username and password, SMS code, and the answer goes to the service provider', async () => {
    const { answer } = await logIn('ib-user');
    expect(answer.text).toContain('action="http://sp.example/saml/acs"');
    expect(answer.text).toContain('name="RelayState" value="ticket"');
    expect(levelIn(answer.text)).toBe('loa3');
  });

  test('a wrong password, another broker\'s means and a wrong code are told; what was typed stays', async () => {
    const path = await begin('rpn');
    const { username, password } = person('ib-user');
    const wrong = await post(path, { username, password: 'no' });
    expect(wrong.text).toContain('data-problem="credentials.wrong"');
    expect(wrong.text).toContain(`value="${username}"`);
    const other = person('ib-admin');
    expect((await post(path, { username: other.username, password: other.password })).text).toContain('data-problem="credentials.wrong"');
    await post(path, { username, password }).expect(303);
    expect((await post(path, { code: 'abc' })).text).toContain('data-problem="code.wrong"');
  });

  test('resend and call: the new code counts, the old one does not', async () => {
    const { broker, username, password } = person('ib-new');
    const path = await begin(broker);
    await post(path, { username, password });
    const first = await code();
    await post(path, { action: 'call' }).expect(303);
    const outbox = (await browser.get('/outbox')).body;
    expect(outbox[0]).toMatchObject({ realm: 'inlichtingenbureau', channel: 'voice', delivered: false });
    expect(outbox[0].text).toContain([...outbox[0].code].join(' '));
    if (first !== outbox[0].code) expect((await post(path, { code: first })).text).toContain('data-problem="code.wrong"');
    expect(levelIn((await post(path, { code: outbox[0].code })).text)).toBe('loa3');
  });

  test('IB-10: where level 2 is enough the code may be left out; where more is asked it may not', async () => {
    const { broker, username, password } = person('ib-admin');
    const low = await begin(broker, 'loa2');
    await post(low, { username, password }).expect(303);
    expect((await browser.get(low)).text).toContain('value="skip"');
    expect(levelIn((await post(low, { action: 'skip' })).text)).toBe('loa2');
    const path = await begin(broker, 'loa3');
    await post(path, { username, password }).expect(303);
    expect((await browser.get(path)).text).not.toContain('value="skip"');
    await post(path, { action: 'skip' }).expect(303);
    expect((await browser.get(path)).text).toContain('name="code"');
  });

  test('cancelling answers Responder and AuthnFailed, and the login is over', async () => {
    const path = await begin('rpn');
    const answer = await post(path, { action: 'cancel' });
    expect(statusIn(answer.text)).toEqual(['Responder', 'AuthnFailed']);
    expect((await browser.get(path).expect(404)).text).toContain('data-end="over"');
  });

  test('a smartcard gives level 4', async () => {
    const path = await begin('wbid', 'loa4');
    await post(path, { action: 'card' }).expect(303);
    expect((await post(path, {})).text).toContain('data-problem="card.required"');
    expect(levelIn((await post(path, { card: 'ib-card' })).text)).toBe('loa4');
  });

  test('IB-1: a means below what is asked is refused; a tester may go on with the lower level', async () => {
    const { path, answer } = await logIn('ib-low');
    expect(answer.status).toBe(303);
    const page = await browser.get(path).set('Accept-Language', 'nl').expect(200);
    expect(page.text).toContain('Uw middel is niveau 2, gevraagd is niveau 3');
    expect(levelIn((await post(path, { action: 'proceed' })).text)).toBe('loa2');
  });

  test('a broker that does not obey gives the lower level without asking', async () => {
    await browser.post('/control').send({ broker: 'wbid', obey: false }).expect(200);
    expect(levelIn((await logIn('ib-plus')).answer.text)).toBe('loa2plus');
  });
});

describe('knobs for bad weather', () => {
  test('down, slow, error and ok again', async () => {
    await browser.post('/control').send({ broker: 'reecent', mode: 'down' }).expect(200);
    await browser.get('/reecent/metadata').expect(503);
    await browser.post('/control').send({ broker: 'reecent', mode: 'error' }).expect(200);
    const xml = signed(requestXml({ destination: `${settings.simulatorUrl}/reecent/sso` }));
    expect(statusIn((await post('/reecent/sso', posted(xml))).text)).toEqual(['Responder', 'RequestUnsupported']);
    await browser.post('/control').send({ broker: 'reecent', mode: 'slow' }).expect(200);
    await begin('reecent');
    await browser.post('/control').send({ broker: 'reecent', mode: 'ok' }).expect(200);
    expect(await begin('reecent')).toMatch(/^\/reecent\/login\//);
  });

  test('nonsense is refused', async () => {
    await browser.post('/control').send({ broker: 'nobody', mode: 'ok' }).expect(400);
    await browser.post('/control').send({ broker: 'rpn', mode: 'odd' }).expect(400);
    await browser.post('/control').type('form').send({ broker: 'rpn', mode: 'down' }).expect(400);
  });

  test('an untrusted request gets a page with its code, and no answer', async () => {
    const answer = await post('/rpn/sso', posted(requestXml({ destination: `${settings.simulatorUrl}/rpn/sso` }))).expect(400);
    expect(answer.text).toContain('data-end="request.unsigned"');
    await browser.get('/nobody/sso').expect(404);
  });
});
