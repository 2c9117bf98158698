import type { Context } from 'koa';
import { codeFactors } from '../../config/accounts.ts';
import { DomainError } from '../../domain/errors.ts';
import { isEnough, listFactors, removeFactor, removePasskey, type NewFactor } from '../../domain/factors/enrol.ts';
import type { Holder } from '../../domain/factors/holder.ts';
import { keepWithRecovery, newRecoveryCodes } from '../../domain/factors/recovery.ts';
import { shownPasskeys, type ShownPasskey } from '../../domain/passkeys/keep.ts';
import { addProof } from '../../domain/sessions.ts';
import type { Db } from '../../store/schema.ts';
import type { SessionRow } from '../../store/sessions.ts';
import { seeOther } from '../admin/context.ts';
import { fieldsOf } from '../csrf.ts';
import { keepToShow, showOnce } from '../shown-once.ts';
import { accountUrl, actorOf, personOf, problemOf, translate, wordOf, type AccountContext, type Failure } from './context.ts';

const SHOWN = 'account.recovery';

/** Whose second factors: the person's own. */
export function holderOf({ host: { realm, vault, clock } }: AccountContext, ctx: Context): Holder {
  return { realm, vault, accountId: personOf(ctx).accountId, now: clock(), actor: actorOf(ctx) };
}

/** 'Wijzigen twee-staps verificatie' (row CAK-8, page B07): what is set up, what can be, and the recovery codes. */
export async function showTwoStep(context: AccountContext, ctx: Context, problems: Failure[] = []): Promise<void> {
  const { database, realm, clock } = context.host;
  const { saved, shown } = ctx.query;
  const { factors, passkeys, recoveryCodes, working } = await ownWays(context, ctx);
  const codes = typeof shown === 'string' ? await showOnce<{ codes: string[] }>(database.db, SHOWN, personOf(ctx).accountId, shown, clock()) : undefined;
  if (problems.length > 0) ctx.status = 422;
  await context.render(ctx, 'account/two-step', {
    title: translate(context, ctx)('account.two-step.title'),
    page: {
      methods: codeFactors.filter((kind) => realm.second_factor.methods.includes(kind) || factors.some((one) => one.kind === kind))
        .map((kind) => ({ kind, offered: realm.second_factor.methods.includes(kind), ...factors.find((one) => one.kind === kind) })),
      passkeys: passkeys.map((one) => ({ ...one, removable: isEnough(realm, working - (one.blockedAt === undefined ? 1 : 0)) })), offersPasskeys: offersPasskeys(realm),
      removable: isEnough(realm, working - 1), hasFactor: factors.length + passkeys.length > 0, works: working > 0,
      recovery: realm.second_factor.recovery_codes > 0, left: recoveryCodes, codes: codes?.codes,
      saved: wordOf(saved, ['added', 'removed', 'codes', 'passkey', 'name']), codesGone: shown !== undefined && !codes,
    },
    problems: problems.map((problem) => problemOf(context, ctx, problem)),
  });
}

/** Passkeys are set up where they are a second factor, and where one is enough to log in. */
export function offersPasskeys({ second_factor, login }: AccountContext['host']['realm']): boolean {
  return login.passkeys || second_factor.methods.includes('passkey');
}

/** Asks once more before a factor goes. */
export async function askRemove(context: AccountContext, ctx: Context): Promise<void> {
  const passkey = await ownPasskey(context, ctx);
  const ways = await ownWays(context, ctx);
  const page = { warning: warningOf(ways, passkey), codes: ways.recoveryCodes };
  if (passkey) return context.render(ctx, 'account/two-step-remove', { title: translate(context, ctx)('account.passkeys.remove.title'), page: { ...page, passkey } });
  const kind = wordOf(ctx.query['kind'], codeFactors);
  if (!kind) return seeOther(ctx, accountUrl(context, 'two-step'));
  await context.render(ctx, 'account/two-step-remove', { title: translate(context, ctx)(`account.two-step.remove.${kind}`), page: { ...page, kind } });
}

type OwnWays = Awaited<ReturnType<typeof listFactors>> & { passkeys: ShownPasskey[]; /** how many log in: a blocked passkey does not */ working: number };

/** All that the person has set up. */
async function ownWays(context: AccountContext, ctx: Context): Promise<OwnWays> {
  const { db } = context.host.database;
  const [listed, passkeys] = [await listFactors(db, holderOf(context, ctx)), await shownPasskeys(db, personOf(ctx).accountId)];
  return { ...listed, passkeys, working: listed.factors.length + passkeys.filter(({ blockedAt }) => blockedAt === undefined).length };
}

/**
 * What removing one does beside that: the last of all takes the second step and the recovery codes along; with the last that works
 * gone a blocked one stays, so that logins still ask a second step.
 */
function warningOf({ factors, passkeys, working }: OwnWays, passkey?: ShownPasskey): 'last' | 'blocked' | 'working' | undefined {
  const works = passkey?.blockedAt === undefined;
  if (factors.length + passkeys.length === 1) return works ? 'last' : 'blocked';
  return works && working === 1 ? 'working' : undefined;
}

/** The person's own passkey that the address names. */
export async function ownPasskey({ host: { database } }: AccountContext, ctx: Context): Promise<ShownPasskey | undefined> {
  const asked = ctx.query['passkey'];
  return asked === undefined ? undefined : (await shownPasskeys(database.db, personOf(ctx).accountId)).find(({ id }) => id === asked);
}

export async function remove(context: AccountContext, ctx: Context): Promise<void> {
  const { passkey, kind: asked } = fieldsOf(ctx);
  const kind = wordOf(asked, codeFactors);
  try {
    if (passkey === undefined && !kind) throw new DomainError('second-factor.none');
    await context.host.database.transaction(async (tx) => {
      if (passkey !== undefined) await removePasskey(tx, holderOf(context, ctx), passkey);
      else if (kind) await removeFactor(tx, holderOf(context, ctx), kind);
    });
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return showTwoStep(context, ctx, [{ code: error.code, params: error.params }]);
  }
  seeOther(ctx, `${accountUrl(context, 'two-step')}?saved=removed`);
}

/** New recovery codes in place of the old: shown once, on the page after this. */
export async function renewCodes(context: AccountContext, ctx: Context): Promise<void> {
  const { database } = context.host;
  const holder = holderOf(context, ctx);
  const { factors } = await listFactors(database.db, holder);
  if (factors.length === 0 && (await shownPasskeys(database.db, holder.accountId)).length === 0) return showTwoStep(context, ctx, [{ code: 'second-factor.none' }]);
  const handle = await database.transaction(async (tx) => codesToShow(tx, holder, await newRecoveryCodes(tx, holder)));
  seeOther(ctx, `${accountUrl(context, 'two-step')}?saved=codes&shown=${handle}`);
}

/**
 * A factor counts from now on, and was shown in this session; with the first one come recovery codes.
 * @returns the handle with which the page shows them, once
 */
export async function keepNewFactor(ctx: Context, tx: Db, holder: Holder, factor: NewFactor): Promise<string | undefined> {
  const codes = await keepWithRecovery(tx, holder, factor);
  await addProof(tx, (ctx.state['session'] as SessionRow).id, { factor: factor.kind, level: '', at: holder.now });
  return codes && codesToShow(tx, holder, codes);
}

/** @returns the handle with which the page shows them, once */
async function codesToShow(tx: Db, holder: Holder, codes: string[]): Promise<string> {
  return keepToShow(tx, SHOWN, holder.accountId, { codes }, holder.now);
}
