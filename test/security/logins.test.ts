import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hashGate } from '../../src/domain/passwords/gate.ts';
import { install, type Install } from '../support/install.ts';
import { arrive, loginCak, person } from '../support/journeys.ts';

describe('logins', () => {
  let sluis: Install;
  beforeAll(async () => { sluis = await install(); }, 60_000);
  afterAll(() => sluis?.stop());

  test('more than the machine can bear: an honest 503 on the page itself, with what was typed still there; afterwards it works', async () => {
    const browser = sluis.browser();
    const page = await arrive(browser, 'mijn-cak-zakelijk');
    const { relation_number = '', username = '', password = '' } = person('cak-active').login;
    const finish: (() => void)[] = [];
    const full = Array.from({ length: 200 }, () => hashGate.run(() => new Promise<void>((resolve) => { finish.push(resolve); })).catch(() => undefined));
    try {
      const busy = await browser.submit(page, { relation_number, username, password });
      expect([busy.status, busy.headers.get('retry-after'), busy.step, busy.problems]).toEqual([503, '5', 'password', ['password.busy']]);
      expect(busy.html).toContain(`value="${username}"`);
      expect(busy.html).not.toContain(password);
    } finally {
      while (hashGate.load.running > 0) {
        for (const end of finish.splice(0)) end();
        await new Promise((resolve) => setImmediate(resolve));
      }
      await Promise.all(full);
    }
    expect((await browser.get(page.url)).status).toBe(200);
    expect((await loginCak(browser)).problems).toEqual([]);
  }, 60_000);

  test('who guesses elsewhere keeps nobody out of a browser of their own, which says nothing of whose it is', async () => {
    const own = sluis.browser();
    const mark = () => own.cookies.find(({ name }) => name === 'sluis_cak_browser')?.value;
    await arrive(own, 'mijn-cak-zakelijk');
    expect(mark()).toBeUndefined();
    expect((await loginCak(own)).answer['code']).toBeTruthy();
    expect(mark()).toMatch(/^v1\.[\w.-]+$/);
    const { relation_number = '', username = '' } = person('cak-active').login;
    const guess = async () => { const browser = sluis.browser(); return browser.submit(await arrive(browser, 'mijn-cak-zakelijk'), { relation_number, username, password: 'Fout-Woord-12' }); };
    for (let n = 0; n < 5; n += 1) expect((await guess()).problems).toEqual(['password.wrong']);
    expect((await loginCak(sluis.browser())).problems).toEqual(['password.wait']);
    own.cookies = own.cookies.filter(({ name }) => name === 'sluis_cak_browser');
    expect((await loginCak(own)).answer['code']).toBeTruthy();
  }, 60_000);
});
