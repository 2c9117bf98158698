import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { allowInsecureRequests } from 'openid-client';
import { generateSync } from 'otplib';
import { root } from '../../src/root.ts';
import { startWorld, type World } from '../support/world.ts';
import { connect } from './portal.ts';

const read = (file: string): string => readFileSync(join(root, file), 'utf8');

/** Blocks of a language in a page, without the fences. */
function blocks(page: string, language: string): string[] {
  return [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].flatMap(([, found, text]) => (found === language ? [text ?? ''] : []));
}

describe('README', () => {
  test('the portal connected in ten lines is test/docs/portal.ts, letter by letter', () => {
    expect(blocks(read('README.md'), 'ts')).toEqual([read('test/docs/portal.ts')]);
  });

  test('files that README and HANDBOOK link to exist', () => {
    for (const page of ['README.md', 'HANDBOOK.md']) {
      const links = [...read(page).matchAll(/\]\(([^)#:]+)(#[^)]*)?\)/g)].map(([, file]) => file ?? '');
      for (const file of links) expect({ page, file, text: read(file).length > 0 }).toEqual({ page, file, text: true });
    }
  });
});

describe('ALL-1 the portal of the README', () => {
  let world: World;
  beforeAll(async () => { world = await startWorld(); }, 90_000);
  afterAll(async () => { await world?.stop(); });

  test('needs nothing but the issuer, a client id and its secret, which the command line gives', async () => {
    const redirectUri = 'http://localhost:4999/callback';
    const { json, text } = await world.sluisCli('client', 'create', '--realm', 'cak', '--portal', 'mijn-cak-zakelijk', '--client-id', 'my-portal',
      '--auth-method', 'client_secret_basic', '--redirect-uri', redirectUri);
    expect({ text, secret: typeof json['client_secret'] }).toMatchObject({ secret: 'string' });
    const portal = await connect(`${world.sluis}/cak`, 'my-portal', String(json['client_secret']), redirectUri, { execute: [allowInsecureRequests] });
    const { url, ...kept } = await portal.start();
    const { login, totp_secret: secret = '' } = world.person('cak-active') as ReturnType<World['person']> & { totp_secret?: string };
    const back = await logIn(url, login, { code: generateSync({ secret }) });
    const claims = await portal.finish(new URL(back), kept);
    expect(claims).toMatchObject({ iss: `${world.sluis}/cak`, acr: 'https://refeds.org/profile/mfa', organisation: { identifiers: { relation_number: '100231' } } });
    expect(claims?.['roles']).toEqual(expect.arrayContaining(['bestanden:gebruiker']));
  });
});

/** A browser as small as can be: follows redirects with cookies, fills in one form after the other, and stops where the portal begins. */
async function logIn(start: URL, ...forms: Record<string, string>[]): Promise<string> {
  const cookies = new Map<string, string>();
  const go = async (url: string, form?: URLSearchParams): Promise<{ url: string; html: string }> => {
    const answer = await fetch(url, {
      redirect: 'manual', headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') }, ...(form && { method: 'POST', body: form }),
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    const location = answer.headers.get('location');
    if (location === null) return { url, html: await answer.text() };
    const next = new URL(location, url);
    return next.origin === start.origin ? go(next.href) : { url: next.href, html: '' };
  };
  let page = await go(start.href);
  for (const fields of forms) {
    const hidden = [...page.html.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]);
    page = await go(page.url, new URLSearchParams([...hidden, ...Object.entries(fields)]));
  }
  return page.url;
}
