import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, jest, test } from '@jest/globals';
import Koa from 'koa';
import { errors, Provider } from 'oidc-provider';
import request from 'supertest';
import type { Database } from '../store/database.ts';
import { Unavailable } from '../store/unavailable.ts';
import { afterwards, write, writeWhole } from './unit.ts';

// the library keeps the context of a request from its own routes on
const contexts = new AsyncLocalStorage<unknown>();
jest.spyOn(Provider, 'ctx', 'get').mockImplementation(() => contexts.getStore() as typeof Provider.ctx);

/** A provider of one route, with a database that remembers what was done to it. */
function serve(route: string, answer: (database: Database) => Promise<void>) {
  const done: string[] = [];
  const together = async (work: (tx: never) => Promise<void>): Promise<void> => { done.push('begin'); await work('tx' as never); done.push('commit'); };
  const database = { db: 'db', dialect: 'postgres', together } as unknown as Database;
  const app = new Koa();
  app.silent = true;
  for (const event of ['grant.error', 'authorization.error', 'userinfo.error', 'server_error']) app.on(event, () => done.push(event));
  writeWhole(app as unknown as Provider, { database, page: async (ctx) => { ctx.type = 'html'; ctx.body = 'page'; } });
  app.use((ctx, next) => contexts.run(ctx, next));
  app.use(async (ctx) => {
    (ctx as unknown as { oidc: object }).oidc = { route };
    ctx.body = { ok: true };
    await answer(database);
    afterwards(() => done.push('afterwards'));
  });
  const server = app.callback();
  return { done, get: (accept = 'application/json') => request(server).get('/').set('accept', accept) };
}

test('what a request writes is one transaction, and what hangs on it comes after', async () => {
  const at = serve('token', async (database) => {
    for (const name of ['one', 'two']) await write(database, async (on) => { at.done.push(`${name} on ${on as unknown as string}`); });
    at.done.push('answered');
  });
  expect((await at.get()).status).toBe(200);
  expect(at.done).toEqual(['answered', 'begin', 'one on tx', 'two on tx', 'commit', 'afterwards']);
});

test.each([['token', 'grant.error'], ['authorization', 'authorization.error'], ['userinfo', 'userinfo.error']])('another request was first: %s is refused, and counted as %s only', async (route, event) => {
  const at = serve(route, async (database) => { await write(database, async () => { throw new errors.InvalidGrant('already used'); }); });
  const response = await at.get();
  expect([response.status, response.body]).toEqual([400, { error: 'invalid_grant', error_description: 'grant request is invalid' }]);
  expect(at.done).toEqual([event]);
});

test('the database goes away at the end: nothing is promised, and it may be asked again', async () => {
  const at = serve('token', async (database) => { await write(database, async () => { throw new Unavailable(new Error('gone')); }); });
  const response = await at.get();
  expect([response.status, response.headers['retry-after'], response.body.error]).toEqual([503, '60', 'temporarily_unavailable']);
  expect(at.done).toEqual(['server_error']);
  expect((await at.get('text/html')).text).toBe('page');
});
