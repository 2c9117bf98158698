import { describe, expect, test } from '@jest/globals';
import * as oidc from 'openid-client';
import type { Tokens } from './client.ts';
import { createLogins, createSessions } from './sessions.ts';

const tokens: Tokens = { accessToken: 'a', refreshToken: 'r1', idToken: 'i', expiresAt: 10_600, claims: { sub: '1', sid: 'sid-1' } };

function setUp() {
  const world = { now: 10_000, asked: 0, refreshed: 0, roles: ['iwmo:gebruiker'], fail: undefined as Error | undefined, later: [] as { work: () => void; seconds: number }[] };
  const sessions = createSessions({
    async userinfo() {
      world.asked += 1;
      if (world.fail) throw world.fail;
      return { sub: '1', roles: world.roles };
    },
    async refresh(old) {
      world.refreshed += 1;
      return { ...old, refreshToken: `r${world.refreshed + 1}`, expiresAt: world.now + 600 };
    },
  }, () => world.now, (work, seconds) => world.later.push({ work, seconds }));
  return { world, sessions };
}

const refused = () => new oidc.ResponseBodyError('no', { cause: { error: 'invalid_grant' }, response: new Response(null, { status: 400 }) } as never);

describe('the session of a portal', () => {
  test('asks Sluis at most once a minute while the user is active, however many pages load', async () => {
    const { world, sessions } = setUp();
    const { id } = await sessions.begin(tokens);
    for (let i = 0; i < 5; i += 1) await sessions.active(id);
    expect(world.asked).toBe(1);
    world.now += 61;
    world.roles = ['iwmo:productbeheerder'];
    const seen = await Promise.all([1, 2, 3].map(() => sessions.active(id)));
    expect(world.asked).toBe(2);
    expect(seen.map((s) => s?.user.roles)).toEqual(Array.from({ length: 3 }, () => ['iwmo:productbeheerder']));
  });

  test('refreshes before the access token ends, and keeps the new refresh token', async () => {
    const { world, sessions } = setUp();
    const session = await sessions.begin(tokens);
    world.now += 580;
    expect((await sessions.active(session.id))?.tokens.refreshToken).toBe('r2');
    expect(world.refreshed).toBe(1);
  });

  test('IB-9: ends after twenty minutes without activity, and says why', async () => {
    const { world, sessions } = setUp();
    const { id } = await sessions.begin(tokens);
    world.now += 1199;
    expect(await sessions.active(id)).toBeDefined();
    world.now += 1200;
    expect(await sessions.active(id)).toBeUndefined();
    expect(sessions.endedBecause(id)).toBe('idle');
    world.now += 86_401;
    await sessions.begin(tokens);
    expect(sessions.endedBecause(id)).toBeUndefined();
  });

  test('IB-9: looking how long it lasts is no activity, here or at Sluis', async () => {
    const { world, sessions } = setUp();
    const { id } = await sessions.begin(tokens);
    world.now += 1100;
    expect(sessions.glance(id)?.endsIn).toBe(100);
    world.now += 99;
    expect(sessions.glance(id)?.endsIn).toBe(1);
    expect(world.asked).toBe(1);
    world.now += 1;
    expect(sessions.glance(id)).toBeUndefined();
  });

  test('IB-9: activity within the minute is told to Sluis at its end, once; a clock that jumped tells nothing', async () => {
    const { world, sessions } = setUp();
    const { id } = await sessions.begin(tokens);
    world.now += 10;
    await sessions.active(id);
    world.now += 30;
    await sessions.active(id);
    expect(world.later.map(({ seconds }) => seconds)).toEqual([50]);
    world.now += 20;
    world.later.pop()?.work();
    expect(world.asked).toBe(2);
    await sessions.active(id);
    world.now += 600;
    world.later.pop()?.work();
    expect(world.asked).toBe(2);
  });

  test('what is told at the end of the minute ends the session too, when Sluis says no', async () => {
    const { world, sessions } = setUp();
    const { id } = await sessions.begin(tokens);
    await sessions.active(id);
    world.fail = refused();
    world.later.pop()?.work();
    await new Promise((done) => { setImmediate(done); });
    expect(sessions.glance(id)).toBeUndefined();
    expect(sessions.endedBecause(id)).toBe('refused');
  });

  test('Sluis ends one session by its sid, or all of a person', async () => {
    const { sessions } = setUp();
    const [first, second] = [await sessions.begin(tokens), await sessions.begin({ ...tokens, claims: { sub: '1', sid: 'sid-2' } })];
    const other = await sessions.begin({ ...tokens, claims: { sub: '2', sid: 'sid-3' } });
    sessions.endAt({ sub: '1', sid: 'sid-1' });
    expect([first, second, other].map(({ id }) => sessions.glance(id) !== undefined)).toEqual([false, true, true]);
    expect(sessions.endedBecause(first.id)).toBe('elsewhere');
    sessions.endAt({ sub: '1' });
    expect([second, other].map(({ id }) => sessions.glance(id) !== undefined)).toEqual([false, true]);
  });

  test('IB-9: told that Sluis ended it after its twenty minutes are over: it ended by itself', async () => {
    const { world, sessions } = setUp();
    const { id } = await sessions.begin(tokens);
    world.now += 1201;
    sessions.endAt({ sub: '1', sid: 'sid-1' });
    expect(sessions.endedBecause(id)).toBe('idle');
  });

  test('ends when Sluis says no, and goes on when Sluis says nothing', async () => {
    const { world, sessions } = setUp();
    const { id } = await sessions.begin(tokens);
    world.now += 61;
    world.fail = new Error('network');
    expect(await sessions.active(id)).toBeDefined();
    world.fail = refused();
    expect(await sessions.active(id)).toBeUndefined();
  });

  test('a login that is under way is given once, to the browser that began it', () => {
    const logins = createLogins(() => 10_000);
    const login = { state: 's', nonce: 'n', verifier: 'v' };
    logins.remember('mine', login);
    expect(logins.take('other', 's')).toBeUndefined();
    expect(logins.take(undefined, 's')).toBeUndefined();
    expect(logins.take('mine', 's')).toMatchObject(login);
    expect(logins.take('mine', 's')).toBeUndefined();
  });
});
