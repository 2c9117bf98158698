import type { Provider } from 'oidc-provider';

type Context = Parameters<Parameters<Provider['use']>[0]>[0];

/**
 * After a logout that leads to no address of a portal, the page is still that of the portal where it began: with its name,
 * the way back, and its mark when it is a test environment (row IB-10). The provider forgets the client when all ends.
 */
export function keepPortalAfterLogout(provider: Provider): void {
  const keep = async (ctx: Context, next: () => Promise<void>): Promise<void> => {
    await next();
    if (!ctx.oidc?.client) return;
    const location = ctx.response.get('Location');
    const success = ctx.oidc.urlFor('end_session_success');
    if (location === success) ctx.redirect(`${success}?client_id=${encodeURIComponent(ctx.oidc.client.clientId)}`);
  };
  provider.use((ctx, next) => (ctx.path === '/session/end/confirm' ? keep(ctx, next) : next()));
}
