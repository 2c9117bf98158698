import { describe, expect, test } from '@jest/globals';
import Koa, { type Context } from 'koa';
import request from 'supertest';
import { exampleRealm } from '../../test/support/house.ts';
import { languageHref, languageOf, rememberBroker, viewerOf } from './viewer.ts';

const realm = exampleRealm();

function site(work: (ctx: Context) => unknown) {
  const app = new Koa();
  app.silent = true;
  app.use(async (ctx) => {
    ctx.state['address'] = '192.0.2.7';
    ctx.body = work(ctx) ?? {};
  });
  return request(app.callback());
}

const spoken = async ({ query = '', cookie = '', accept = '', asked, languages = realm.languages }: { query?: string; cookie?: string; accept?: string; asked?: string; languages?: typeof realm.languages }) => {
  const answer = await site((ctx) => ({ language: languageOf(ctx, { ...realm, languages }, asked) })).get(`/${query}`).set({ cookie, 'accept-language': accept });
  return { language: (answer.body as { language: string }).language, kept: String(answer.headers['set-cookie'] ?? '') };
};

describe('the language of a page', () => {
  test('what is in the address comes first, and is kept', async () => {
    const { language, kept } = await spoken({ query: '?lang=en', cookie: 'sluis_voorbeeld_lang=nl', accept: 'nl', asked: 'nl' });
    expect(language).toBe('en');
    expect(kept).toMatch(/^sluis_voorbeeld_lang=en; path=\/voorbeeld; .*samesite=lax; httponly/i);
  });

  test('then the cookie, then what the portal asked, then the browser, then the realm', async () => {
    expect((await spoken({ cookie: 'sluis_voorbeeld_lang=en', asked: 'nl', accept: 'nl' })).language).toBe('en');
    expect((await spoken({ asked: 'en-GB', accept: 'nl' })).language).toBe('en');
    expect((await spoken({ accept: 'fr, en;q=0.8, nl;q=0.5' })).language).toBe('en');
    expect((await spoken({ accept: 'fr' })).language).toBe('nl');
    expect((await spoken({})).language).toBe('nl');
  });

  test('one that the realm does not speak is none, and is not kept', async () => {
    for (const query of ['?lang=fr', '?lang=', '?lang=en&lang=nl', '?lang=%3Cscript%3E']) {
      const { language, kept } = await spoken({ query, languages: ['nl'] });
      expect([language, kept]).toEqual(['nl', '']);
    }
    expect((await spoken({ cookie: 'sluis_voorbeeld_lang=xx', asked: 'de' })).language).toBe('nl');
  });

  test('the choice that is kept already is not set again', async () => {
    expect((await spoken({ query: '?lang=en', cookie: 'sluis_voorbeeld_lang=en' })).kept).toBe('');
  });
});

describe('the browser', () => {
  test('IB-2 has an address and what it was asked to remember', async () => {
    const look = (cookie: string) => site((ctx) => viewerOf(ctx, realm)).get('/').set({ cookie });
    expect((await look('sluis_voorbeeld_broker=reecent')).body).toEqual({ address: '192.0.2.7', language: 'nl', remembered: { broker: 'reecent' } });
    expect((await look('sluis_cak_broker=reecent')).body).toMatchObject({ remembered: {} });
  });

  test('IB-2 the broker is remembered for a year, only below its realm, or forgotten', async () => {
    const kept = async (broker: string | undefined) => String((await site((ctx) => rememberBroker(ctx, realm, broker)).get('/')).headers['set-cookie']);
    expect(await kept('rpn')).toMatch(/sluis_voorbeeld_broker=rpn; path=\/voorbeeld; .*httponly/i);
    const expires = Date.parse(/expires=([^;]+)/i.exec(await kept('rpn'))?.[1] ?? '');
    expect(Math.round((expires - Date.now()) / 86_400_000)).toBe(365);
    expect(Date.parse(/expires=([^;]+)/i.exec(await kept(undefined))?.[1] ?? '')).toBeLessThanOrEqual(Date.now());
  });

  test('the same page in another language keeps what else its address says', async () => {
    const { body } = await site((ctx) => ({ href: languageHref(ctx)('en') })).get('/voorbeeld/login/1?a=1&lang=nl');
    expect(body).toEqual({ href: '/voorbeeld/login/1?a=1&lang=en' });
    const { body: foreign } = await site((ctx) => ({ href: languageHref(ctx)('en') })).get('//evil.example/x');
    expect((foreign as { href: string }).href).toMatch(/^\/[^/]/);
  });
});
