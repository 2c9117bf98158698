/** What came back: the last answer, and where redirects stopped. */
export class Page {
  readonly status: number;
  readonly url: string;
  readonly html: string;
  readonly headers: Headers;

  constructor(url: string, status: number, headers: Headers, html: string) {
    this.url = url;
    this.status = status;
    this.headers = headers;
    this.html = html;
  }

  /** Where this answer points, made absolute. */
  get location(): string | undefined {
    const to = this.headers.get('location');
    return to === null ? undefined : new URL(to, this.url).href;
  }

  /** Parameters of the answer at a portal. */
  get answer(): Record<string, string> {
    const { searchParams, hash } = new URL(this.location ?? this.url);
    return Object.fromEntries([...searchParams, ...new URLSearchParams(hash.slice(1))]);
  }

  get step(): string | undefined {
    return /data-step="([^"]+)"/.exec(this.html)?.[1];
  }

  get end(): string | undefined {
    return /data-end="([^"]+)"/.exec(this.html)?.[1];
  }

  get problems(): string[] {
    return [...new Set([...this.html.matchAll(/data-problem="([^"]+)"/g)].map((match) => match[1] ?? ''))];
  }

  /** Hidden fields, by name. */
  get hidden(): Record<string, string> {
    const inputs = [...this.html.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([tag]) => tag);
    return Object.fromEntries(inputs.map((tag) => [attribute(tag, 'name'), attribute(tag, 'value')]));
  }

  /** Where its (first) form goes. */
  get action(): string {
    return new URL(attribute(/<form[^>]*>/.exec(this.html)?.[0] ?? '', 'action'), this.url).href;
  }
}

function attribute(tag: string, name: string): string {
  const value = new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? '';
  return value.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code))).replace(/&quot;/g, '"').replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');
}

type Cookie = { name: string; value: string; path: string };

/** A browser without pages or scripts: keeps cookies by path, follows redirects within Sluis and stops at its border. */
export class HttpBrowser {
  readonly origin: string;
  cookies: Cookie[] = [];
  private readonly extra: Record<string, string>;

  constructor(origin: string, extra: Record<string, string> = {}) {
    this.origin = origin;
    this.extra = extra;
  }

  /** The same cookies in a browser of its own: a copy of this moment. */
  copy(): HttpBrowser {
    const other = new HttpBrowser(this.origin, this.extra);
    other.cookies = [...this.cookies];
    return other;
  }

  /** One request, redirects not followed. */
  async send(to: string, init: RequestInit = {}): Promise<Page> {
    const url = new URL(to, this.origin);
    const cookie = this.cookies.filter(({ path }) => url.pathname === path || url.pathname.startsWith(path.endsWith('/') ? path : `${path}/`))
      .toSorted((a, b) => b.path.length - a.path.length).map(({ name, value }) => `${name}=${value}`).join('; ');
    const headers = { accept: 'text/html', ...this.extra, ...(cookie && { cookie }), ...init.headers as Record<string, string> };
    const response = await fetch(url, { redirect: 'manual', ...init, headers });
    for (const line of response.headers.getSetCookie()) this.keep(line, url.pathname);
    return new Page(url.href, response.status, response.headers, await response.text());
  }

  get(to: string): Promise<Page> {
    return this.send(to).then((page) => this.follow(page));
  }

  post(to: string, fields: Record<string, string>): Promise<Page> {
    return this.postOnly(to, fields).then((page) => this.follow(page));
  }

  /** A post whose redirect is left alone. */
  postOnly(to: string, fields: Record<string, string>): Promise<Page> {
    return this.send(to, { method: 'POST', body: new URLSearchParams(fields) });
  }

  /** Posts the form of a page with its hidden fields. */
  submit(page: Page, fields: Record<string, string> = {}): Promise<Page> {
    return this.post(page.action, { ...page.hidden, ...fields });
  }

  async follow(page: Page): Promise<Page> {
    let last = page;
    for (let hops = 0; hops < 15 && last.location?.startsWith(`${this.origin}/`); hops += 1) last = await this.send(last.location);
    return last;
  }

  private keep(line: string, requestPath: string): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
    const name = pair.slice(0, pair.indexOf('='));
    const of = (key: string): string | undefined => attributes.find((a) => a.toLowerCase().startsWith(`${key}=`))?.slice(key.length + 1);
    const path = of('path') ?? requestPath;
    this.cookies = this.cookies.filter((cookie) => cookie.name !== name || cookie.path !== path);
    const expires = of('expires');
    if (expires === undefined || Date.parse(expires) > Date.now()) this.cookies.push({ name, value: pair.slice(name.length + 1), path });
  }
}
