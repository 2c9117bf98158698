import { clientMistakes } from './clients.ts';
import { didYouMean } from './mistakes.ts';
import { passkeyMistakes } from './passkeys.ts';
import { lifetimeMistakes, type ProfileName } from './profile.ts';
import { clientSchema, realmSchema, type System } from './schema.ts';
import type { Path, Source } from './source.ts';

/** Names of what the code offers; the configuration lies below it and cannot look them up itself. */
export type Known = { knownPredicates?: readonly string[]; knownSteps?: readonly string[] };

/** The files of one realm as they were read, schema mistakes or not: every check looks at what is there. */
export type RealmSources = {
  realm: Source | undefined;
  portals: Map<string, Source>;
  brokers: Map<string, Source>;
  texts: Map<string, Source>;
};

/** Everything one file says about another, and what must be unique. */
export function checkReferences(files: RealmSources, known: Known, { demo, public_url }: Pick<System, 'demo' | 'public_url'>): void {
  const realm = files.realm;
  if (realm) checkRealm(realm, known, public_url);
  if (realm) checkResources(realm, [...files.portals.keys()], clientIds([...files.portals.values()]));
  for (const portal of files.portals.values()) checkPortal(portal, realm);
  checkFaces([...files.portals.values()]);
  checkClients([...files.portals.values()], demo, record(realm?.value)['profile'] === 'nlgov' ? 'nlgov' : 'basic');
  for (const broker of files.brokers.values()) checkBroker(broker, realm);
  for (const [language, texts] of files.texts) {
    const languages = textList(record(realm?.value)['languages'] ?? ['nl', 'en']);
    if (!languages.includes(language)) texts.complain([], `the realm has no language ${language}${didYouMean(language, languages)}`);
  }
}

function checkRealm(realm: Source, known: Known, publicUrl: string): void {
  for (const key of ['levels', 'applications', 'agreements']) unique(realm, [key], idsOf(realm, key));
  for (const [index, application] of list(record(realm.value)['applications']).entries()) {
    const roles = list(record(application)['roles']).map((role) => record(role)['id']);
    unique(realm, ['applications', index, 'roles'], roles);
  }
  checkQuestions(realm);
  checkHelp(realm);
  for (const [id, flow] of Object.entries(record(record(realm.value)['flows']))) checkFlow(realm, id, record(flow), known);
  const checked = realmSchema.safeParse(realm.value);
  if (checked.success) for (const { path, message } of [...lifetimeMistakes(checked.data), ...passkeyMistakes(checked.data, publicUrl)]) realm.complain(path, message);
}

function checkQuestions(realm: Source): void {
  const choices = list(record(record(realm.value)['questions'])['choices']).map(record);
  unique(realm, ['questions', 'choices'], choices.map(({ id }) => id));
  for (const [index, { text }] of choices.entries()) inEachLanguage(realm, ['questions', 'choices', index, 'text'], text);
}

function checkHelp(realm: Source): void {
  for (const [index, line] of list(record(record(realm.value)['help'])['include']).entries()) inEachLanguage(realm, ['help', 'include', index], line);
}

function inEachLanguage(realm: Source, path: Path, text: unknown): void {
  const missing = textList(record(realm.value)['languages'] ?? ['nl', 'en']).filter((language) => record(text)[language] === undefined);
  if (missing.length > 0) realm.complain(path, `a text is missing in ${missing.join(', ')}`);
}

function checkResources(realm: Source, portals: string[], clients: string[]): void {
  unique(realm, ['resources'], idsOf(realm, 'resources'));
  for (const [index, value] of list(record(realm.value)['resources']).entries()) {
    const resource = record(value);
    exists(realm, ['resources', index, 'portal'], 'portal', resource['portal'], portals);
    for (const [at, client] of textList(resource['clients']).entries()) exists(realm, ['resources', index, 'clients', at], 'client', client, clients);
  }
}

