import type { Context } from 'koa';
import { credentialsOf } from '../../domain/credentials.ts';
import type { Addressee } from '../../domain/notify.ts';
import type { CredentialsState } from '../../flow/facts.ts';
import type { Actor } from '../../store/audit.ts';
import { textsFor, type Params, type Translate } from '../../texts/catalogue.ts';
import { isBusy, sayBusy } from '../busy.ts';
import type { PersonState } from '../face-doors.ts';
import type { FacePortal } from '../face.ts';
import type { RealmHost } from '../realm.ts';
import type { ViewProblem } from '../render.ts';

export type AccountContext = {
  host: RealmHost;
  portal: FacePortal;
  render: (ctx: Context, view: string, locals: { title: string; page: Record<string, unknown>; problems?: ViewProblem[]; values?: Record<string, string> }) => Promise<void>;
};

/** Which pages there are for an account: somebody who comes in through a broker has no password here. */
export type Offer = { password: boolean; questions: boolean; twoStep: boolean };

/** A problem before it has words. */
export type Failure = { field?: string; code: string; params?: Params };

/** Who is at work on their own account, loaded anew for each request. */
export function personOf(ctx: Context): PersonState {
  return ctx.state['person'] as PersonState;
}

export function actorOf(ctx: Context): Actor {
  const { accountId, displayName } = personOf(ctx);
  return { kind: 'person', id: accountId, display: displayName };
}

/** Where the person gets mail, in their language. */
export function addresseeOf(ctx: Context): Addressee {
  const { email, language } = personOf(ctx);
  return { email, language };
}

export function languageOf(ctx: Context): string {
  return String(ctx.state['language']);
}

export function translate({ host }: AccountContext, ctx: Context): Translate {
  return textsFor(host.realm).t(languageOf(ctx));
}

/** Path of an account page, e.g. `/cak/account/sessions`. */
export function accountUrl({ host }: AccountContext, page = ''): string {
  return `${new URL(host.realm.issuer).pathname}/account/${page}`;
}

/** A problem as a page shows it. */
export function problemOf(context: AccountContext, ctx: Context, { code, field, params }: Failure): ViewProblem {
  return { code, message: translate(context, ctx)(code, params), ...(field !== undefined && { field }) };
}

/** The status of a form that comes back. One that could not be judged because it was too busy may be sent again. */
export function refuseForm(ctx: Context, problems: Failure[]): void {
  if (isBusy(problems)) sayBusy(ctx);
  else ctx.status = 422;
}

/** The word of a list that the address says, e.g. what was just saved. */
export function wordOf<T extends string>(asked: unknown, words: readonly T[]): T | undefined {
  return words.find((word) => word === asked);
}

export async function credentials({ host: { database, realm } }: AccountContext, ctx: Context): Promise<CredentialsState | undefined> {
  return credentialsOf(database.db, realm, personOf(ctx).accountId);
}

/** Secret questions are offered where the realm has them, second factors where a flow of the realm asks them, or the person has one. */
export async function offerTo(context: AccountContext, ctx: Context): Promise<Offer> {
  const known = await credentials(context, ctx);
  const asked = Object.values(context.host.realm.flows).some(({ bindings }) => bindings.some(({ step }) => ['second-factor', 'totp', 'sms-code', 'passkey'].includes(step)));
  const local = known?.password !== undefined;
  const own = local || known?.factors.includes('passkey') === true;
  return { password: local, questions: local && context.host.realm.questions !== undefined, twoStep: own && (asked || known.factors.length > 0) };
}
