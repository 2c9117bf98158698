import { expect } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { hashSecret } from '../../src/oidc/clients.ts';
import { install, type Install } from './install.ts';
import { cakClient, cakLogin, register, type RelyingParty, type Tokens } from './relying-party.ts';

export const api = 'https://api.cak.example/bestanden';
export const closed = 'https://api.cak.example/closed';
export const secretOf = (id: string): string => `secret-of-${id}-that-is-long-enough`;
export const basic = (id: string, secret = secretOf(id)): string => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;

export type Asked = { path: string; method?: string; headers?: Record<string, string>; form?: Record<string, string> | [string, string][] | string };
export type Answered = { status: number; headers: Record<string, string>; body: unknown; byUs: boolean };

/**
 * What is answered past the library's pipeline is what the pipeline answers. Each request is sent twice: as programs send it, and with a
 * header that means nothing to the library but sends it there; the two answers must be one.
 */
export class BothWays {
  readonly at: Install;
  rp!: RelyingParty;
  tokens!: Tokens;
  /** requests that went through the library's pipeline */
  piped = 0;

  private constructor(at: Install) {
    this.at = at;
    at.host('cak').provider.use((_ctx, next) => { this.piped += 1; return next(); });
  }

  /** An installation with two APIs, services, machines, and somebody who is logged in. */
  static async open(): Promise<BothWays> {
    const ways = new BothWays(await install({ change: ({ realms }) => {
      const resource = { name: 'x', portal: 'mijn-cak-zakelijk', scopes: ['lezen', 'sturen', 'profile'], signing_alg: 'ES256' as const, ttl: 240 };
      realms.find(({ id }) => id === 'cak')!.resources = [{ ...resource, id: api }, { ...resource, id: closed, clients: ['somebody-else'] }];
    } }));
    const { at } = ways;
    ways.rp = await cakClient(at, 'rp');
    await cakClient(at, 'service');
    await ways.machine('batch');
    await ways.machine('bound', { dpop_bound_access_tokens: true });
    await ways.machine('other', {}, 'porta');
    ways.tokens = await cakLogin(ways.rp, at.browser());
    return ways;
  }

  /** Registers a client that speaks for itself. */
  machine(id: string, changes: object = {}, portal = 'mijn-cak-zakelijk'): Promise<void> {
    return register(this.at, 'cak', portal, { client_id: id, token_endpoint_auth_method: 'client_secret_basic', client_secret_hash: hashSecret(secretOf(id)), grant_types: ['client_credentials'], scope: 'roles', ...changes });
  }

  /** The answer to a request, which is the library's too; `shape` leaves out what differs each time. */
  same(asked: Asked, shape?: (body: unknown) => unknown): Promise<Answered> {
    return this.alike(asked, asked, shape);
  }

  /** For what can be asked once: the same request about two things of one kind. */
  async alike(mine: Asked, other: Asked, shape: (body: unknown) => unknown = (body) => body): Promise<Answered> {
    const [ours, theirs] = [await this.#ask(mine, false), await this.#ask(other, true)];
    expect(theirs.byUs).toBe(false);
    expect({ status: ours.status, headers: ours.headers, body: shape(ours.body) }).toEqual({ status: theirs.status, headers: theirs.headers, body: shape(theirs.body) });
    return ours;
  }

  async #ask({ path, method, headers = {}, form }: Asked, toLibrary: boolean): Promise<Answered> {
    const before = this.piped;
    const response = await fetch(`${this.at.url}/cak${path}`, {
      method: method ?? (form === undefined ? 'GET' : 'POST'),
      headers: { accept: toLibrary ? 'application/json, text/html;q=0.1' : 'application/json', ...headers, ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }) },
      ...(form !== undefined && { body: typeof form === 'string' ? form : new URLSearchParams(form).toString() }),
    });
    const text = await response.text();
    // the policy for content is that of pages at the library, and the strictest here
    const own = ['date', 'connection', 'keep-alive', 'content-length', 'content-security-policy'];
    return {
      status: response.status, headers: Object.fromEntries([...response.headers].filter(([name]) => !own.includes(name))),
      body: /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text, byUs: this.piped === before,
    };
  }

  userinfo(token = this.tokens.access_token, headers: Record<string, string> = {}): Asked {
    return { path: '/me', headers: { authorization: `Bearer ${token}`, ...headers } };
  }

  introspect(form: Record<string, string> = { token: this.tokens.access_token }, client = 'rp'): Asked {
    return { path: '/token/introspection', headers: { authorization: basic(client) }, form };
  }

  turnIn(form: Record<string, string>, client = 'rp'): Asked {
    return { path: '/token', headers: { authorization: basic(client) }, form };
  }

  forApi(form: Record<string, string> | [string, string][] = { scope: 'lezen', resource: api }, authorization = basic('batch')): Asked {
    return { path: '/token', headers: { authorization }, form: [['grant_type', 'client_credentials'], ...(Array.isArray(form) ? form : Object.entries(form))] };
  }
}

/** A token's head and what it says, without what differs each time. */
export function said(body: unknown): unknown {
  const { access_token: token = '', ...rest } = body as { access_token?: string };
  if (!token.includes('.')) return { ...rest, opaque: token.length };
  const { jti, iat = 0, exp = 0, ...claims } = decodeJwt(token);
  return { ...rest, head: decodeProtectedHeader(token), claims, lasts: exp - iat, jti: jti?.length };
}
