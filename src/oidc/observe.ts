import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Realm } from '../config/schema.ts';
import { portalOfClient } from './clients.ts';
import { afterwards } from './unit.ts';

/** What the provider answered, for who counts: no person and no client. `error` is empty when it went well. */
export type ProviderEvent =
  | { kind: 'token'; grant: string; error: string }
  | { kind: 'authorization'; portal: string; error: string };

const grants = new Set(['authorization_code', 'refresh_token', 'client_credentials']);

/** @param observe must not throw: a listener that throws turns the answer into a 500 */
export function observeProvider(provider: Provider, realm: Realm, observe: (event: ProviderEvent) => void): void {
  const grantOf = (ctx: KoaContextWithOIDC): string => {
    const type = ctx.oidc.params?.['grant_type'];
    return typeof type === 'string' && grants.has(type) ? type : 'other';
  };
  const portalOf = (ctx: KoaContextWithOIDC): string => portalOfClient(realm, ctx.oidc.client)?.id ?? 'unknown';
  // what is refused at the very end, by another request that was first, was no success
  provider.on('grant.success', (ctx) => afterwards(() => observe({ kind: 'token', grant: grantOf(ctx), error: '' })));
  provider.on('grant.error', (ctx, { error }) => observe({ kind: 'token', grant: grantOf(ctx), error }));
  provider.on('authorization.success', (ctx) => afterwards(() => observe({ kind: 'authorization', portal: portalOf(ctx), error: '' })));
  provider.on('authorization.error', (ctx, { error }) => observe({ kind: 'authorization', portal: portalOf(ctx), error }));
}
