import { appendAudit, listAudit, pagesOfAudit, type AuditFilter, type AuditRow } from '../store/audit.ts';
import { hasSeal, verifyChain, type Break } from '../store/audit-verify.ts';
import { realmOption, table, time, UsageError, type Args, type Command, type Option } from './command.ts';
import { withRealm } from './context.ts';
import { organisationOf } from './find.ts';

const filters: Record<string, Option> = {
  ...realmOption,
  event: { type: 'string', value: 'NAME', help: 'only this event' },
  organisation: { type: 'string', value: 'ID|TYPE:NUMBER', help: 'only about this organisation' },
  run: { type: 'string', value: 'ID', help: 'only of this run' },
  reference: { type: 'string', value: 'REF', help: 'only of the request with this reference, as a caller reads it out' },
};

const list: Command = {
  name: 'audit list',
  summary: 'the newest entries of the audit trail (every field with --json)',
  options: { ...filters, limit: { type: 'string', value: 'N', help: 'at most so many (50)' } },
  run: (args, io) => withRealm(args, io, async ({ database: { db } }) => {
    const rows = await listAudit(db, { ...await filterOf(args, db), limit: limitOf(args, 50) });
    const lines = rows.map((row) => [
      time(row.at), row.event, row.outcome, row.reason, actorText(row), row.acting_for, row.organisation_id, row.object_id, row.address, row.reference]);
    return { data: rows, text: table([['at', 'event', 'outcome', 'reason', 'actor', 'acting for', 'organisation', 'object', 'address', 'reference'], ...lines]) };
  }),
};

const exportCommand: Command = {
  name: 'audit export',
  summary: 'the whole trail, oldest first, one JSON document a line (with --json: one list)',
  options: filters,
  run: (args, io) => withRealm(args, io, async ({ database, actor, now }) => {
    const filter = await filterOf(args, database.db);
    // reading the trail is itself an act that the trail must show (NEN 7513)
    await appendAudit(database.db, { event: 'audit.exported', action: 'R', outcome: 'success', actor, detail: { ...filter }, now });
    const [before, between, after] = args.flag('json') ? ['[\n', ',\n', '\n]\n'] : ['', '\n', '\n'];
    let separator = before;
    for await (const page of pagesOfAudit(database.db, filter)) {
      io.out(`${separator}${page.map((row) => JSON.stringify(row)).join(between)}`);
      separator = between;
    }
    io.out(separator === before ? `${before.trim()}${after.trim()}\n` : after);
    return { data: null, text: '', printed: true };
  }),
};

const verify: Command = {
  name: 'audit verify',
  summary: 'whether the trail is whole: nothing changed, taken out or put in since it was sealed',
  options: { ...realmOption, noted: { type: 'string', value: 'HASH', help: 'a last hash that was noted before: the chain must still contain it' } },
  run: (args, io) => withRealm(args, io, async ({ database, actor, now }) => {
    const verdict = await verifyChain(database);
    const noted = args.get('noted');
    const whole = verdict.ok && noted !== undefined && !await hasSeal(database, noted) ? cutOff : verdict;
    // that the test was done is what the trail must show (BIO2 8.15.06), also when it failed
    await appendAudit(database.db, {
      event: 'audit.verified', action: 'E', outcome: whole.ok ? 'success' : 'failed', ...(!whole.ok && { reason: `chain.${whole.what}` }),
      actor, detail: { ...whole }, now,
    });
    const text = whole.ok
      ? `the trail is whole: ${whole.sealed} sealed, ${whole.unsealed} not yet sealed${whole.head && `\nlast hash ${whole.head}`}`
      : breakText(whole);
    return { data: whole, text, refused: !whole.ok };
  }),
};

/** The chain fits itself but not what was noted. */
const cutOff: Break = { ok: false, position: null, auditId: null, what: 'missing' };

const happened: Record<Break['what'], string> = {
  changed: 'was changed after it was sealed', missing: 'is missing', inserted: 'was put in from outside', order: 'stands in another order than it was sealed',
};

function breakText(broken: Break): string {
  if (broken === cutOff) return 'the trail is broken: the noted hash is not in the chain, which was cut off or made anew';
  const { position, auditId, what } = broken;
  const where = [position === null ? 'a row without seal' : `row ${position} of the chain`, auditId === null ? '' : ` (audit id ${auditId})`].join('');
  return `the trail is broken: ${where} ${happened[what]}`;
}

async function filterOf(args: Args, db: Parameters<typeof organisationOf>[0]): Promise<AuditFilter> {
  const [event, organisation, runId, reference] = [args.get('event'), args.get('organisation'), args.get('run'), args.get('reference')];
  return {
    ...(event !== undefined && { event }),
    ...(runId !== undefined && { runId }),
    ...(reference !== undefined && { reference: reference.trim().toUpperCase() }),
    ...(organisation !== undefined && { organisationId: (await organisationOf(db, organisation)).id }),
  };
}

/** @throws UsageError when it is not a whole number above zero */
export function limitOf(args: Args, fallback: number): number {
  const text = args.get('limit');
  if (text === undefined) return fallback;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`--limit ${text}: expected a whole number above zero`);
  return Number(text);
}

function actorText({ actor }: AuditRow): string {
  return `${actor.kind} ${actor.display ?? actor.id}`;
}

export const auditCommands: Command[] = [list, exportCommand, verify];
