import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Config } from '../../src/config/schema.ts';
import { issueActivation } from '../../src/domain/activation.ts';
import { findAccount, updateAccount } from '../../src/store/accounts.ts';
import { listAnswers } from '../../src/store/answers.ts';
import { listAudit } from '../../src/store/audit.ts';
import { activationCodes } from '../../src/store/codes.ts';
import { listOutbox } from '../../src/store/outbox.ts';
import { desk } from '../support/house.ts';
import type { HttpBrowser, Page } from '../support/http-browser.ts';
import { install, type Install } from '../support/install.ts';
import { loginCak, person } from '../support/journeys.ts';

const cak = 'cak';
const answers = { question_1: 'first-street', answer_1: 'Dorpsstraat', question_2: 'first-school', answer_2: 'De Regenboog', question_3: 'first-pet', answer_3: 'Snuf' };

/** After the password: the activation code, then the secret questions, which may wait. */
function ask({ realms }: Config): void {
  const flow = realms.find(({ id }) => id === cak)?.flows['password'];
  const more = [{ step: 'activation-code', with: {} }, { step: 'security-questions', with: { optional: true }, unless: ['questions_answered'] }];
  flow?.bindings.splice(-1, 0, ...more);
  flow?.ensure.push('activated');
}

describe('CAK-3, CAK-7 over HTTP', () => {
  let sluis: Install;
  let browser: HttpBrowser;
  let page: Page;
  let account: string;
  beforeAll(async () => { sluis = await install({ change: ask }); }, 60_000);
  afterAll(() => sluis?.stop());
  beforeEach(async () => {
    account = person('cak-active').account?.id ?? '';
    await updateAccount(db(), account, { status: 'active', must_activate: 1, last_login_at: null });
    for (const table of ['activation_codes', 'security_answers', 'counters'] as const) await db().deleteFrom(table).execute();
    browser = sluis.browser();
    page = await loginCak(browser);
  });

  const db = () => sluis.host(cak).database.db;
  const issue = async (channel: 'mail' | 'letter' = 'mail'): Promise<string> => {
    const { database, realm } = sluis.host(cak);
    return (await database.transaction((tx) => issueActivation(tx, { realm, accountId: account, channel, address: ['Postbus 1'], actor: desk, now: sluis.now() }))).code;
  };
  const type = async (code: string): Promise<Page> => browser.submit(await browser.get(page.url), { code });
  const used = async (): Promise<number> => (await listAudit(db(), { event: 'activation.used', limit: 1000 })).length;

  test('the page comes after the password, and the code that was sent opens the way; it is asked once', async () => {
    expect([page.step, page.html.includes('nog geen activatiecode')]).toEqual(['activation-code', true]);
    const code = await issue('letter');
    expect((await browser.get(page.url)).html).toContain('een brief met een activatiecode');
    expect((await type(code)).step).toBe('security-questions');
    expect((await loginCak(sluis.browser())).step).toBe('security-questions');
  });

  test('fifty right ones at once: one is used', async () => {
    const [code, before] = [await issue(), await used()];
    const form = await browser.get(page.url);
    await Promise.all(Array.from({ length: 50 }, () => browser.submit(form, { code })));
    expect(await used()).toBe(before + 1);
    expect((await browser.get(page.url)).step).toBe('security-questions');
  });

  test('wrong ones at once, over and over: five are compared, then the right one is dead too', async () => {
    const code = await issue();
    // a post that another one overtook is stale, and no guess: so each round takes at least one try
    for (let round = 0; round < 5; round += 1) {
      const form = await browser.get(page.url);
      await Promise.all(Array.from({ length: 10 }, (_, n) => browser.submit(form, { code: `AAAA-AAAA-${n}` })));
    }
    expect(await activationCodes.latest(db(), account)).toMatchObject({ tries: 5, close_reason: 'guessed' });
    expect((await type(code)).problems).toEqual([expect.stringMatching(/^activation-code\.(dead|wait)$/)]);
    expect((await findAccount(db(), account))?.must_activate).toBe(1);
  });

  test.each([['empty', '', 'activation-code.required'], ['huge', 'x'.repeat(5000), 'input.unreadable'], ['control and bidirectional characters', '\u0000\u202eABCD', 'activation-code.wrong']])('%s', async (_, code, problem) => {
    await issue();
    expect((await type(code)).problems).toEqual([problem]);
  });

  test('another browser cannot post to it, and a form without its token changes nothing', async () => {
    const code = await issue();
    const stranger = await sluis.browser().submit(page, { code });
    expect(stranger.status).toBeGreaterThanOrEqual(400);
    expect((await browser.post(page.action, { code })).status).toBe(403);
    expect((await findAccount(db(), account))?.must_activate).toBe(1);
  });

  test('locked in the middle of the run: nobody gets in, and the code is not used', async () => {
    const [code, before] = [await issue(), await used()];
    await updateAccount(db(), account, { status: 'locked' });
    expect((await type(code)).end).toBe('account_inactive');
    expect(await used()).toBe(before);
  });

  test('answers are kept as hashes, not shown again and nowhere in the outbox or trail; later is possible', async () => {
    page = await type(await issue());
    const again = await browser.submit(page, { ...answers, answer_3: 'x' });
    expect(again.problems).toEqual(['questions.short']);
    expect(again.html).not.toMatch(/Dorpsstraat|Regenboog/);
    const done = await browser.submit(again, answers);
    expect(done.answer['code']).toBeTruthy();
    expect(await listAnswers(db(), account)).toHaveLength(3);
    expect(JSON.stringify([await listAudit(db(), { limit: 1000 }), await listOutbox(db()), await db().selectFrom('runs').selectAll().execute()])).not.toMatch(/Dorpsstraat|Regenboog|Snuf/);
    await db().deleteFrom('security_answers').execute();
    const other = await loginCak(sluis.browser());
    expect(other.step).toBe('security-questions');
  });

  test('answers wait for a later login when the person says so', async () => {
    page = await type(await issue());
    expect((await browser.submit(page, { action: 'later' })).answer['code']).toBeTruthy();
    expect(await listAnswers(db(), account)).toEqual([]);
  });
});
