import { errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import type { Realm } from '../config/schema.ts';
import type { Engine } from '../flow/engine.ts';
import type { Database } from '../store/database.ts';
import { admitted } from './evidence.ts';

/**
 * When a person must come in between: the library's login checks without its exact-match acr checks (they loop when the
 * session is higher than asked), and one of ours that asks the flow itself. Level, admission and agreements are thus
 * judged at every authorization, silent ones too. No consent: portals are the operator's own.
 */
export function createPolicy(realm: Realm, engine: Engine, database: Database) {
  const policy = interactionPolicy.base();
  policy.remove('consent');
  const login = policy.get('login');
  if (!login) throw new Error('oidc-provider has no login prompt any more');
  login.checks.remove('essential_acr');
  login.checks.remove('essential_acrs');
  login.checks.add(new interactionPolicy.Check('flow', 'the flow of this portal asks more of the person', 'login_required',
    async (ctx: KoaContextWithOIDC) => {
      if (!ctx.oidc.session?.accountId || await admitted(ctx, realm, engine, database)) return interactionPolicy.Check.NO_NEED_TO_PROMPT;
      // straight after a login the answer cannot be yet another login: that would never end
      if (ctx.oidc.result?.login) throw new errors.AccessDenied('the login no longer suffices');
      return interactionPolicy.Check.REQUEST_PROMPT;
    }));
  return policy;
}
