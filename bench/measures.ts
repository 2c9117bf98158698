import type { Lane } from './lane.ts';
import { api } from './subject.ts';

export type Measure = {
  name: string;
  /** lowest ratio of Sluis to the bare provider */
  bar: number;
  /** everybody signs in again before the measure */
  people: boolean;
  /** nothing is written, so nothing is left to be done afterwards */
  reads?: true;
  /** one operation; throws when its answer is not what it must be */
  work(lane: Lane): Promise<unknown>;
};

export const measures: Measure[] = [
  { name: 'client_credentials', bar: 0.9, people: false, work: async (lane) => jwt(await lane.clientCredentials(api)) },
  { name: 'userinfo', bar: 0.6, people: true, work: async (lane) => must(Array.isArray((await lane.userinfo())['roles']), 'userinfo without roles') },
  { name: 'introspection', bar: 0.6, people: true, work: async (lane) => must((await lane.introspect()).active, 'the token is not active') },
  { name: 'refresh', bar: 0.45, people: true, work: async (lane) => { await lane.refresh(); jwt(lane.tokens.id_token); } },
  { name: 'signed-in authorization to token', bar: 0.5, people: true, work: async (lane) => { await lane.authorize(); jwt(lane.tokens.id_token); } },
  { name: 'discovery', bar: 2, people: false, reads: true, work: async (lane) => must((await lane.read(lane.endpoints.discovery)).includes('"token_endpoint"'), 'no discovery document') },
  { name: 'jwks', bar: 2, people: false, reads: true, work: async (lane) => must((await lane.read(lane.endpoints.jwks)).includes('"P-256"'), 'no keys') },
];

/** A token signed with ES256: its header says so. */
function jwt(token: string): void {
  const [head = '', , signature = ''] = token.split('.');
  must(signature.length === 86 && Buffer.from(head, 'base64url').includes('"alg":"ES256"'), 'not a JWT signed with ES256');
}

function must(condition: boolean, message: string): void {
  if (!condition) throw new Error(message);
}
