import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { desk, emptyDatabase, exampleRealm, noon, vault } from '../../../test/support/house.ts';
import { anAccount } from '../../../test/support/rows.ts';
import { flowSchema } from '../../config/schema.ts';
import { listAudit } from '../../store/audit.ts';
import type { Database } from '../../store/database.ts';
import { listOutbox } from '../../store/outbox.ts';
import { findSession, putSession } from '../../store/sessions.ts';
import { keepFactor, listFactors, removeFactor, requiresFactor, wipeFactors } from './enrol.ts';
import type { Checked, Holder } from './holder.ts';
import { checkRecovery, newRecoveryCodes } from './recovery.ts';

const realm = exampleRealm();
const anna: Holder = { realm, vault, accountId: 'anna', now: noon };
let database: Database;
beforeEach(async () => {
  database = await emptyDatabase();
  for (const id of ['anna', 'bert']) await anAccount(database.db, id, { email: `${id}@voorbeeld.example` });
});
afterEach(() => database.close());

const add = (kind: 'totp' | 'sms', holder = anna, only?: 'first') => database.transaction((tx) => keepFactor(tx, holder, { kind, secret: vault.seal(kind === 'sms' ? '+31612345678' : 'SECRET', `${kind}:${holder.accountId}`) }, only));
const remove = (kind: 'totp' | 'sms', holder = anna) => database.transaction((tx) => removeFactor(tx, holder, kind));
const kinds = async () => (await listFactors(database.db, anna)).factors.map((one) => one.kind);
const newCodes = (holder = anna) => database.transaction((tx) => newRecoveryCodes(tx, holder));
const use = async (checked: Checked) => checked.ok && database.transaction(checked.keep);
const ruleOf = async (typed: string, holder = anna): Promise<string> => {
  const checked = await checkRecovery(database.db, holder, typed);
  return checked.ok ? 'right' : checked.rule;
};
const flowWith = (binding: object, ensure = ['identified']) => ({ flows: { main: flowSchema.parse({ ensure, bindings: [binding] }) } });
const subjects = async () => (await listOutbox(database.db)).map((mail) => mail.subject);

describe('CAK-8 factors of an account', () => {
  test('one of a kind: another one takes its place, and the trail says so', async () => {
    await add('totp');
    await add('totp', { ...anna, now: noon + 60 });
    expect((await listFactors(database.db, anna)).factors).toEqual([{ kind: 'totp', createdAt: noon + 60, lastUsedAt: noon + 60 }]);
    expect((await listAudit(database.db)).map(({ action, detail }) => [action, detail])).toEqual([['U', { kind: 'totp', replaced: true }], ['C', { kind: 'totp', replaced: false }]]);
  });

  test('at a login only the first one is kept: who set one up elsewhere meanwhile keeps that', async () => {
    await add('sms');
    expect(await add('totp', anna, 'first')).toBe(false);
    expect(await kinds()).toEqual(['sms']);
  });

  test('the last one goes only where no flow asks one of everybody; with it go the recovery codes', async () => {
    const asks = { ...anna, realm: exampleRealm(flowWith({ step: 'second-factor' })) };
    await add('totp');
    await add('sms');
    await newCodes();
    await remove('totp', asks);
    await expect(remove('sms', asks)).rejects.toMatchObject({ code: 'second-factor.last' });
    await expect(remove('totp', asks)).rejects.toMatchObject({ code: 'second-factor.none' });
    expect(await listFactors(database.db, anna)).toMatchObject({ factors: [{ kind: 'sms' }], recoveryCodes: 10 });
    await remove('sms');
    expect(await listFactors(database.db, anna)).toEqual({ factors: [], recoveryCodes: 0 });
    expect(await listAudit(database.db, { event: 'factor.removed' })).toMatchObject([{ detail: { kind: 'sms' } }, { detail: { kind: 'totp' } }]);
    expect((await listOutbox(database.db))[0]?.text).toContain('Het telefoonnummer waarmee u inlogt');
  });

  test('a realm asks one by its set-up step, a gate, or what its flow ensures', () => {
    expect(requiresFactor(realm)).toBe(false);
    expect(requiresFactor(flowWith({ step: 'second-factor', when: ['administrator'] }))).toBe(false);
    expect(requiresFactor(flowWith({ step: 'second-factor', unless: ['level_reached', 'factor_enrolled'] }))).toBe(false);
    expect(requiresFactor(flowWith({ step: 'require', with: { that: 'factor_enrolled', else: 'x' } }))).toBe(true);
    expect(requiresFactor(flowWith({ step: 'password' }, ['factor_enrolled']))).toBe(true);
  });

  test('the service desk takes all of it away, with every session; the person is told', async () => {
    await add('totp');
    await add('sms');
    await newCodes();
    await putSession(database.db, { id: 's1', account_id: 'anna', organisation_id: null, proofs: '{"proofs":[]}', created_at: noon, last_active_at: noon, expires_at: noon + 60 });
    const wipe = () => database.transaction((tx) => wipeFactors(tx, { realm, accountId: 'anna', now: noon, actor: desk }));
    expect(await wipe()).toEqual({ factors: ['totp', 'sms'], sessions: 1 });
    expect(await listFactors(database.db, anna)).toEqual({ factors: [], recoveryCodes: 0 });
    expect(await findSession(database.db, 's1')).toBeUndefined();
    expect(await listAudit(database.db, { event: 'factor.reset' })).toMatchObject([{ actor: { kind: 'desk' }, object_id: 'anna', detail: { kinds: ['totp', 'sms'], sessions: 1 } }]);
    expect((await subjects())[0]).toBe('Twee-staps verificatie gewist');
    await expect(wipe()).rejects.toMatchObject({ code: 'second-factor.none' });
  });
});

