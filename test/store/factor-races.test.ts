import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { generateSync } from 'otplib';
import { flowSchema } from '../../src/config/schema.ts';
import { keepFactor, listFactors, removeFactor } from '../../src/domain/factors/enrol.ts';
import type { Checked, Holder } from '../../src/domain/factors/holder.ts';
import { checkRecovery, keepWithRecovery, newRecoveryCodes } from '../../src/domain/factors/recovery.ts';
import { checkSms, resendSms } from '../../src/domain/factors/sms.ts';
import { checkTotp, sealTotp } from '../../src/domain/factors/totp.ts';
import { checkActivation, issueActivation } from '../../src/domain/activation.ts';
import { putPassword } from '../../src/store/accounts.ts';
import type { Database } from '../../src/store/database.ts';
import type { Db } from '../../src/store/schema.ts';
import { listOutbox } from '../../src/store/outbox.ts';
import { listAnswers, replaceAnswers } from '../../src/store/answers.ts';
import { dialects, type TestDatabase } from '../support/databases.ts';
import { desk, exampleRealm, noon, vault } from '../support/house.ts';
import { anAccount } from '../support/rows.ts';

const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
const realm = exampleRealm({ flows: { main: flowSchema.parse({ ensure: ['factor_enrolled'], bindings: [{ step: 'second-factor' }] }) } });

describe.each(dialects)('CAK-8 second factors at once on $name', ({ open }) => {
  let opened: TestDatabase;
  let nodes: Database[];
  beforeAll(async () => {
    opened = await open();
    nodes = [opened.database, opened.second()];
    for (const id of ['anna', 'bert', 'carl', 'dirk', 'eva', 'finn', 'gijs', 'hans', 'ilse']) await anAccount(opened.database.db, id);
  });
  afterAll(() => opened.drop());

  const holder = (accountId: string): Holder => ({ realm, vault, accountId, now: noon });
  const node = (n: number) => nodes[n % 2]!;
  const enrol = (n: number, accountId: string, kind: 'totp' | 'sms', only?: 'first') => node(n).transaction((tx) => keepFactor(tx, holder(accountId), {
    kind, secret: kind === 'totp' ? sealTotp(holder(accountId), secret) : vault.seal('+31612345678', `sms:${accountId}`),
  }, only));
  /** Fifty posts of one code: each is judged, and what was right is kept in a turn of its own. @returns how many passed */
  const fifty = async (check: (database: Database) => Promise<Checked>): Promise<number> => {
    const passed = await Promise.all(Array.from({ length: 50 }, async (_, n) => {
      const checked = await check(node(n));
      return checked.ok && node(n).transaction(checked.keep);
    }));
    return passed.filter(Boolean).length;
  };

  /** The same in ten tabs, on both nodes. */
  const tabs = <T>(work: (tx: Db) => Promise<T>): Promise<T>[] => Array.from({ length: 10 }, (_, n) => node(n).transaction(work));

  test('fifty posts of one code of an app: one passes', async () => {
    await enrol(0, 'anna', 'totp');
    expect(await fifty(({ db }) => checkTotp(db, holder('anna'), generateSync({ secret, epoch: noon })))).toBe(1);
  });

  test('fifty posts of one recovery code: one passes', async () => {
    const [code = ''] = await node(0).transaction((tx) => newRecoveryCodes(tx, holder('bert')));
    expect(await fifty(({ db }) => checkRecovery(db, holder('bert'), code))).toBe(1);
    expect((await listFactors(node(0).db, holder('bert'))).recoveryCodes).toBe(9);
  });

  test('fifty posts of one code by SMS: one passes, at most', async () => {
    await enrol(0, 'carl', 'sms');
    const sent = await resendSms(node(0).db, holder('carl'), { means: 'sms', language: 'nl', portal: 'Portaal' });
    if (!sent.ok) throw new Error(sent.rule);
    await node(0).transaction(sent.keep);
    const code = (await listOutbox(node(0).db, { channel: 'sms' }))[0]?.code ?? '';
    expect(await fifty(({ db }) => checkSms(db, holder('carl'), code))).toBe(1);
  });

  test('of two logins that set one up at once, one does; an app and a phone at once too', async () => {
    const kept = await Promise.all(Array.from({ length: 10 }, (_, n) => enrol(n, 'dirk', n % 3 === 0 ? 'sms' : 'totp', 'first')));
    expect(kept.filter(Boolean)).toHaveLength(1);
    expect((await listFactors(node(0).db, holder('dirk'))).factors).toHaveLength(1);
  });

  test('two who each remove another one do not remove the last', async () => {
    await enrol(0, 'eva', 'totp');
    await enrol(1, 'eva', 'sms');
    const removed = await Promise.allSettled((['totp', 'sms'] as const).map((kind, n) => node(n).transaction((tx) => removeFactor(tx, holder('eva'), kind))));
    expect(removed.map((one) => one.status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect((await listFactors(node(0).db, holder('eva'))).factors).toHaveLength(1);
  });

  test('new recovery codes in ten tabs: those of one work', async () => {
    const made = await Promise.all(tabs((tx) => newRecoveryCodes(tx, holder('finn'))));
    expect(made.every((codes) => codes.length === 10)).toBe(true);
    expect((await listFactors(node(0).db, holder('finn'))).recoveryCodes).toBe(10);
  });

  test('an app and a phone set up at once: recovery codes come with one', async () => {
    const kept = await Promise.all((['totp', 'sms'] as const).map((kind, n) => node(n).transaction((tx) => keepWithRecovery(tx, holder('gijs'), { kind, secret: kind }))));
    expect(kept.filter(Boolean)).toHaveLength(1);
    expect(await listFactors(node(0).db, holder('gijs'))).toMatchObject({ factors: [{}, {}], recoveryCodes: 10 });
  });

  test('answers sent ten times at once are those of one form', async () => {
    await Promise.all(tabs((tx) => replaceAnswers(tx, 'hans', ['street', 'pet'].map((question) => ({ question, hash: 'x', set_at: noon })))));
    expect(await listAnswers(node(0).db, 'hans')).toHaveLength(2);
  });

  test('activation codes made at once: one letter waits, with the code that works', async () => {
    await putPassword(node(0).db, { account_id: 'ilse', hash: 'x', changed_at: noon });
    const issued = await Promise.all(tabs((tx) => issueActivation(tx, { realm, accountId: 'ilse', channel: 'letter', address: ['Postbus 1', '1234 AB Voorbeeldstad'], actor: desk, now: noon })));
    const waiting = await listOutbox(node(0).db, { channel: 'letter' });
    expect(waiting).toHaveLength(1);
    expect(issued.map(({ code }) => code)).toContain(waiting[0]?.code);
    expect(await checkActivation(node(0).db, { accountId: 'ilse', typed: waiting[0]?.code ?? '', now: noon })).toMatchObject({ ok: true });
  });
});
