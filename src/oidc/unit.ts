import { errors, Provider, type KoaContextWithOIDC } from 'oidc-provider';
import type { Database } from '../store/database.ts';
import { currentScope, inScope } from '../store/scope.ts';
import type { Db } from '../store/schema.ts';
import { RETRY_AFTER, Unavailable } from '../store/unavailable.ts';

/** May run again when PostgreSQL breaks a deadlock. @throws OIDCProviderError when another request was first */
export type Write = (db: Db) => Promise<void>;
type Unit = { writes: Write[]; after: (() => void)[]; open: boolean; ctx?: KoaContextWithOIDC };
type Page = (ctx: KoaContextWithOIDC, error: { error: string; error_description?: string | undefined }) => Promise<void>;

const units = new WeakMap<object, Unit>();

/** The library keeps the context of a request through all that it waits for: a second way to do that would cost something at every promise. */
function current(): Unit | undefined {
  const { ctx } = Provider;
  const unit = (ctx && units.get(ctx)) ?? currentScope().unit as Unit | undefined;
  return unit?.open ? unit : undefined;
}

/**
 * Does work whose writes are stored together at its end, as those of a request of the provider are. Work that fails leaves nothing behind.
 * @throws what the work throws; OIDCProviderError when another request was first
 */
export async function inUnit(database: Database, ctx: KoaContextWithOIDC, work: () => Promise<void>): Promise<void> {
  const unit: Unit = { writes: [], after: [], open: true, ctx };
  try {
    await inScope({ ...currentScope(), unit }, work);
  } finally {
    unit.open = false;
  }
  await commit(database, unit);
}

/** The context of such work: the library's own is that of its pipeline only. */
export function contextHere(): KoaContextWithOIDC | undefined {
  return (currentScope().unit as Unit | undefined)?.ctx;
}

/** What became of a request at its very end: an answer that was ready, and may not be sent any more. */
export class Refused extends Error {
  readonly status: number;
  readonly body: { error: string; error_description?: string };

  constructor({ status, error, error_description }: Pick<InstanceType<typeof errors.OIDCProviderError>, 'status' | 'error' | 'error_description'>) {
    super(error);
    this.status = status;
    this.body = { error, ...(error_description !== undefined && { error_description }) };
  }
}

/**
 * Writes at the end of the provider's request, together with all else that it writes; at once when there is no such
 * request. What a request reads is thus always what was committed before it.
 */
export async function write(database: Database, work: Write): Promise<void> {
  const unit = current();
  if (unit) unit.writes.push(work);
  else await work(database.db);
}

/** Does something once the request's writes are stored, and not when they are not; at once when there is no such request. */
export function afterwards(work: () => void): void {
  const unit = current();
  if (unit) unit.after.push(work);
  else work();
}

/** Which event tells that a request of a route was refused at its end. */
const refusals: Record<string, string> = {
  token: 'grant.error', authorization: 'authorization.error', resume: 'authorization.error', userinfo: 'userinfo.error',
  pushed_authorization_request: 'pushed_authorization_request.error', introspection: 'introspection.error', revocation: 'revocation.error',
};

/**
 * Everything that the provider writes in one request becomes one transaction before the answer is sent: left alone, the
 * library consumes a refresh token, then stores the next, and whatever goes wrong in between has taken the session from
 * somebody who did nothing wrong. A request that fails leaves nothing behind, so it may be sent again, and an answer
 * that was sent is stored, with its audit row.
 */
export function writeWhole(provider: Provider, { database, page }: { database: Database; page: Page }): void {
  provider.on('server_error', (ctx, error) => { if (error instanceof Unavailable) ctx.state['unavailable'] = true; });
  provider.use(async (koa, next) => {
    const ctx = koa as unknown as KoaContextWithOIDC;
    const unit: Unit = { writes: [], after: [], open: true };
    units.set(koa, unit);
    try {
      await next();
      unit.open = false;
      if (ctx.state['unavailable'] === true) await refuse(ctx, new TemporarilyUnavailable(), page);
      else if (ctx.status < 500) await commit(database, unit);
    } catch (error) {
      unit.open = false;
      const refusal = refusalOf(error);
      if (!refusal) throw error;
      const event = refusal.status === 503 ? 'server_error' : refusals[ctx.oidc?.route ?? ''];
      if (event !== undefined) provider.emit(event, ctx, error);
      await refuse(ctx, refusal, page);
    }
  });
}

function refusalOf(error: unknown): Error & { status: number; error: string; error_description?: string } | undefined {
  if (error instanceof Unavailable) return new TemporarilyUnavailable();
  return error instanceof errors.OIDCProviderError ? error as Error & { status: number; error: string } : undefined;
}

async function commit(database: Database, { writes, after }: Unit): Promise<void> {
  const [only] = writes;
  // where each statement is a round trip, one needs no transaction around it
  if (writes.length === 1 && database.dialect === 'postgres') await only?.(database.db);
  else if (writes.length > 0) await database.together(async (tx) => { for (const work of writes) await work(tx); });
  for (const work of after) work();
}

/** In place of an answer that was ready: nothing that it promised may reach the browser. */
async function refuse(ctx: KoaContextWithOIDC, { status, error, error_description }: { status: number; error: string; error_description?: string }, page: Page): Promise<void> {
  for (const name of ['Location', 'Set-Cookie']) ctx.remove(name);
  ctx.status = status;
  if (status === 503) ctx.set('Retry-After', String(RETRY_AFTER));
  const body = { error, ...(error_description !== undefined && { error_description }) };
  if (ctx.accepts('json', 'html') === 'html') await page(ctx, body);
  else ctx.body = body;
}

/** RFC 6749, section 4.1.2.1, for whatever the database could not be asked. */
export const unavailable = { error: 'temporarily_unavailable', error_description: 'try again in some minutes' } as const;

class TemporarilyUnavailable extends Error {
  readonly status = 503;
  readonly error = unavailable.error;
  readonly error_description = unavailable.error_description;
}
