/** A number under which somebody works in an application: an AGB code. */
export type Account = { type: string; value: string };

/** What a portal reads of the ID token and userinfo. Claims are data from elsewhere: each is checked before use. */
export type User = {
  name: string;
  organisation: { name: string; identifiers: Record<string, string> } | undefined;
  roles: string[];
  /** application -> the numbers under which the person may work there */
  accounts: Record<string, Account[]>;
  acr: string;
  /** everything, for developers */
  all: Record<string, unknown>;
};

/** Labels of levels as people know them. */
const levels: Record<string, string> = {
  'http://eidas.europa.eu/LoA/low': 'niveau 2',
  'urn:etoegang:core:assurance-class:loa2plus': 'niveau 2+',
  'http://eidas.europa.eu/LoA/substantial': 'niveau 3',
  'http://eidas.europa.eu/LoA/high': 'niveau 4',
  'https://refeds.org/profile/sfa': 'wachtwoord',
  'https://refeds.org/profile/mfa': 'twee stappen',
};

const organisationNumbers: Record<string, string> = { kvk: 'KvK-nummer', rsin: 'RSIN', oin: 'OIN', agb: 'AGB-code', relation_number: 'Relatienummer' };

/** Userinfo wins: it is what holds now, where the ID token tells what held at login. */
export function readUser(idToken: Record<string, unknown>, userinfo: Record<string, unknown>): User {
  const all = { ...idToken, ...userinfo };
  return {
    name: text(all['name']) || [text(all['given_name']), text(all['family_name'])].filter(Boolean).join(' '),
    organisation: readOrganisation(all['organisation']),
    roles: Array.isArray(all['roles']) ? all['roles'].filter((role) => typeof role === 'string') : [],
    accounts: readAccounts(all['accounts']),
    acr: text(all['acr']),
    all,
  };
}

function readOrganisation(claim: unknown): User['organisation'] {
  if (typeof claim !== 'object' || claim === null) return undefined;
  const { name, identifiers } = claim as { name?: unknown; identifiers?: unknown };
  const numbers = typeof identifiers === 'object' && identifiers !== null ? Object.entries(identifiers) : [];
  return { name: text(name), identifiers: Object.fromEntries(numbers.filter((n): n is [string, string] => typeof n[1] === 'string')) };
}

function readAccounts(claim: unknown): Record<string, Account[]> {
  if (typeof claim !== 'object' || claim === null) return {};
  return Object.fromEntries(Object.entries(claim).map(([application, list]) => [application, (Array.isArray(list) ? list as unknown[] : []).flatMap(readAccount)]));
}

function readAccount(one: unknown): Account[] {
  const { type, value } = (one ?? {}) as { type?: unknown; value?: unknown };
  return typeof type === 'string' && typeof value === 'string' ? [{ type, value }] : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function levelLabel(acr: string): string {
  return levels[acr] ?? (acr || 'onbekend');
}

export function numberLabel(type: string): string {
  return organisationNumbers[type] ?? type;
}

/** By the hour in the Netherlands, wherever the server stands. */
export function greeting(at: Date): string {
  const hour = Number(new Intl.DateTimeFormat('nl-NL', { hour: 'numeric', hourCycle: 'h23', timeZone: 'Europe/Amsterdam' }).format(at));
  if (hour < 6) return 'Goedenacht';
  if (hour < 12) return 'Goedemorgen';
  return hour < 18 ? 'Goedemiddag' : 'Goedenavond';
}