describe('CAK-8 recovery codes', () => {
  test('ten, in groups, only as hashes in the database; each works once, however it is typed', async () => {
    const codes = await newCodes();
    expect(codes).toHaveLength(10);
    expect(new Set(codes).size).toBe(10);
    for (const code of codes) expect(code).toMatch(/^([A-HJ-NP-Z2-9]{4}-){2}[A-HJ-NP-Z2-9]{4}$/);
    const kept = JSON.stringify([await database.db.selectFrom('recovery_codes').selectAll().execute(), await listAudit(database.db), await listOutbox(database.db)]);
    for (const code of codes) expect(kept).not.toContain(code);
    const checked = await checkRecovery(database.db, anna, ` ${codes[3]!.toLowerCase().replaceAll('-', ' ')} `);
    expect(await use(checked)).toBe(true);
    expect(await use(checked)).toBe(false);
    expect(await ruleOf(codes[3]!)).toBe('wrong');
    expect(await ruleOf(codes[4]!)).toBe('right');
    expect(await listAudit(database.db, { event: 'recovery.used' })).toMatchObject([{ detail: { left: 9 }, actor: { id: 'anna' } }]);
    expect((await listOutbox(database.db))[0]?.text).toContain('U heeft nog 9 herstelcodes.');
  });

  test('new ones take the place of the old, used and unused', async () => {
    const old = await newCodes();
    const fresh = await newCodes();
    expect(await ruleOf(old[0]!)).toBe('wrong');
    expect(await ruleOf(fresh[0]!)).toBe('right');
    expect(await listAudit(database.db, { event: 'recovery.made' })).toHaveLength(2);
    expect(await subjects()).toEqual(['Nieuwe herstelcodes', 'Nieuwe herstelcodes']);
  });

  test('empty, huge, of another person, none left, too many guesses', async () => {
    expect(await ruleOf(' - ')).toBe('required');
    expect(await ruleOf('AAAA')).toBe('none');
    const codes = await newCodes();
    await newCodes({ ...anna, accountId: 'bert' });
    expect(await ruleOf(codes[0]!, { ...anna, accountId: 'bert' })).toBe('wrong');
    expect(await ruleOf('A'.repeat(10_000))).toBe('wrong');
    const rules = await Promise.all(Array.from({ length: 50 }, () => ruleOf('AAAA-AAAA-AAAA')));
    expect(rules.filter((rule) => rule === 'wrong')).toHaveLength(3);
    expect(await checkRecovery(database.db, anna, codes[0]!)).toEqual({ ok: false, rule: 'wait', params: { minutes: 1 } });
  });
});
