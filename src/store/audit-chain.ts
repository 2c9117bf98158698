import { createHash } from 'node:crypto';
import type { Selectable } from 'kysely';
import type { Database } from './database.ts';
import { recalled } from './prepared.ts';
import type { Tables } from './schema.ts';

/** A row of the trail as the database holds it. */
export type TrailRow = Selectable<Tables['audit']>;

/** Milliseconds between seals. */
const INTERVAL = 5000;
/** Rows in one transaction: others write between two batches. */
const BATCH = 200;

/**
 * SHA-256 (hex) over the hash before it, the time of sealing and the whole row: JSON with sorted keys and without nulls,
 * so that a column that is added later changes no old hash. The first row follows the empty text.
 */
export function chainHash(previous: string, sealedAt: number, row: TrailRow, names = namesOf(row)): string {
  return createHash('sha256').update(`${previous}\n${sealedAt}\n${sortedJson(row, names)}`).digest('hex');
}

function sortedJson(row: TrailRow, names: (keyof TrailRow)[]): string {
  return `{${names.filter((name) => row[name] !== null).map((name) => `"${name}":${JSON.stringify(row[name])}`).join(',')}}`;
}

function namesOf(row: TrailRow): (keyof TrailRow)[] {
  return (Object.keys(row) as (keyof TrailRow)[]).sort();
}

/** A look without the write lock: mostly there is nothing to do. */
const waiting = recalled((db) => db.selectFrom('audit_unsealed').select('audit_id').limit(1), (rows) => rows.length > 0);

/**
 * Seals at most `limit` rows, in the order of writing among those that are committed: `seq` alone would leave out what is
 * committed late. Whoever moves the head on has sealed; another node that saw the same head leaves it be.
 * @returns how many were sealed; 0 also when another node was first
 */
export async function sealBatch({ db, transaction }: Database, limit: number, now: number): Promise<number> {
  if (!await waiting(db, {})) return 0;
  return transaction(async (tx) => {
    const head = await tx.selectFrom('audit_head').select(['position', 'hash']).where('id', '=', 1).executeTakeFirstOrThrow();
    // ids are in the order of writing, and those that wait are kept in theirs: to sort by `seq` would be to look at all of them for each batch
    const found = await tx.selectFrom('audit_unsealed').innerJoin('audit', 'audit.id', 'audit_unsealed.audit_id').selectAll('audit')
      .orderBy('audit_unsealed.audit_id').limit(limit).execute();
    const rows = found.toSorted((a, b) => a.seq - b.seq);
    if (rows.length === 0) return 0;
    const seals = sealsOf(head, rows, now);
    const { position, hash } = seals.at(-1) ?? head;
    const moved = await tx.updateTable('audit_head').set({ position, hash })
      .where('id', '=', 1).where('position', '=', head.position).where('hash', '=', head.hash).executeTakeFirst();
    if (moved.numUpdatedRows === 0n) return 0;
    await tx.insertInto('audit_seals').values(seals).execute();
    await tx.deleteFrom('audit_unsealed')
      .where('audit_id', 'in', (query) => query.selectFrom('audit_seals').select('audit_id').where('position', '>', head.position)).execute();
    return rows.length;
  });
}

function sealsOf(head: { position: number; hash: string }, rows: TrailRow[], now: number): Tables['audit_seals'][] {
  let { position, hash } = head;
  // of one answer of the database, so all have the same columns
  const names = rows[0] && namesOf(rows[0]);
  return rows.map((row) => {
    position += 1;
    hash = chainHash(hash, now, row, names);
    return { position, audit_id: row.id, hash, sealed_at: now };
  });
}

/** Seals what the trail holds, every 5 s. Safe on several nodes: one seals at a time. */
export function startSealing(database: Database, clock: () => number, log: { error(detail: object, text: string): void }): { stop(): Promise<void> } {
  let busy: Promise<void> | undefined;
  const seal = () => busy ??= sealAll(database, clock)
    .catch((error: unknown) => log.error({ err: error }, 'audit trail not sealed'))
    .finally(() => { busy = undefined; });
  const timer = setInterval(() => { void seal(); }, INTERVAL);
  timer.unref();
  return {
    /** Seals once more, so that nothing waits while no node runs. */
    async stop() {
      clearInterval(timer);
      // one under way may have missed the last rows
      await busy;
      await seal();
    },
  };
}

async function sealAll(database: Database, clock: () => number): Promise<void> {
  while (await sealBatch(database, BATCH, clock()) > 0);
}
