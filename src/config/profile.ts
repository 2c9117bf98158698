import type { ClientConfig, Realm } from './schema.ts';
import type { ClientMistake } from './clients.ts';

export type ProfileName = Realm['profile'];

export type Profile = {
  /** how clients may authenticate at the token endpoint */
  authMethods: readonly ('private_key_jwt' | 'client_secret_basic' | 'client_secret_post')[];
  /** of a client that says nothing about it */
  subjectType: 'public' | 'pairwise';
  /** of new RSA keys */
  rsaBits: 2048 | 3072;
  /** seconds that portals may keep the discovery document and the keys */
  documentsMaxAge: number;
  /** longest lifetimes, in seconds */
  longest: { id_token?: number; refresh_token?: number; access_token?: number };
};

/** The values that a standards profile fixes. `nlgov`: NL GOV assurance profiles for OpenID Connect 1.0.1 and OAuth 2.0 1.1.0. */
export const profiles: Record<ProfileName, Profile> = {
  basic: {
    authMethods: ['private_key_jwt', 'client_secret_basic', 'client_secret_post'], subjectType: 'public', rsaBits: 2048,
    documentsMaxAge: 3600, longest: {},
  },
  nlgov: {
    authMethods: ['private_key_jwt'], subjectType: 'pairwise', rsaBits: 3072,
    documentsMaxAge: 604_800, longest: { id_token: 300, refresh_token: 21_600, access_token: 3600 },
  },
};

/** What a client may not be in a realm of this profile. */
export function profileMistakes(client: ClientConfig, name: ProfileName): ClientMistake[] {
  const { authMethods } = profiles[name];
  const found: ClientMistake[] = [];
  if (!authMethods.includes(client.token_endpoint_auth_method)) {
    found.push({ path: ['token_endpoint_auth_method'], message: `${client.token_endpoint_auth_method} is not allowed by profile ${name}: use ${authMethods.join(' or ')}` });
  }
  if (name === 'nlgov' && !client.require_pkce) found.push({ path: ['require_pkce'], message: 'profile nlgov requires PKCE of every client' });
  return found;
}

/** Lifetimes of a realm that its profile does not allow. */
export function lifetimeMistakes({ profile, ttl }: Pick<Realm, 'profile' | 'ttl'>): { path: string[]; message: string }[] {
  return Object.entries(profiles[profile].longest).flatMap(([name, longest]) => {
    const seconds = ttl[name as keyof Profile['longest']];
    return seconds > longest ? [{ path: ['ttl', name], message: `is ${seconds}: profile ${profile} allows at most ${longest}` }] : [];
  });
}
