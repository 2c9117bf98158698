import type { Realm } from '../config/schema.ts';

/**
 * A flow as a person reads it: one line a binding, or a Mermaid diagram for documents.
 * @throws Error when the realm has no such flow
 */
export function showFlow(realm: Realm, flowId: string, format: 'text' | 'mermaid' = 'text'): string {
  const flow = realm.flows[flowId];
  if (!flow) throw new Error(`realm ${realm.id} has no flow ${flowId}; it has ${Object.keys(realm.flows).join(', ')}`);
  const lines = flow.bindings.map((binding, i) => ({
    node: `b${i}`,
    name: binding.id ?? binding.step,
    text: [settings(binding.with), list('when', binding.when), list('unless', binding.unless), list('any of', binding.any_of)].filter(Boolean),
  }));
  if (format === 'text') {
    return [...lines.map((l, i) => `${i + 1}. ${[l.name, ...l.text].join(' · ')}`), `ensure: ${flow.ensure.join(', ')}`].join('\n');
  }
  const nodes = lines.map((l) => `  ${l.node}["${[l.name, ...l.text].join('<br>').replaceAll('"', "'")}"]`);
  const edges = lines.map((l, i) => `  ${l.node} --> ${lines[i + 1]?.node ?? 'done'}`);
  return ['flowchart TD', ...nodes, `  done(["ensure: ${flow.ensure.join(', ')}"])`, ...edges].join('\n');
}

function settings(value: Record<string, unknown>): string {
  return Object.entries(value).map(([key, v]) => `${key}: ${String(v)}`).join(', ');
}

function list(label: string, names: string[] | undefined): string {
  return names?.length ? `${label} ${names.join(', ')}` : '';
}
