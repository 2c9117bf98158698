import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { proveRealm } from '../../src/flow/prove.ts';
import type { Steps } from '../../src/flow/flow.ts';
import { createRenderer } from '../../src/http/render.ts';
import { steps as shipped } from '../../src/steps/index.ts';
import { listAudit } from '../../src/store/audit.ts';
import type { Database } from '../../src/store/database.ts';
import { begin, name, realmWith, whereIs } from '../support/flow.ts';
import { emptyDatabase } from '../support/house.ts';
import { anAccount } from '../support/rows.ts';
import { terms } from './sample-step/step.ts';

/** HANDBOOK, 'A new step': the folder sample-step and this one line are all of it. */
const steps: Steps = new Map([...shipped, [name.id, name], [terms.id, terms]]);

const textsOf = (language: string) => JSON.parse(readFileSync(new URL(`./sample-step/texts/${language}.json`, import.meta.url), 'utf8')) as Record<string, string>;
const binding = { step: 'terms', with: { version: '2026-1', url: 'https://portal.example/terms' } };
const realm = realmWith(
  ['name', { id: 'level', step: 'require', with: { that: 'level_reached', else: 'level_too_low' } },
    { id: 'account', step: 'require', with: { that: 'account_active', else: 'account_inactive' } }, binding],
  { ensure: ['identified', 'account_active'], realm: { texts: { nl: textsOf('nl'), en: textsOf('en') } } },
);

let database: Database;
beforeEach(async () => {
  database = await emptyDatabase();
  await anAccount(database.db, 'anna');
});
afterEach(() => database.close());

describe('a step of one folder and one line', () => {
  test('is proven with the rest of its flow', () => {
    expect(proveRealm(realm, steps)).toEqual([]);
  });

  test('is asked after the login, and passed when accepted; the trail says which version', async () => {
    const run = await begin({ realm, steps, database });
    expect(await run.post({ account: 'anna' })).toMatchObject({ step: 'terms', page: { version: '2026-1', url: 'https://portal.example/terms', portal: 'Portaal' } });
    expect((await run.post({ accept: 'yes' })).kind).toBe('done');
    expect((await listAudit(database.db, { event: 'terms.accepted' }))[0]).toMatchObject({ run_id: 'run', actor: { id: 'anna' }, detail: { version: '2026-1' } });
  });

  test('asks again when nothing was chosen, and ends the login when refused', async () => {
    const run = await begin({ realm, steps, database });
    await run.post({ account: 'anna' });
    expect(await run.post({})).toMatchObject({ kind: 'page', problems: [{ field: 'accept', code: 'terms.required' }] });
    expect(whereIs(await run.post({ accept: 'no' }))).toBe('end terms_refused');
    expect(await listAudit(database.db, { event: 'login.completed' })).toEqual([]);
  });

  test('refuses settings that it does not have, at load', () => {
    const wrong = realmWith(['name', { step: 'terms', with: { version: 1 } }]);
    expect(proveRealm(wrong, steps).map((c) => c.message).join('\n')).toMatch(/with\.version[\s\S]*with\.url/);
  });

  test.each(['nl', 'en'])('its page speaks %s and has what every form has', async (language) => {
    const html = await createRenderer().render('../test/flow/sample-step/view', {
      realm, language, title: textsOf(language)['terms.title'] ?? '', languageHref: (l) => `?lang=${l}`, action: '/voorbeeld/login/run', csrf: 'token', binding: 'terms', version: 2, step: 'terms',
      page: { version: '2026-1', url: 'https://portal.example/terms' },
      problems: [{ field: 'accept', code: 'terms.required', message: textsOf(language)['terms.required'] ?? '' }],
    });
    for (const part of ['data-step="terms"', 'name="csrf"', 'name="binding" value="terms"', 'name="version" value="2"', 'data-problem="terms.required"', 'href="https://portal.example/terms"', textsOf(language)['terms.yes']!]) expect(html).toContain(part);
  });
});
