import { explainRun, type Explanation } from '../flow/explain.ts';
import { proveRealm } from '../flow/prove.ts';
import { showFlow } from '../flow/show.ts';
import { steps } from '../steps/index.ts';
import { realmOption, Refusal, table, time, UsageError, type Command } from './command.ts';
import { configOf, realmOf, withRealm } from './context.ts';
import { complaintText } from './realm.ts';

const show: Command = {
  name: 'flow show',
  summary: 'a flow as text or as a Mermaid diagram',
  options: {
    ...realmOption,
    flow: { type: 'string', required: true, value: 'ID', help: 'the flow' },
    format: { type: 'string', value: 'text|mermaid', help: 'how to draw it (text)' },
  },
  async run(args, io) {
    const realm = realmOf(configOf(args, io), args.need('realm'));
    const format = args.get('format') ?? 'text';
    if (format !== 'text' && format !== 'mermaid') throw new UsageError('--format is text or mermaid');
    const flow = args.need('flow');
    if (!realm.flows[flow]) throw new UsageError(`realm ${realm.id} has no flow ${flow}; it has ${Object.keys(realm.flows).join(', ')}`);
    return { data: { id: flow, ...realm.flows[flow] }, text: showFlow(realm, flow, format) };
  },
};

const prove: Command = {
  name: 'flow prove',
  summary: 'explore every way through the flows of a realm',
  options: realmOption,
  async run(args, io) {
    const realm = realmOf(configOf(args, io), args.need('realm'));
    const complaints = proveRealm(realm, steps);
    const text = complaints.length === 0 ? `${realm.id}: every flow is proved` : complaints.map(complaintText).join('\n');
    return { data: { ok: complaints.length === 0, complaints }, text, refused: complaints.length > 0 };
  },
};

const explain: Command = {
  name: 'flow explain',
  summary: 'why each step of a run was asked or skipped',
  options: { ...realmOption, run: { type: 'string', required: true, value: 'ID', help: 'the run: the last part of the login page\'s address; the log line of a reference names it too' } },
  run: (args, io) => withRealm(args, io, async ({ database, realm, now }) => {
    const explanation = await explainRun(database, realm, args.need('run'), steps, now);
    if (!explanation) throw new Refusal('run.unknown', 'there is no such run; runs are removed some time after they expire');
    return { data: explanation, text: explanationText(explanation) };
  }),
};

function explanationText({ flow, portal, status, level, bindings, ensure }: Explanation): string {
  const rows = bindings.map(({ id, verdict, because, passedAt }) => [
    id, verdict, time(passedAt), Object.entries(because).map(([name, holds]) => `${holds ? '' : 'not '}${name}`).join(', ')]);
  return [
    `flow ${flow} at portal ${portal}: ${status}; level ${level.reached ?? 'none'} of ${level.required}, which the ${level.by} asks`,
    table([['binding', 'verdict', 'passed at', 'because'], ...rows]),
    ensure.unmet.length === 0 ? 'nothing is missing at the end' : `missing at the end: ${ensure.unmet.join(', ')}`,
  ].join('\n');
}

export const flowCommands: Command[] = [show, prove, explain];