function clientIds(portals: Source[]): string[] {
  return portals.flatMap((portal) => texts(list(record(portal.value)['clients']).map((client) => record(client)['client_id'])));
}

function checkFlow(realm: Source, id: string, flow: Record<string, unknown>, known: Known): void {
  const bindings = list(flow['bindings']).map(record);
  unique(realm, ['flows', id, 'bindings'], bindings.map((binding) => binding['id'] ?? binding['step']));
  const predicates = (path: Path, names: unknown): void => {
    for (const [index, name] of textList(names).entries()) exists(realm, [...path, index], 'predicate', name, known.knownPredicates);
  };
  for (const [index, binding] of bindings.entries()) {
    const path = ['flows', id, 'bindings', index];
    exists(realm, [...path, 'step'], 'step', binding['step'], known.knownSteps);
    for (const key of ['when', 'unless', 'any_of']) predicates([...path, key], binding[key]);
  }
  predicates(['flows', id, 'ensure'], flow['ensure']);
}

function checkPortal(portal: Source, realm: Source | undefined): void {
  const value = record(portal.value);
  exists(portal, ['flow'], 'flow', value['flow'], realm && Object.keys(record(record(realm.value)['flows'])));
  exists(portal, ['level'], 'level', value['level'], realm && texts(idsOf(realm, 'levels')));
  for (const [index, application] of textList(value['applications']).entries()) {
    exists(portal, ['applications', index], 'application', application, realm && texts(idsOf(realm, 'applications')));
  }
  for (const [index, client] of list(value['clients']).entries()) {
    exists(portal, ['clients', index, 'level'], 'level', record(client)['level'], realm && texts(idsOf(realm, 'levels')));
  }
}

/** Each of our own faces has one address in a realm. */
function checkFaces(portals: Source[]): void {
  const seen = new Map<unknown, string>();
  for (const portal of portals) {
    const face = record(portal.value)['first_party'];
    const first = seen.get(face);
    if (face !== undefined && first !== undefined) portal.complain(['first_party'], `another portal, ${first}, is this one already`);
    seen.set(face, portal.file);
  }
}

function checkClients(portals: Source[], demo: boolean, profile: ProfileName): void {
  const seen = new Map<string, string>();
  for (const portal of portals) {
    for (const [index, value] of list(record(portal.value)['clients']).entries()) {
      const id = record(value)['client_id'];
      if (typeof id === 'string') {
        const first = seen.get(id);
        if (first) portal.complain(['clients', index, 'client_id'], `${id} is already a client in ${first}`);
        else seen.set(id, portal.file);
      }
      const client = clientSchema.safeParse(value);
      // what the schema finds wrong is already reported with the portal
      if (!client.success) continue;
      for (const { path, message } of clientMistakes(client.data, demo, profile)) portal.complain(['clients', index, ...path], message);
    }
  }
}

function checkBroker(broker: Source, realm: Source | undefined): void {
  const value = record(broker.value);
  const levels = realm && texts(idsOf(realm, 'levels'));
  exists(broker, ['level'], 'level', value['level'], levels);
  for (const [source, level] of Object.entries(record(value['levels']))) exists(broker, ['levels', source], 'level', level, levels);
}

function exists(source: Source, path: Path, what: string, name: unknown, known: readonly string[] | undefined): void {
  if (typeof name !== 'string' || !known || known.includes(name)) return;
  source.complain(path, `there is no ${what} ${name}${didYouMean(name, known)}`);
}

function unique(source: Source, path: Path, names: unknown[]): void {
  for (const [index, name] of names.entries()) {
    if (typeof name === 'string' && names.indexOf(name) !== index) source.complain([...path, index], `${name} is used twice: each needs its own id`);
  }
}

function idsOf(realm: Source, key: string): unknown[] {
  return list(record(realm.value)[key]).map((entry) => record(entry)['id']);
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function texts(values: unknown[]): string[] {
  return values.filter((value) => typeof value === 'string');
}

function textList(value: unknown): string[] {
  return texts(list(value));
}
