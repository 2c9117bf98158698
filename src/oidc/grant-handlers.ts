import { Provider, type KoaContextWithOIDC, type TokenEndpointGrantContext } from 'oidc-provider';

export type GrantHandler = (ctx: KoaContextWithOIDC) => unknown;
type Names = string | readonly string[] | ReadonlySet<string>;

const handlers = new WeakMap<Provider, Map<string, GrantHandler>>();

/** Remembers what is registered for each grant at a provider: by the library itself, as by anybody else. */
export class RememberingProvider extends Provider {
  override registerGrantType<P extends object>(name: string, handler: (ctx: TokenEndpointGrantContext<P>) => Promise<void> | void, parameters?: Names, duplicates?: Names): void {
    // called while the library is still making it
    const known = handlers.get(this) ?? new Map<string, GrantHandler>();
    handlers.set(this, known.set(name, handler as GrantHandler));
    super.registerGrantType(name, handler, parameters, duplicates);
  }
}

/** The library's own handler of a grant (RFC 6749): it checks what is turned in, and fills the body of the context. */
export function grantHandlerOf(provider: Provider, grantType: string): GrantHandler | undefined {
  return handlers.get(provider)?.get(grantType);
}
