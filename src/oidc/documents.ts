import { importJWK, SignJWT } from 'jose';
import type { Provider } from 'oidc-provider';
import { profiles } from '../config/profile.ts';
import type { Realm } from '../config/schema.ts';
import type { RealmKeys } from '../keys/keys.ts';
import { publishedKeys } from './published-keys.ts';

const metadata = new Set(['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server']);

type Context = Parameters<Parameters<Provider['use']>[0]>[0];

/**
 * The discovery document and the keys, for portals to keep as long as the profile says (rows O73, A13); the next keys are
 * published ahead of that. The document also comes signed (`signed_metadata`, RFC 8414 section 2.1; row O72).
 */
export function publishDocuments(provider: Provider, realm: Realm, keys: RealmKeys): void {
  const sign = metadataSigner(realm, keys);
  const publish = async (ctx: Context, next: () => Promise<void>): Promise<void> => {
    await next();
    if (ctx.status !== 200) return;
    ctx.set('Cache-Control', `public, max-age=${profiles[realm.profile].documentsMaxAge}`);
    if (metadata.has(ctx.path)) ctx.body = { ...ctx.body as object, signed_metadata: await sign(ctx.body as Record<string, unknown>) };
  };
  provider.use((ctx, next) => (metadata.has(ctx.path) || ctx.path === '/jwks' ? publish(ctx, next) : next()));
}

/** The document hardly ever changes: it is signed once for each of its forms. */
function metadataSigner(realm: Realm, keys: RealmKeys): (document: Record<string, unknown>) => Promise<string> {
  let last: { text: string; signed: Promise<string> } | undefined;
  return (document) => {
    const text = JSON.stringify(document);
    if (last?.text !== text) last = { text, signed: signed(document, realm, keys) };
    return last.signed;
  };
}

async function signed(document: Record<string, unknown>, realm: Realm, keys: RealmKeys): Promise<string> {
  const jwk = publishedKeys(keys.jwks).keys.find(({ alg }) => alg === 'ES256');
  if (!jwk) throw new Error('there is no ES256 key');
  return new SignJWT(document).setProtectedHeader({ alg: 'ES256', kid: jwk.kid }).setIssuer(realm.issuer).setIssuedAt().sign(await importJWK(jwk as never, 'ES256'));
}
