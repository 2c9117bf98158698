import { setImmediate } from 'node:timers';

/** Answers by parameters; `about`: subject -> parameters of answers, for a query whose rows are written by their own ids only. */
type Query = { tables: ReadonlySet<string>; answers: Map<string, unknown>; about: Map<string, string[]> };

/** Answers of one query. More than this many and it begins anew: who makes up parameters must not fill the memory. */
const LIMIT = 1000;

/** Counts what may know more than we: requests that came in, and turns of the event loop in which somebody asked. */
let moment = 1;

/** Something begins that may have heard of a write by another process. */
export function requestCame(): void {
  moment += 1;
}

/**
 * Answers that are given again for as long as nothing was written. Writes of this process are heard of by their text; for those
 * of others SQLite keeps a number that differs after each (`PRAGMA data_version`), which takes a fifth of the time of a small
 * query and is asked once in each turn of the event loop, and again for each request that comes in. So an answer of the memory
 * is what the database would say, or said after the request came: whoever heard that something was written elsewhere is told the same.
 */
export class Memory {
  private readonly kept = new Map<string, Query>();
  private readonly versionOf: () => unknown;
  private version: unknown;
  private asked = 0;

  constructor(versionOf: () => unknown) {
    this.versionOf = versionOf;
  }

  /** @returns what was kept; undefined when nothing was, or something was written since */
  recall(sql: string, key: string): unknown {
    if (this.asked !== moment) this.ask();
    return this.kept.get(sql)?.answers.get(key);
  }

  private ask(): void {
    const version = this.versionOf();
    if (version !== this.version) this.forget();
    this.version = version;
    this.asked = moment;
    // of what comes by a timer nobody says when it begins
    setImmediate(requestCame);
  }

  /**
   * Only what was read outside a transaction: what that wrote may be taken back.
   * @param subjects when every insert and update that can change the answer names one of these; else any write to its tables ends it
   */
  keep(sql: string, key: string, answer: unknown, subjects?: readonly string[]): void {
    let query = this.kept.get(sql);
    if (!query || query.answers.size >= LIMIT || query.about.size >= 4 * LIMIT) this.kept.set(sql, query = { tables: subjects ? new Set() : namedIn(sql), answers: new Map(), about: new Map() });
    query.answers.set(key, answer);
    for (const subject of subjects ?? []) {
      const keys = query.about.get(subject) ?? [];
      if (!keys.includes(key)) query.about.set(subject, [...keys, key]);
    }
  }

  /** @param tables that are written to; undefined: who knows @param named what the statement was given */
  forget(tables?: readonly string[], named: unknown = []): void {
    if (!tables) {
      this.kept.clear();
      return;
    }
    for (const { answers, about, tables: from } of this.kept.values()) {
      if (tables.some((table) => from.has(table))) answers.clear();
      if (about.size > 0) for (const value of named as unknown[]) forgetAbout(value as string, answers, about);
    }
  }
}

function forgetAbout(subject: string, answers: Map<string, unknown>, about: Map<string, string[]>): void {
  const keys = about.get(subject);
  if (!keys) return;
  for (const key of keys) answers.delete(key);
  about.delete(subject);
}

/** What a statement writes to: names of tables, or 'anything'. A removal takes along what refers to it. */
export function writesOf(sql: string): readonly string[] | 'anything' {
  if (/^\s*(select|begin|commit|rollback|savepoint|release|pragma)\b/i.test(sql)) return [];
  const tables = [...sql.matchAll(/\b(?:insert into|update) "(\w+)"/gi)].map(([, name]) => name ?? '');
  return tables.length === 0 || /\bdelete\b/i.test(sql) ? 'anything' : tables;
}

function namedIn(sql: string): Set<string> {
  return new Set([...sql.matchAll(/"(\w+)"/g)].map(([, name]) => name ?? ''));
}
