/**
 * The database cannot be reached, is locked or full, or took too long: the fault is not in what was asked, and the same
 * may succeed in some minutes. What was asked in a transaction did not happen; `code` is what the driver said.
 */
export class Unavailable extends Error {
  readonly code: string;

  constructor(cause: unknown) {
    const { code, message } = cause as { code?: unknown; message?: string };
    super(`the database does not answer: ${message ?? String(cause)}`, { cause });
    this.name = 'Unavailable';
    this.code = typeof code === 'string' ? code : 'timeout';
  }
}

/** Seconds after which a browser or portal may ask again. */
export const RETRY_AFTER = 60;

/** SQLITE_READONLY: a file system that was mounted read-only after an error. */
const SQLITE = /^SQLITE_(BUSY|LOCKED|FULL|IOERR|READONLY|CANTOPEN|NOMEM|PROTOCOL)/;
/**
 * PostgreSQL, appendix A: connection lost (08), read-only since another server leads (25006), no resources (53), locked
 * (55P03), statement too slow (57014), shutting down (57P), its disk fails (58).
 */
const POSTGRES = /^(08...|25006|53...|55P03|57014|57P..|58...)$/;
const NETWORK = new Set(['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'ENOENT']);
/** What pg says without a code. */
const WORDS = /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Client was closed)/;

/** The error as `Unavailable` when it is one, and else as it was. */
export function honest(error: unknown): unknown {
  if (error instanceof Unavailable) return error;
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  const known = typeof code === 'string' ? SQLITE.test(code) || POSTGRES.test(code) || NETWORK.has(code) : WORDS.test(String(message));
  return known ? new Unavailable(error) : error;
}
