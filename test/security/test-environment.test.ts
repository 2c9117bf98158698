import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { HttpBrowser, Page } from '../support/http-browser.ts';
import { install, type Install } from '../support/install.ts';
import { arrive, authUrl, brokerAnswer, depart, ib, login, newcomer, person, portals, registerAt } from '../support/journeys.ts';

const portal = 'portaal-zorg-test';
const acs = `/${ib}/saml/acs`;
const marked = ({ html }: Page): boolean => html.includes('data-test-environment');

/** Row IB-10: who is in a test environment sees so on whatever page comes. */
describe('IB-10 a test environment is marked on every page of Sluis', () => {
  let sluis: Install;
  beforeAll(async () => { sluis = await install(); }, 60_000);
  afterAll(() => sluis?.stop());

  const atBroker = async (browser: HttpBrowser): Promise<{ page: Page; answer: ReturnType<typeof brokerAnswer> }> => {
    const page = await arrive(browser, portal);
    return { page, answer: brokerAnswer(sluis, await depart(browser, page, 'rpn'), person('ib-user')) };
  };

  test.each<[string, (browser: HttpBrowser) => Promise<Page>]>([
    ['the choice of a broker', (browser) => arrive(browser, portal)],
    ['the choice with an error', async (browser) => browser.submit(await arrive(browser, portal))],
    ['on the way to a broker', async (browser) => browser.submit(await arrive(browser, portal), { broker: 'wbid' })],
    ['personal settings', (browser) => login(sluis, browser, newcomer(), portal)],
    ['verification', async (browser) => (await registerAt(sluis, browser, newcomer(), portal)).page],
    ['a level that is too low', (browser) => login(sluis, browser, 'ib-low', portal)],
    ['agreements missing', (browser) => login(sluis, browser, 'ib-unsigned', portal)],
    ['a redirect address that is not registered', (browser) => browser.get(authUrl(portal, { redirect_uri: `${portals}/portaal-zorg/callback` }))],
    ['a form that was not made for this browser', async (browser) => browser.post((await arrive(browser, portal)).action, { csrf: 'x' })],
    ['a login of another browser', async (browser) => sluis.browser().get((await arrive(browser, portal)).url)],
    ['a broker\'s answer that is not believed', async (browser) => browser.post(acs, { ...(await atBroker(browser)).answer, SAMLResponse: 'x' })],
    ['a broker\'s answer that was used before', async (browser) => {
      const { answer } = await atBroker(browser);
      await browser.postOnly(acs, answer);
      return browser.post(acs, answer);
    }],
    ['logging out', async (browser) => {
      await login(sluis, browser, 'ib-user', portal);
      return browser.get(`/${ib}/session/end?client_id=${portal}`);
    }],
    ['logged out', async (browser) => {
      await login(sluis, browser, 'ib-user', portal);
      return browser.submit(await browser.get(`/${ib}/session/end?client_id=${portal}`), { logout: 'yes' });
    }],
    ['a login that took too long', async (browser) => {
      const { page } = await atBroker(browser);
      sluis.advance(3601);
      return browser.get(page.url).finally(() => sluis.advance(-3601));
    }],
  ])('%s', async (_name, walk) => {
    const page = await walk(sluis.browser());
    expect([page.status < 500, page.html.includes('<main'), marked(page)]).toEqual([true, true, true]);
  });

  test('the list of portals says which is one; pages of other portals bear no mark', async () => {
    const browser = sluis.browser();
    expect((await browser.get(`/${ib}/`)).html).toMatch(/Portaal Zorg \(test\)<\/a> <span[^>]*>Testomgeving/);
    expect(marked(await arrive(browser, 'portaal-zorg'))).toBe(false);
  });
});
