import { errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import type { Realm } from '../config/schema.ts';
import type { Engine } from '../flow/engine.ts';
import type { Database } from '../store/database.ts';
import { decidedByPortal, type PredicateName } from '../flow/predicates.ts';
import { refusesNamed } from '../flow/flow.ts';
import { judgementOf, wasThrownOut } from './evidence.ts';

/** The same words whether there is no such organisation, or the person does not belong to it (any more). */
export const notForThem = 'the person may not act for the organisation that is asked';

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
  // the age of a login is that of its proofs, by our own clock: the flow judges it
  for (const reason of ['essential_acr', 'essential_acrs', 'max_age']) login.checks.remove(reason);
  for (const reason of ['id_token_hint', 'claims_id_token_sub_value']) askOnce(login, reason);
  login.checks.add(new interactionPolicy.Check('flow', 'the flow of this portal asks more of the person', 'login_required',
    (ctx: KoaContextWithOIDC) => needsPerson(ctx, realm, engine, database)));
  // the run asks it with all else that it asks, so of a login it is known to be done
  policy.add(new interactionPolicy.Prompt({ name: 'select_account', requestable: true }));
  return policy;
}

/**
 * @throws errors.UnmetAuthenticationRequirements (RFC 9470) when nobody could reach the level here, or a login just fell short
 * @throws errors.AccessDenied when a login changes nothing
 */
async function needsPerson(ctx: KoaContextWithOIDC, realm: Realm, engine: Engine, database: Database): Promise<boolean> {
  const judgement = await judgementOf(ctx, realm, engine, database);
  if (judgement?.outOfReach) throw new errors.UnmetAuthenticationRequirements('no login at this portal reaches the level that is asked');
  if (!ctx.oidc.session?.accountId || judgement?.admitted) return false;
  // straight after a login the answer cannot be yet another login, which would never end; but one that was thrown out is none
  if (ctx.oidc.result?.login) {
    if (await wasThrownOut(ctx, realm, engine, database)) return true;
    if (judgement?.lacking.includes('level_reached')) throw new errors.UnmetAuthenticationRequirements('the login does not reach the level that is asked');
    throw new errors.AccessDenied('the login no longer suffices');
  }
  if (ctx.oidc.promptPending('none') && judgement && refusesNamed(judgement.facts)) throw new errors.AccessDenied(notForThem);
  // a page can say where the portal can be reached, but this request wants none
  if (ctx.oidc.promptPending('none') && judgement && decided(judgement.lacking)) throw new errors.AccessDenied('this portal is not open to the person at this place or time');
  return true;
}

/** Is all that lacks out of the person's hands? */
function decided(lacking: PredicateName[]): boolean {
  return lacking.length > 0 && lacking.every((name) => decidedByPortal.includes(name));
}

type Login = NonNullable<ReturnType<ReturnType<typeof interactionPolicy.base>['get']>>;

/** A request that names somebody asks for a login once; whoever logs in as another is told to the portal, not asked forever. */
function askOnce(login: Login, reason: string): void {
  const check = login.checks.get(reason);
  if (!check) throw new Error(`oidc-provider has no check ${reason} any more`);
  const asks = check.check;
  check.check = async (ctx) => {
    await readHint(ctx);
    const needed = await asks(ctx);
    if (needed && ctx.oidc.result?.login) throw new errors.LoginRequired('somebody else logged in than the request asks for');
    return needed;
  };
}

/** After the login the provider has forgotten whom `id_token_hint` named, and would let anybody in. */
async function readHint({ oidc }: KoaContextWithOIDC): Promise<void> {
  const hint = oidc.params?.['id_token_hint'];
  if (typeof hint !== 'string' || oidc.entities.IdTokenHint || !oidc.client) return;
  oidc.entity('IdTokenHint', await oidc.provider.IdToken.validate(hint, oidc.client));
}
