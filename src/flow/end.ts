import { auditContext } from '../store/audit-context.ts';
import type { OpenRun } from './run.ts';
import type { Turn } from './turn.ts';

type End = { code: string; params: Record<string, string | number>; fine: boolean; reference?: string };

/** The page keeps the reference of the request that ended the run: the audit trail knows it by that, also after a reload. */
export function endOf(code: string, params: End['params'], fine: boolean): string {
  const { reference } = auditContext();
  return JSON.stringify({ code, params, fine, reference } satisfies { [K in keyof End]: End[K] | undefined });
}

export function ended(run: OpenRun): Turn {
  const end = JSON.parse(run.row.end_code ?? '{"code":"flow_unsafe","params":{},"fine":false}') as End;
  return { kind: 'end', ...end, run };
}
