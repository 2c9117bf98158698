import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { listAudit } from '../store/audit.ts';
import { createDocuments } from '../store/documents.ts';
import { findGrant, insertGrant } from '../store/grants.ts';
import { listOutbox } from '../store/outbox.ts';
import { findSession, putSession, putSessionClient } from '../store/sessions.ts';
import { dialects, type TestDatabase } from '../../test/support/databases.ts';
import { exampleRealm, noon } from '../../test/support/house.ts';
import { anAccount, anOrganisation } from '../../test/support/rows.ts';
import { addProof, endsAt, endSession, endSessionsOf, keepAlive, liveSession, withLogin } from './sessions.ts';

describe.each(dialects)('the Sluis session on $name', ({ open }) => {
  let opened: TestDatabase;
  const realm = exampleRealm();
  const session = (id: string, organisation_id: string | null = 'org') => ({
    id, account_id: 'anna', organisation_id, proofs: '{"proofs":[]}', created_at: noon, last_active_at: noon, expires_at: noon + 28_800,
  });
  const ending = { reason: 'idle', actor: { kind: 'system', id: 'sessions' }, now: noon + 1200 } as const;
  beforeAll(async () => {
    opened = await open();
    await anAccount(opened.database.db, 'anna');
    await anOrganisation(opened.database.db, 'org');
  });
  afterAll(() => opened.drop());

  test('it ends without activity, or at its absolute end, whichever comes first', async () => {
    const { db } = opened.database;
    await putSession(db, session('a'));
    expect(endsAt(realm, session('a'))).toBe(noon + 1200);
    expect(endsAt(realm, { last_active_at: noon + 28_000, expires_at: noon + 28_800 })).toBe(noon + 28_800);
    expect(await liveSession(db, realm, 'a', noon + 1199)).toBeDefined();
    expect(await liveSession(db, realm, 'a', noon + 1200)).toBeUndefined();
    await keepAlive(db, session('a'), noon + 900);
    expect(await liveSession(db, realm, 'a', noon + 2099)).toBeDefined();
    // a clock that steps back takes nothing away
    await keepAlive(db, { id: 'a', last_active_at: 0 }, noon + 60);
    expect((await findSession(db, 'a'))?.last_active_at).toBe(noon + 900);
  });

  test('with it end grants, tokens and the provider\'s session, and its clients are told, once', async () => {
    const { db, transaction } = opened.database;
    const documents = createDocuments({ db });
    await putSession(db, session('b'));
    await insertGrant(db, { id: 'g', session_id: 'b', account_id: 'anna', client_id: 'portal', organisation_id: 'org', acr: 'x', created_at: noon });
    await documents.upsert('Grant', 'g', { jti: 'g' }, noon + 9000);
    await documents.upsert('RefreshToken', 'r', { grantId: 'g' }, noon + 9000);
    await documents.upsert('RefreshToken', 'other', { grantId: 'other' }, noon + 9000);
    await documents.upsert('Session', 'cookie', { uid: 'b' }, noon + 9000);
    await putSessionClient(db, { session_id: 'b', client_id: 'portal', sid: 's1', logout_uri: 'https://portal.example/bcl', since: noon });
    await putSessionClient(db, { session_id: 'b', client_id: 'silent', sid: 's2', logout_uri: null, since: noon });
    const ended = await Promise.all([1, 2].map(() => transaction((tx) => endSession(tx, 'b', ending))));
    expect(ended.sort()).toEqual([false, true]);
    expect(await Promise.all([findSession(db, 'b'), findGrant(db, 'g'), documents.find('Grant', 'g'), documents.find('RefreshToken', 'r'), documents.find('Session', 'cookie')])).toEqual(Array(5).fill(undefined));
    expect(await documents.find('RefreshToken', 'other')).toBeDefined();
    expect(await listOutbox(db, { channel: 'logout' })).toMatchObject([{ recipient: 'https://portal.example/bcl', subject: 'portal', text: '{"accountId":"anna","sid":"s1"}' }]);
    expect(await listAudit(db, { event: 'session.ended' })).toMatchObject([{ reason: 'idle', object_id: 'b', organisation_id: 'org', detail: { account: 'anna', clients: ['portal', 'silent'] } }]);
  });

  test('what is shown on our own pages is added, once of each, and moves no end', async () => {
    const { db, transaction } = opened.database;
    await putSession(db, session('f'));
    const before = await findSession(db, 'f');
    for (const at of [noon + 5, noon + 9]) await transaction((tx) => addProof(tx, 'f', { factor: 'totp', level: '', at }));
    expect(await findSession(db, 'f')).toEqual({ ...before, proofs: JSON.stringify({ proofs: [...(JSON.parse(before?.proofs ?? '') as { proofs: object[] }).proofs, { factor: 'totp', level: '', at: noon + 9 }] }) });
    await transaction((tx) => addProof(tx, 'gone', { factor: 'totp', level: '', at: noon }));
    expect(await findSession(db, 'gone')).toBeUndefined();
    await transaction((tx) => endSession(tx, 'f', ending));
  });

  test('all sessions of a person end, or those at one organisation', async () => {
    const { db, transaction } = opened.database;
    for (const [id, organisation] of [['c', 'org'], ['d', null], ['e', 'org']] as const) await putSession(db, session(id, organisation));
    expect(await transaction((tx) => endSessionsOf(tx, { accountId: 'anna', organisationId: 'org' }, { ...ending, reason: 'revoked' }))).toBe(3);
    expect(await findSession(db, 'd')).toBeDefined();
    expect(await transaction((tx) => endSessionsOf(tx, { accountId: 'anna' }, { ...ending, reason: 'everywhere' }))).toBe(1);
    await expect(transaction((tx) => endSessionsOf(tx, {}, ending))).rejects.toThrow('of whom');
  });
});

