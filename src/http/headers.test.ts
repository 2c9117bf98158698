import { describe, expect, test } from '@jest/globals';
import Koa, { type Context } from 'koa';
import request from 'supertest';
import { allowForms, originOf, securityHeaders, uncached } from './headers.ts';

function site(work: (ctx: Context) => void = () => undefined, secure = false) {
  const app = new Koa();
  app.silent = true;
  const set = securityHeaders(secure);
  app.use(async (ctx, next) => { set(ctx.res); await next(); });
  app.use(uncached());
  app.use(async (ctx) => { ctx.body = 'x'; work(ctx); });
  return request(app.callback());
}

const policyOf = (headers: Record<string, string>): Record<string, string> => Object.fromEntries((headers['content-security-policy'] ?? '').split('; ').map((part) => [part.split(' ')[0] ?? '', part.slice(part.indexOf(' ') + 1)]));

describe('headers of every answer', () => {
  test('nothing runs, loads or frames but what is our own', async () => {
    const { headers } = await site().get('/');
    expect(policyOf(headers)).toEqual({
      'default-src': "'none'", 'script-src': "'self'", 'style-src': "'self'", 'img-src': "'self'", 'font-src': "'self'", 'connect-src': "'none'",
      'form-action': "'self'", 'frame-ancestors': "'none'", 'base-uri': "'none'",
    });
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'x-frame-options': 'DENY', 'cross-origin-opener-policy': 'same-origin' });
    expect(headers['content-security-policy']).not.toContain('unsafe');
  });

  test('pages stay out of every cache, unless they say otherwise themselves', async () => {
    expect((await site().get('/')).headers).toMatchObject({ 'cache-control': 'no-cache, no-store', pragma: 'no-cache' });
    const { headers } = await site((ctx) => ctx.set('Cache-Control', 'public, max-age=300')).get('/');
    expect(headers['cache-control']).toBe('public, max-age=300');
    expect(headers).not.toHaveProperty('pragma');
  });

  test('https is asked for ever only where it is there', async () => {
    expect((await site().get('/')).headers).not.toHaveProperty('strict-transport-security');
    expect((await site(undefined, true).get('/')).headers['strict-transport-security']).toContain('max-age=31536000');
  });

  test('where forms may lead is said page by page, each origin once', async () => {
    const { headers } = await site((ctx) => allowForms(ctx, ['https://a.example', 'https://a.example', 'http://localhost:3001'])).get('/');
    expect(policyOf(headers)['form-action']).toBe("'self' https://a.example http://localhost:3001");
  });
});

test.each([
  ['https://a.example/cb?x=1#y', ['https://a.example']], ['http://localhost:3001/x', ['http://localhost:3001']], ['no url', []], ['', []], [undefined, []],
])('the origin of %j is %j', (url, expected) => {
  expect(originOf(url)).toEqual(expected);
});
