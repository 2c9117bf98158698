/** Rows of one query, by its parameters. */
type Kept = Map<string, unknown>;

/** Answers of one query. More than this many and it begins anew: who makes up parameters must not fill the memory. */
const LIMIT = 1000;

/**
 * Answers that are given again for as long as nothing was written. Writes of this process are heard of by their text; for those
 * of others SQLite keeps a number that differs after each (`PRAGMA data_version`), which takes a fifth of the time of a small
 * query and is asked each time. So an answer of the memory is what the database would say.
 */
export class Memory {
  private readonly kept = new Map<string, { tables: ReadonlySet<string>; answers: Kept }>();
  private readonly versionOf: () => unknown;
  private version: unknown;

  constructor(versionOf: () => unknown) {
    this.versionOf = versionOf;
  }

  /** @returns what was kept; undefined when nothing was, or something was written since */
  recall(sql: string, key: string): unknown {
    const version = this.versionOf();
    if (version !== this.version) this.forget();
    this.version = version;
    return this.kept.get(sql)?.answers.get(key);
  }

  /** Only what was read outside a transaction: what that wrote may be taken back. */
  keep(sql: string, key: string, answer: unknown): void {
    let query = this.kept.get(sql);
    if (!query) this.kept.set(sql, query = { tables: namedIn(sql), answers: new Map() });
    if (query.answers.size >= LIMIT) query.answers.clear();
    query.answers.set(key, answer);
  }

  /** @param tables undefined: who knows */
  forget(tables?: readonly string[]): void {
    for (const query of this.kept.values()) {
      if (!tables || tables.some((table) => query.tables.has(table))) query.answers.clear();
    }
  }

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