describe('CFX-2 a session that moves on to another organisation', () => {
  const realm = exampleRealm();
  const login = (organisationId: string, ...factors: string[]) => ({
    sessionId: 's', accountId: 'anna', organisationId,
    proofs: factors.map((factor, n) => ({ factor, level: 'low', at: noon + n, ...(factor === 'broker' && { broker: { id: 'rpn', actingSubject: 'x', organisation: {}, person: {} } }) })),
  });
  const factors = ({ proofs }: { proofs: string }) => (JSON.parse(proofs) as { proofs: { factor: string }[] }).proofs.map(({ factor }) => factor);

  test('keeps what its person showed themselves, also in another tab meanwhile', () => {
    const before = withLogin(realm, undefined, login('a', 'password', 'totp'), noon);
    const after = withLogin(realm, before, login('b', 'password'), noon + 60);
    expect([after.organisation_id, factors(after), after.expires_at]).toEqual(['b', ['password', 'totp'], before.expires_at]);
  });

  test('loses a broker\'s word for the other organisation', () => {
    const before = withLogin(realm, undefined, login('a', 'password', 'broker'), noon);
    expect(factors(withLogin(realm, before, login('b', 'password'), noon + 60))).toEqual(['password']);
    expect(factors(withLogin(realm, before, login('a', 'password'), noon + 60))).toEqual(['password', 'broker']);
  });

  test('stays where it is when a request named the organisation, unless a broker says for whom', () => {
    const before = withLogin(realm, undefined, login('a', 'password'), noon);
    expect(withLogin(realm, before, { ...login('b', 'password', 'totp'), named: true }, noon + 60)).toMatchObject({ organisation_id: 'a' });
    expect(withLogin(realm, before, { ...login('b', 'broker'), named: true }, noon + 60)).toMatchObject({ organisation_id: 'b' });
    expect(withLogin(realm, undefined, { ...login('b', 'password'), named: true }, noon)).toMatchObject({ organisation_id: 'b' });
  });

  test('takes nothing along of somebody else', () => {
    const before = { ...withLogin(realm, undefined, login('a', 'password', 'totp'), noon), account_id: 'bert' };
    expect(factors(withLogin(realm, before, login('a', 'password'), noon + 60))).toEqual(['password']);
  });
});
