import type { Client, Provider } from 'oidc-provider';

/** Identifier and secret without anything that would have to be decoded (RFC 6749, section 2.3.1). */
const SIMPLE = /^([\w.~-]+):([\w.~-]+)$/;

/** The client that shows its secret in the header. Undefined when there is any doubt: the library refuses it, and says why. */
export async function clientOf(provider: Provider, authorization: string | undefined): Promise<Client | undefined> {
  const [, encoded = ''] = /^Basic ([A-Za-z0-9+/]+={0,2})$/.exec(authorization ?? '') ?? [];
  const text = Buffer.from(encoded, 'base64').toString('latin1');
  const [, id, secret] = SIMPLE.exec(text) ?? [];
  if (id === undefined || secret === undefined || Buffer.from(text, 'latin1').toString('base64') !== encoded) return undefined;
  const client = await provider.Client.find(id);
  const bySecret = client?.clientAuthMethod === 'client_secret_basic' || client?.clientAuthMethod === 'client_secret_post';
  if (!client || !bySecret || client.clientSecretExpiresAt) return undefined;
  return await client.compareClientSecret(secret) ? client : undefined;
}
