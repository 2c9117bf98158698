import { openHost, type CheckOptions } from './host.ts';
import { oauthClients } from './oauth-clients.ts';
import { oauthTokens } from './oauth-tokens.ts';
import { openidClients } from './openid-clients.ts';
import { openidDiscovery } from './openid-discovery.ts';
import { openidFlow } from './openid-flow.ts';
import { openidTokens } from './openid-tokens.ts';
import { security } from './security.ts';
import type { Finding, Result, Row } from './row.ts';

/** Every row of OIDC-NLGOV 1.0.1 and OAuth-NL 1.1.0 that is about a provider, but the two that sum up the others. */
export const rows: readonly Row[] = [...openidFlow, ...openidTokens, ...openidDiscovery, ...openidClients, ...security, ...oauthClients, ...oauthTokens];

export type ProfileReport = { realm: string; results: Result[]; /** ids of MUST rows that are neither met nor documented */ broken: string[] };

/**
 * Holds a realm against the profile: its provider is put together as it would run, on a database of its own, and asked.
 * @returns every row, in the order of the documents
 */
export async function checkProfile(options: CheckOptions): Promise<ProfileReport> {
  const host = await openHost(options);
  try {
    const found: Result[] = [];
    for (const { id, level, asks, check } of rows) found.push({ id, level, asks, ...await check(host) });
    const results = [...found, ...sums(found)].toSorted(inOrder);
    return { realm: options.realm.id, results, broken: results.filter(isBroken).map(({ id }) => id) };
  } finally {
    await host.close();
  }
}

function isBroken({ state, level }: Result): boolean {
  return state === 'not met' && level.startsWith('MUST');
}

/** O1 asks every feature of the profile, O2 the whole OAuth profile: as far as the others are met. */
function sums(found: Result[]): Result[] {
  const sum = (letter: string): Finding => {
    const own = found.filter(({ id, level }) => id.startsWith(letter) && level.startsWith('MUST'));
    const [broken, deviations] = [own.filter(({ state }) => state === 'not met'), own.filter(({ state }) => state === 'deviation')];
    if (broken.length > 0) return { state: 'not met', note: `not met: ${broken.map(({ id }) => id).join(', ')}` };
    return deviations.length === 0 ? { state: 'met', note: '' } : { state: 'deviation', note: `but for the documented deviations ${deviations.map(({ id }) => id).join(', ')}` };
  };
  return [
    { id: 'O1', level: 'MUST', asks: 'all features of the profile', ...sum('O') },
    { id: 'O2', level: 'MUST', asks: 'the OAuth profile in full', ...sum('A') },
  ];
}

function inOrder(one: Result, other: Result): number {
  const [a, b] = [one, other].map(({ id }) => (id.startsWith('O') ? 0 : 1000) + Number(id.slice(1))) as [number, number];
  return a - b;
}
