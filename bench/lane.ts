import { Client, type Dispatcher } from 'undici';
import { callback, scopes, type Credentials, type Endpoints, type Person, type Subject } from './subject.ts';

type Answer = { status: number; location: string | undefined; cookies: string[]; text: string };
type Form = Record<string, string>;
export type Tokens = { access_token: string; refresh_token: string; id_token: string };

/** RFC 7636, appendix B. */
const pkce = { verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk', challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM' };

/**
 * One connection that does one thing after another, with the cookies of one browser. It speaks to the server as a proxy
 * that ended TLS: plain http, with the host and scheme that the browser used.
 */
export class Lane {
  readonly subject: Subject;
  readonly endpoints: Endpoints;
  /** of the person who is signed in here */
  tokens: Tokens = { access_token: '', refresh_token: '', id_token: '' };
  private readonly client: Client;
  private cookies = new Map<string, { value: string; path: string }>();
  private readonly headers: Record<string, string>;

  private constructor(subject: Subject, endpoints: Endpoints, client: Client, headers: Record<string, string>) {
    this.subject = subject;
    this.endpoints = endpoints;
    this.client = client;
    this.headers = headers;
  }

  /** Opens a connection of a browser at this address, and reads where the server's endpoints are. */
  static async open(subject: Subject, address: string): Promise<Lane> {
    const headers = forwarded(subject, address);
    const client = new Client(`http://127.0.0.1:${subject.port}`, { pipelining: 1 });
    const discovery = `${subject.prefix}/.well-known/openid-configuration`;
    const { body } = await client.request({ path: discovery, method: 'GET', headers });
    const found = await body.json() as Record<string, string>;
    const path = (name: string): string => new URL(found[name] ?? missing(name)).pathname;
    return new Lane(subject, {
      discovery, authorization: path('authorization_endpoint'), token: path('token_endpoint'), userinfo: path('userinfo_endpoint'),
      introspection: path('introspection_endpoint'), jwks: path('jwks_uri'),
    }, client, headers);
  }

  close(): Promise<void> {
    return this.client.close();
  }

  /** A document that anybody may read. */
  async read(path: string): Promise<string> {
    return (await this.send('GET', path, {}, undefined, 200)).text;
  }

  async userinfo(): Promise<Record<string, unknown>> {
    const { text } = await this.send('GET', this.endpoints.userinfo, { authorization: `Bearer ${this.tokens.access_token}` }, undefined, 200);
    return JSON.parse(text) as Record<string, unknown>;
  }

  async introspect(): Promise<{ active: boolean }> {
    const body = await this.post(this.endpoints.introspection, this.subject.portal, { token: this.tokens.access_token, token_type_hint: 'access_token' });
    return body as { active: boolean };
  }

  async clientCredentials(resource?: string): Promise<string> {
    const { access_token = '' } = await this.post(this.endpoints.token, this.subject.batch, { grant_type: 'client_credentials', scope: 'roles', ...(resource && { resource }) });
    return access_token as string;
  }

  async refresh(): Promise<void> {
    this.tokens = await this.post(this.endpoints.token, this.subject.portal, { grant_type: 'refresh_token', refresh_token: this.tokens.refresh_token }) as Tokens;
  }

  /** A browser that is signed in goes to the portal: authorization at once, then the code for tokens. */
  async authorize(): Promise<void> {
    await this.redeem(await this.send('GET', this.authorizationPath(), { cookie: this.cookie(this.endpoints.authorization) }, undefined, 303));
  }

  /** The whole way in, on the login page where there is one. */
  async login(person: Person): Promise<void> {
    this.cookies = new Map();
    let [path, answer] = [this.authorizationPath(), await this.browse('GET', this.authorizationPath())];
    while (answer.location === undefined || !answer.location.startsWith(callback)) {
      if (answer.location !== undefined) {
        const to = new URL(answer.location, `https://${this.subject.host}${path}`);
        path = to.pathname + to.search;
        answer = await this.browse('GET', path);
      } else {
        if (!answer.text.includes('name="password"')) throw new Error(`no login page at ${path}: ${answer.status} ${answer.text.slice(0, 2000)}`);
        answer = await this.browse('POST', path, { ...hiddenFields(answer.text), ...person });
      }
    }
    await this.redeem(answer);
  }

  private async redeem({ location = '' }: Answer): Promise<void> {
    const code = new URL(location).searchParams.get('code');
    if (code === null) throw new Error(`no code: ${location}`);
    this.tokens = await this.post(this.endpoints.token, this.subject.portal, { grant_type: 'authorization_code', code, redirect_uri: callback, code_verifier: pkce.verifier }) as Tokens;
  }

  private authorizationPath(): string {
    return `${this.endpoints.authorization}?${new URLSearchParams({
      client_id: this.subject.portal.id, redirect_uri: callback, response_type: 'code', scope: scopes, state: 'state-of-a-portal', nonce: 'nonce-of-a-portal',
      code_challenge: pkce.challenge, code_challenge_method: 'S256',
    }).toString()}`;
  }

  private async browse(method: 'GET' | 'POST', path: string, form?: Form): Promise<Answer> {
    const answer = await this.send(method, path, { cookie: this.cookie(path), accept: 'text/html' }, form);
    for (const line of answer.cookies) this.keep(line);
    return answer;
  }

  private async post(path: string, { id, secret }: Credentials, form: Form): Promise<Record<string, unknown>> {
    const { text } = await this.send('POST', path, { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }, form, 200);
    return JSON.parse(text) as Record<string, unknown>;
  }

  /** @throws Error when the answer has another status than is expected */
  private async send(method: 'GET' | 'POST', path: string, headers: Record<string, string>, form?: Form, expected?: number): Promise<Answer> {
    const request: Dispatcher.RequestOptions = { method, path, headers: { ...this.headers, ...headers } };
    if (form) {
      request.body = new URLSearchParams(form).toString();
      (request.headers as Record<string, string>)['content-type'] = 'application/x-www-form-urlencoded';
    }
    const { statusCode, headers: received, body } = await this.client.request(request);
    const text = await body.text();
    if (expected !== undefined && statusCode !== expected) throw new Error(`${this.subject.name}: ${method} ${path} answered ${statusCode}: ${text.slice(0, 500)}`);
    const { location, 'set-cookie': cookies } = received;
    return { status: statusCode, location: typeof location === 'string' ? location : undefined, cookies: [cookies ?? []].flat(), text };
  }

  private cookie(path: string): string {
    return [...this.cookies].filter(([, { path: scope }]) => path.startsWith(scope)).map(([name, { value }]) => `${name}=${value}`).join('; ');
  }

  private keep(line: string): void {
    const [pair = '', ...attributes] = line.split(/;\s*/);
    const path = attributes.find((one) => /^path=/i.test(one))?.slice(5) ?? '/';
    const at = pair.indexOf('=');
    if (pair.length === at + 1) this.cookies.delete(pair.slice(0, at));
    else this.cookies.set(pair.slice(0, at), { value: pair.slice(at + 1), path });
  }
}

function forwarded({ host }: Subject, address: string): Record<string, string> {
  return { host, 'x-forwarded-host': host, 'x-forwarded-proto': 'https', 'x-forwarded-for': address };
}

function hiddenFields(html: string): Form {
  const tags = [...html.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([tag]) => tag);
  return Object.fromEntries(tags.map((tag) => [/ name="([^"]*)"/.exec(tag)?.[1] ?? '', / value="([^"]*)"/.exec(tag)?.[1] ?? '']));
}

function missing(name: string): never {
  throw new Error(`the server's discovery document lacks ${name}`);
}
