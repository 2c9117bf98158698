import { z } from 'zod';
import type { Portal, Realm } from '../../config/schema.ts';
import { portalOpensAt } from '../../domain/opening.ts';
import { predicateNames } from '../../flow/predicates.ts';
import { formatDate } from '../../texts/dates.ts';
import { defineStep, type Outcome, type Run } from '../../flow/step.ts';

const config = z.strictObject({
  /** the predicate that must hold */
  that: z.enum(predicateNames as [typeof predicateNames[number], ...typeof predicateNames]),
  /** code of the page that is shown when it does not; texts end.<code>.title and .body */
  else: z.string().regex(/^[a-z][a-z_]*$/),
  /** a good end that is not a login: nothing is wrong, and there is nothing to begin anew */
  fine: z.boolean().default(false),
});
type Config = z.infer<typeof config>;

/** A gate: lets through when a predicate holds, and otherwise ends the run on a page of its own. */
export const requireStep = defineStep<Config, unknown, unknown>({
  id: 'require',
  config,
  state: z.unknown(),
  input: z.unknown(),
  secrets: [],
  model: ({ that }) => ({ settledBy: [that], passes: false, gives: [] }),
  enter: async (run) => refuse(run),
  page: () => ({}),
  submit: async (run) => refuse(run),
});

/** The parameters serve every such page: what is missing, for whom, and what was needed. */
function refuse({ config: { else: code, fine }, realm, portal, facts, address, language }: Run<Config, unknown>): Outcome<unknown> {
  const label = (rank: number): string => realm.levels[rank]?.label ?? '-';
  const missing = realm.agreements.filter((agreement) => facts.organisation?.missingAgreements.includes(agreement.id));
  return {
    kind: 'deny', code, ...(fine && { ended: 'fine' }),
    params: {
      portal: portal.name,
      organisation: facts.organisation?.name ?? '',
      missing: missing.map((agreement) => agreement.name).join('; '),
      count: missing.length,
      need: label(facts.required.level),
      // a level that is gone from the ladder has no name, and its id is for nobody to read
      known: realm.levels[facts.required.level] ? 'yes' : 'no',
      by: facts.required.by,
      got: label(facts.level),
      address,
      ...(!facts.applicationsOpen && { opens: openingText(realm, portal, facts.now, language) }),
    },
  };
}

/** When the portal opens, as people there say it; `none` when nobody knows. */
function openingText(realm: Realm, portal: Portal, now: number, language: string): string {
  const next = portalOpensAt(realm, portal, now);
  if (!next) return 'none';
  const [day, time] = [{ weekday: 'long', day: 'numeric', month: 'long' }, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }] as const;
  const say = (options: Intl.DateTimeFormatOptions): string => formatDate(language, next.at, { ...options, timeZone: next.zone });
  return `${say(day)}, ${say(time)}`;
}
