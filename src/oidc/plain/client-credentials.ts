import type { Provider } from 'oidc-provider';
import { recordIssued } from '../audit.ts';
import { scopeClaims } from '../claims.ts';
import type { ProviderEvent } from '../observe.ts';
import { resourceServerInfo } from '../resources.ts';
import { clientOf } from './client.ts';
import type { PlainParts, PlainRequest } from './plain.ts';

const fields = new Set(['grant_type', 'scope', 'resource']);
/** RFC 6749, section 3.3. */
const SCOPE = /^[\x21\x23-\x5B\x5D-\x7E]+(?: [\x21\x23-\x5B\x5D-\x7E]+)*$/;
const issued: ProviderEvent = { kind: 'token', grant: 'client_credentials', error: '' };

/** A program asks a token for one API (RFC 6749, section 4.4; RFC 8707). Undefined: the library's. */
export async function clientCredentials(provider: Provider, parts: PlainParts, { form, authorization, address }: PlainRequest): Promise<Record<string, unknown> | undefined> {
  const { grant_type: grantType, scope = '', resource } = form;
  if (grantType !== 'client_credentials' || resource === undefined || !SCOPE.test(scope) || Object.keys(form).some((name) => !fields.has(name))) return undefined;
  if (!parts.realm.resources.some(({ id }) => id === resource)) return undefined;
  const client = await clientOf(provider, authorization);
  if (!client?.grantTypeAllowed('client_credentials') || client['dpopBoundAccessTokens']) return undefined;
  const asked = [...new Set(scope.split(' '))];
  // a scope that says what one is told of people is given to clients one by one, and no API's own of the same name undoes that
  const own = client.scope?.split(' ');
  if (own && asked.some((one) => Object.hasOwn(scopeClaims, one) && !own.includes(one))) return undefined;
  const server = new provider.ResourceServer(resource, await resourceServerInfo(parts, resource, client));
  const token = new provider.ClientCredentials({ client, scope: asked.join(' ') });
  token.resourceServer = server;
  const granted = asked.filter((one) => server.scopes.has(one)).join(' ');
  if (granted === '') delete (token as { scope?: string }).scope;
  else token.scope = granted;
  const value = await token.save();
  await parts.database.together((tx) => recordIssued(tx, { clientId: client.clientId, grantType, address, now: parts.clock() }));
  parts.observe(issued);
  return { access_token: value, expires_in: token.expiration, ...(granted !== '' && { scope: granted }), token_type: token.tokenType };
}
