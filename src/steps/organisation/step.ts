import { z } from 'zod';
import { UNWANTED } from '../../domain/names.ts';
import { ownOrganisations, type OwnOrganisation } from '../../domain/own-organisations.ts';
import { takeTry } from '../../domain/throttle.ts';
import { aboutTheOrganisation, holds } from '../../flow/predicates.ts';
import { defineStep, type Outcome, type Problem, type Run } from '../../flow/step.ts';

const config = z.strictObject({});
const state = z.object({ filter: z.string() });
type State = z.infer<typeof state>;
const input = z.object({ organisation: z.string().default(''), filter: z.string().default(''), action: z.string().default('') });
type Input = z.infer<typeof input>;
type OwnRun = Run<unknown, State>;

/** Forms that one account may send: each filter without script is one. */
const forms = { limit: 300, window: 900 };
const LONGEST = 100;

/** Choice of the organisation for which somebody with several of them acts (row CFX-2). */
export const organisation = defineStep<unknown, State, Input>({
  id: 'organisation',
  config,
  state,
  input,
  secrets: [],
  model: () => ({
    settledBy: ['organisation_fits'],
    passes: true,
    gives: ['organisation_known'],
    // another organisation comes into view, which may ask a higher level
    forgets: [...aboutTheOrganisation, 'level_reached', 'login_shown'],
  }),
  enter,
  page,
  submit,
});

/** Nobody is asked who has nothing to choose; a session's own organisation is left for another one only by its person. */
async function enter(run: OwnRun): Promise<Outcome<State>> {
  // who a broker shows acts for whom the broker says
  if (run.facts.proofs.some(({ broker }) => broker)) return { kind: 'pass' };
  // the request named it; what is wrong with it the flow's own gates say
  if (run.facts.named && run.facts.organisation) return { kind: 'pass', organisationId: run.facts.organisation.id };
  const { all, fitting } = await ownOf(run);
  const [first, second] = fitting;
  if (!first) return withNone(run, all);
  const present = fitting.find(({ organisation: { id } }) => id === run.former);
  const unusable = !present && all.some(({ organisation: { id } }) => id === run.former);
  const only = second || unusable ? undefined : first;
  const kept = run.choosing ? only : present ?? only;
  return kept ? { kind: 'pass', organisationId: kept.organisation.id } : { kind: 'ask' };
}

/** All of somebody's organisations, and those for which this portal's flow would let them in. */
async function ownOf({ db, realm, language, facts }: OwnRun): Promise<{ all: OwnOrganisation[]; fitting: OwnOrganisation[] }> {
  const all = facts.account ? await ownOrganisations(db, realm, facts.account.id, language) : [];
  return { all, fitting: all.filter((own) => holds('organisation_fits', { ...facts, ...own })) };
}

/** With a single organisation the flow's own gates say what is wrong; of several the page names what they all lack. */
function withNone({ facts, portal }: OwnRun, all: OwnOrganisation[]): Outcome<State> {
  const [only] = all;
  if (only && all.length === 1) return { kind: 'pass', organisationId: only.organisation.id };
  const lacking = facts.ensured.filter((name) => all.length > 0 && all.every((own) => !holds(name, { ...facts, ...own })));
  return {
    kind: 'deny', code: 'organisation_none',
    params: { portal: portal.name, count: all.length, why: all.length === 0 ? 'none' : lacking[0] ?? 'other', organisations: namesOf(all) },
  };
}

function namesOf(all: OwnOrganisation[]): string {
  return [...all.slice(0, 10).map((own) => own.organisation.name), ...(all.length > 10 ? ['…'] : [])].join('; ');
}

async function page(run: OwnRun) {
  const { all, fitting } = await ownOf(run);
  const filter = run.state?.filter ?? '';
  const named = labelled(fitting);
  const present = all.find((own) => own.organisation.id === run.former);
  return {
    filter, total: fitting.length,
    present: present?.organisation.name, away: present !== undefined && !fitting.includes(present),
    organisations: named.filter((one) => matches(one, filter)).map((one) => ({ ...one, current: one.id === run.former })),
  };
}

async function submit(run: OwnRun, { organisation: chosen, filter, action }: Input): Promise<Outcome<State>> {
  const turn = await takeTry(run.db, `organisation:${run.facts.account?.id ?? run.id}`, forms, run.now);
  if (!turn.allowed) return refused({ code: 'organisation.wait', params: { minutes: Math.ceil(turn.retryAfter / 60) } });
  const { all, fitting } = await ownOf(run);
  if (fitting.length === 0) return withNone(run, all);
  if (action === 'filter') return keepFilter(filter);
  if (action === 'all') return { kind: 'ask', state: { filter: '' } };
  // gone meanwhile, another one's, or of nobody: one answer
  const own = fitting.find(({ organisation: { id } }) => id === chosen);
  if (!own) return refused({ field: 'organisation', code: chosen === '' ? 'organisation.required' : 'organisation.unavailable' });
  const { id } = own.organisation;
  return { kind: 'pass', organisationId: id, commit: run.audit({ event: 'organisation.chosen', organisationId: id, detail: { from: run.former ?? null, to: id } }) };
}

function keepFilter(typed: string): Outcome<State> {
  const filter = typed.normalize('NFC').trim();
  if (filter.length > LONGEST) return refused({ field: 'filter', code: 'organisation.filter.long', params: { max: LONGEST } });
  return UNWANTED.test(filter) ? refused({ field: 'filter', code: 'organisation.filter.characters' }) : { kind: 'ask', state: { filter } };
}

function refused(problem: Problem): Outcome<State> {
  return { kind: 'ask', problems: [problem] };
}

type Label = { id: string; name: string; /** where another one has the same name */ number?: { type: string; value: string } };

function labelled(own: OwnOrganisation[]): Label[] {
  const seen = new Map<string, number>();
  for (const { organisation: { name } } of own) seen.set(plain(name), (seen.get(plain(name)) ?? 0) + 1);
  return own.map(({ organisation: { id, name, identifiers } }) => {
    const [number] = Object.entries(identifiers);
    return { id, name, ...(number && (seen.get(plain(name)) ?? 0) > 1 && { number: { type: number[0], value: number[1] } }) };
  });
}

/** Every word that was typed is somewhere in what the button says; assets/organisations.js does the same. */
function matches({ name, number }: Label, filter: string): boolean {
  const text = plain(`${name} ${number?.value ?? ''}`);
  return plain(filter).split(/\s+/).every((word) => text.includes(word));
}

function plain(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}
