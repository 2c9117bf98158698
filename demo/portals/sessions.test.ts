import { describe, expect, test } from '@jest/globals';
import * as oidc from 'openid-client';
import type { Tokens } from './client.ts';
import { createSessions } from './sessions.ts';

const tokens: Tokens = { accessToken: 'a', refreshToken: 'r1', idToken: 'i', expiresAt: 10_600, claims: { sub: '1' } };

function setUp() {
  const world = { now: 10_000, asked: 0, refreshed: 0, roles: ['iwmo:gebruiker'], fail: undefined as Error | undefined };
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
  }, () => world.now);
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

  test('IB-9: ends after twenty minutes without activity', async () => {
    const { world, sessions } = setUp();
    const { id } = await sessions.begin(tokens);
    world.now += 1199;
    expect(await sessions.active(id)).toBeDefined();
    world.now += 1201;
    expect(await sessions.active(id)).toBeUndefined();
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
    const { sessions } = setUp();
    const login = { state: 's', nonce: 'n', verifier: 'v' };
    sessions.remember('mine', login);
    expect(sessions.take('other', 's')).toBeUndefined();
    expect(sessions.take(undefined, 's')).toBeUndefined();
    expect(sessions.take('mine', 's')).toMatchObject(login);
    expect(sessions.take('mine', 's')).toBeUndefined();
  });
});
