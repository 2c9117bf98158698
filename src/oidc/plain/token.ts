import type { AccessToken, Client, Grant, Provider } from 'oidc-provider';

/** An opaque token as the library makes them; a JWT has dots. */
const OPAQUE = /^[\w-]{20,200}$/;

/** A token of a person, whose grant stands: bound to no key, certificate or API, and without claims that were asked one by one. */
export type PersonalToken = AccessToken & { accountId: string; grantId: string; clientId: string };
export type Found = { token: PersonalToken; grant: Grant };

export function isOpaque(value: string | undefined): value is string {
  return value !== undefined && OPAQUE.test(value);
}

/** As the library judges tokens and grants at userinfo and introspection. Undefined when there is anything else to be said. */
export async function tokenOf(provider: Provider, value: string | undefined): Promise<Found | undefined> {
  if (!isOpaque(value)) return undefined;
  const token = await provider.AccessToken.find(value);
  if (!token?.isValid || token.isSenderConstrained() || token.aud !== undefined || token['claims'] !== undefined) return undefined;
  if (!token.accountId || !token.grantId || !token.clientId) return undefined;
  const grant = await provider.Grant.find(token.grantId, { ignoreExpiration: true });
  if (!grant || grant.isExpired || grant.clientId !== token.clientId || grant.accountId !== token.accountId) return undefined;
  return { token: token as PersonalToken, grant };
}

/** Does everybody know the people of a client by the same subject, and is what it is told not wrapped in a JWT? */
export function isOrdinary(client: Client | undefined): client is Client {
  return client !== undefined && client.subjectType !== 'pairwise' && !client['userinfoSignedResponseAlg'] && !client['userinfoEncryptedResponseAlg'];
}
