import type { ProfileHost } from './host.ts';

/**
 * `met`: seen to hold. `not applicable`: nothing here can or need meet it; the note says what the operator does.
 * `deviation`: on purpose, for the reason in the note, and no further than it says. `not met`: a mistake; the note says which.
 */
export type State = 'met' | 'not applicable' | 'deviation' | 'not met';
export type Finding = { state: State; note: string };

/** `id` as in the tables of the HANDBOOK; `asks`: the requirement in a few words. `check` looks at the provider itself. */
export type Row = { id: string; level: string; asks: string; check(host: ProfileHost): Finding | Promise<Finding> };

export type Result = Pick<Row, 'id' | 'level' | 'asks'> & Finding;

type Test = (host: ProfileHost) => boolean | Promise<boolean>;

/** Holds when the test does; `wrong` says what is wrong otherwise. */
export function row(id: string, level: string, asks: string, wrong: string, test: Test): Row {
  return { id, level, asks, check: async (host) => (await test(host) ? { state: 'met', note: '' } : { state: 'not met', note: wrong }) };
}

/** Not met on purpose. The test says that it goes no further than the reason does. */
export function deviating(id: string, level: string, asks: string, reason: string, test: Test = () => true): Row {
  return { id, level, asks, check: async (host) => (await test(host) ? { state: 'deviation', note: reason } : { state: 'not met', note: `further off than documented: ${reason}` }) };
}

/** About what is around Sluis, or about clients. The test says that it is indeed not about what is here. */
export function elsewhere(id: string, level: string, asks: string, note: string, test: Test = () => true): Row {
  return { id, level, asks, check: async (host) => (await test(host) ? { state: 'not applicable', note } : { state: 'not met', note: `no longer applies: ${note}` }) };
}

/** Asked of what is served to the world: the demo world of one machine is served over plain http. */
export function overTls(id: string, level: string, asks: string, note: string): Row {
  return {
    id, level, asks,
    check: ({ system, realm }) => {
      if (realm.issuer.startsWith('https:')) return { state: 'met', note };
      return system.demo ? { state: 'not applicable', note: 'demo mode: plain http on this machine only; outside it Sluis refuses to start' } : { state: 'not met', note: 'the issuer is not https' };
    },
  };
}

/** Same members, in any order. */
export function same(found: unknown, expected: readonly string[]): boolean {
  return Array.isArray(found) && found.length === expected.length && expected.every((value) => found.includes(value));
}

/** All of these are there, and nothing but what is allowed. */
export function within(found: unknown, needed: readonly string[], allowed: readonly string[] = needed): boolean {
  return Array.isArray(found) && needed.every((value) => found.includes(value)) && found.every((value) => allowed.includes(String(value)));
}
