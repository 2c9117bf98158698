import { chainHash, type TrailRow } from './audit-chain.ts';
import type { Database } from './database.ts';
import type { Db, Tables } from './schema.ts';

type Seal = Tables['audit_seals'];

/** Where the trail is not what was sealed. `position` counts sealed rows from 1; null where the row has no seal. */
export type Break = { ok: false; position: number | null; auditId: string | null; what: 'changed' | 'missing' | 'inserted' | 'order' };
/** `head` is the last hash: written down elsewhere, it shows later that the chain was not made anew. */
export type Verdict = { ok: true; sealed: number; unsealed: number; head: string } | Break;

/** Rows in memory at a time. */
const PAGE = 500;

/**
 * Compares the whole trail with its chain, in pages, while others write. Rows that wait for their seal are counted.
 * It cannot see a chain that was cut off or made anew from end to end: `hasSeal` with a hash noted before can.
 */
export async function verifyChain({ db }: Database): Promise<Verdict> {
  const { position, hash, last } = await db.selectFrom('audit_head').select(['position', 'hash'])
    .select((eb) => eb.selectFrom('audit_seals').select((seals) => seals.fn.max('position').as('last')).as('last'))
    .where('id', '=', 1).executeTakeFirstOrThrow();
  const broken = await followChain(db, { position, hash }) ?? await followTrail(db);
  if (broken) return broken;
  // both numbers are of one moment: a seal beyond the head came from elsewhere
  if ((last ?? 0) > position) return { ok: false, position: position + 1, auditId: null, what: 'inserted' };
  const lost = await db.selectFrom('audit_unsealed').leftJoin('audit', 'audit.id', 'audit_unsealed.audit_id').select('audit_id')
    .where('audit.id', 'is', null).limit(1).executeTakeFirst();
  if (lost) return { ok: false, position: null, auditId: lost.audit_id, what: 'missing' };
  const { unsealed } = await db.selectFrom('audit_unsealed').select((eb) => eb.fn.countAll<number>().as('unsealed')).executeTakeFirstOrThrow();
  return { ok: true, sealed: position, unsealed, head: hash };
}

/** Whether the chain has a hash that was its head once. */
export async function hasSeal({ db }: Database, hash: string): Promise<boolean> {
  return await db.selectFrom('audit_seals').select('position').where('hash', '=', hash).executeTakeFirst() !== undefined;
}

/** Every seal up to the head: is its row there and unchanged, and is none left out? */
async function followChain(db: Db, head: { position: number; hash: string }): Promise<Break | undefined> {
  let [position, hash] = [0, ''];
  while (position < head.position) {
    const page = await pageAfter(db, position);
    for (const { seal, row } of page) {
      if (seal.position > head.position) break;
      position += 1;
      if (seal.position !== position) return { ok: false, position, auditId: null, what: 'missing' };
      if (!row) return { ok: false, position, auditId: seal.audit_id, what: 'missing' };
      if (chainHash(hash, seal.sealed_at, row) !== seal.hash) {
        return { ok: false, position, auditId: seal.audit_id, what: await standsLater(db, hash, seal) ? 'order' : 'changed' };
      }
      hash = seal.hash;
    }
    if (page.length === 0) return { ok: false, position: position + 1, auditId: null, what: 'missing' };
  }
  return hash === head.hash ? undefined : { ok: false, position, auditId: null, what: 'changed' };
}

/** Whether what should stand at a position does stand further on: a row under another's seal, or with its seal. */
async function standsLater(db: Db, previous: string, broken: Seal): Promise<boolean> {
  const fits = ({ seal, row }: Link) => row !== undefined
    && (chainHash(previous, broken.sealed_at, row) === broken.hash || chainHash(previous, seal.sealed_at, row) === seal.hash);
  let position = broken.position;
  for (;;) {
    const page = await pageAfter(db, position);
    if (page.length === 0) return false;
    if (page.some(fits)) return true;
    position = page.at(-1)?.seal.position ?? position;
  }
}

type Link = { seal: Seal; row: TrailRow | undefined };

async function pageAfter(db: Db, position: number): Promise<Link[]> {
  const rows = await db.selectFrom('audit_seals').leftJoin('audit', 'audit.id', 'audit_seals.audit_id').selectAll()
    .where('audit_seals.position', '>', position).orderBy('audit_seals.position').limit(PAGE).execute();
  return rows.map(({ position: at, audit_id, hash, sealed_at, ...row }) => ({
    seal: { position: at, audit_id, hash, sealed_at }, row: row.id === null ? undefined : row as TrailRow,
  }));
}

/** Every row of the trail: has it a seal, or does it wait for one? One statement sees either, never neither. */
async function followTrail(db: Db): Promise<Break | undefined> {
  // an identity of PostgreSQL and a rowid of SQLite can be set below 1 by hand
  let seq = Number.MIN_SAFE_INTEGER;
  for (;;) {
    const page = await db.selectFrom('audit')
      .leftJoin('audit_seals', 'audit_seals.audit_id', 'audit.id').leftJoin('audit_unsealed', 'audit_unsealed.audit_id', 'audit.id')
      .select(['audit.seq', 'audit.id', 'audit_seals.audit_id as sealed', 'audit_unsealed.audit_id as waits'])
      .where('audit.seq', '>', seq).orderBy('audit.seq').limit(PAGE).execute();
    const stranger = page.find(({ sealed, waits }) => sealed === null && waits === null);
    if (stranger) return { ok: false, position: null, auditId: stranger.id, what: 'inserted' };
    if (page.length < PAGE) return undefined;
    seq = page.at(-1)?.seq ?? seq;
  }
}
