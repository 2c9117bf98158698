import { z } from 'zod';
import { secondFactors, type SecondFactor } from '../../config/accounts.ts';
import { keepFactor, type Confirmed, type NewFactor } from '../../domain/factors/enrol.ts';
import { holderOf, openFor, problemOf, sealFor, type Refused } from '../../domain/factors/holder.ts';
import { keepRecoveryCodes, makeRecoveryCodes } from '../../domain/factors/recovery.ts';
import type { Sending } from '../../domain/factors/sent-code.ts';
import { beginPhone, confirmPhone, resendPhone, showPhone } from '../../domain/factors/sms.ts';
import { beginTotp, confirmTotp, showTotp } from '../../domain/factors/totp.ts';
import { confirmPasskey } from '../../domain/passkeys/keep.ts';
import { creationOptions } from '../../domain/passkeys/options.ts';
import { rankOf, reachedWith } from '../../flow/levels.ts';
import { defineStep, onceOnly, type Outcome, type Page, type Run } from '../../flow/step.ts';

const config = z.strictObject({});
const kept = z.object({ kind: z.enum(secondFactors), secret: z.string(), lastStep: z.number().optional() });
/** Where somebody is in setting up. Secrets are sealed; nothing is kept for good before the recovery codes are. */
const state = z.discriminatedUnion('at', [
  z.object({ at: z.literal('choice') }),
  z.object({ at: z.literal('totp'), pending: z.string() }),
  z.object({ at: z.literal('phone') }),
  z.object({ at: z.literal('sms'), pending: z.string() }),
  z.object({ at: z.literal('passkey') }),
  z.object({ at: z.literal('codes'), factor: kept, shownAt: z.number(), codes: z.string() }),
]);
type State = z.infer<typeof state>;
const text = z.string().max(200).default('');
const input = z.object({ method: text, phone: text, code: text, credential: z.string().max(65_536).default(''), kept: text, action: text });
type Input = z.infer<typeof input>;
type Setup = Run<unknown, State>;

/** Setting up a second factor (row CAK-8): an authenticator app, a phone or a passkey, then the recovery codes. */
export const secondFactor = defineStep<unknown, State, Input>({
  id: 'second-factor',
  config,
  state,
  input,
  secrets: ['code', 'credential'],
  model(_config, realm) {
    const reached = realm.second_factor.methods.map((method) => reachedWith(realm, method)).toSorted((a, b) => rankOf(realm, b) - rankOf(realm, a));
    return {
      settledBy: ['factor_enrolled'], passes: true, gives: ['factor_enrolled', 'second_factor_shown'], forgets: ['totp_enrolled', 'sms_enrolled', 'passkey_enrolled', 'chose_totp', 'chose_sms', 'chose_passkey', 'chose_recovery'],
      ...(reached[0] !== undefined && { reaches: reached[0] }),
    };
  },
  async enter(run) {
    const { methods } = run.realm.second_factor;
    return methods.length === 1 && methods[0] ? start(run, methods[0]) : { kind: 'ask', state: { at: 'choice' } };
  },
  page: pageOf,
  submit,
});

async function pageOf(run: Setup): Promise<Page> {
  const shared = {
    methods: run.realm.second_factor.methods,
    manuals: run.realm.manuals.filter((manual) => manual.step === 'second-factor').map(({ title, url }) => ({ title, url })),
    minutes: Math.floor(run.realm.second_factor.code_ttl / 60),
  };
  return { ...shared, ...await stageOf(run) };
}

/** What does not open (the realm's secret was replaced meanwhile) is begun anew. */
async function stageOf(run: Setup): Promise<Page> {
  const [at, holder] = [run.state, holderOf(run)];
  if (at?.at === 'phone') return { stage: 'phone' };
  if (at?.at === 'passkey') return { stage: 'passkey', options: await creationOptions(run.db, holder, run.turn) };
  const shown = at?.at === 'totp' ? await showTotp(run.db, holder, at.pending)
    : at?.at === 'sms' ? await showPhone(run.db, holder, at.pending)
      : at?.at === 'codes' ? codesOf(run, at.codes) : undefined;
  return { stage: shown && at ? at.at : 'choice', ...shown };
}

function codesOf(run: Setup, sealed: string): { codes: string[] } | undefined {
  const codes = openFor(holderOf(run), sealed, 'recovery');
  return codes === undefined ? undefined : { codes: JSON.parse(codes) as string[] };
}

async function submit(run: Setup, typed: Input): Promise<Outcome<State>> {
  const { state: at = { at: 'choice' } } = run;
  // a flow that asks this before anybody is known, or an account that is gone
  if (!run.facts.account) return { kind: 'deny', code: 'account_inactive' };
  if (typed.kept === '1' && at.at === 'codes') return finish(run, at);
  if (typed.action === 'other') return { kind: 'ask', state: { at: 'choice' } };
  const method = run.realm.second_factor.methods.find((one) => one === typed.method);
  if (method) return start(run, method);
  if (at.at === 'totp') return confirmed(run, await confirmTotp(run.db, holderOf(run), { pending: at.pending, typed: typed.code }));
  if (at.at === 'phone') return phone(run, typed.phone);
  if (at.at === 'sms') return sms(run, at.pending, typed);
  if (at.at === 'passkey') return confirmed(run, await confirmPasskey(run.db, holderOf(run), { turn: run.turn, typed: typed.credential }), 'passkey');
  return at.at === 'codes' ? { kind: 'ask' } : { kind: 'ask', problems: [{ field: 'method', code: 'second-factor.required' }] };
}

function start(run: Setup, method: SecondFactor): Outcome<State> {
  if (method === 'totp') return { kind: 'ask', state: { at: 'totp', pending: beginTotp(holderOf(run)) } };
  return { kind: 'ask', state: { at: method === 'sms' ? 'phone' : 'passkey' } };
}

async function phone(run: Setup, number: string): Promise<Outcome<State>> {
  const begun = await beginPhone(run.db, holderOf(run), number, sendingOf(run, 'sms'));
  return begun.ok ? { kind: 'ask', state: { at: 'sms', pending: begun.pending }, commit: onceOnly(begun.keep) } : again(begun, 'phone');
}

async function sms(run: Setup, pending: string, { action, code }: Input): Promise<Outcome<State>> {
  if (action !== 'resend' && action !== 'call') return confirmed(run, await confirmPhone(run.db, holderOf(run), { pending, typed: code }));
  const sent = await resendPhone(run.db, holderOf(run), pending, sendingOf(run, action === 'call' ? 'voice' : 'sms'));
  return sent.ok ? { kind: 'ask', commit: onceOnly(sent.keep) } : again(sent, 'code');
}

function again(refused: Refused, field: 'code' | 'phone' | 'passkey'): Outcome<State> {
  const problem = problemOf(`second-factor.${field}`, refused, field === 'passkey' ? null : field);
  return refused.rule === 'unreadable' ? { kind: 'ask', state: { at: 'choice' }, problems: [{ code: problem.code }] } : { kind: 'ask', problems: [problem] };
}

/** It was right. Recovery codes are shown before the factor counts, so that nobody has one without the other. */
function confirmed(run: Setup, judged: Confirmed | Refused, field: 'code' | 'passkey' = 'code'): Outcome<State> {
  if (!judged.ok) return again(judged, field);
  const codes = makeRecoveryCodes(run);
  if (codes.length === 0) return pass(run, judged.factor, run.now, [judged.keep]);
  const sealed = sealFor(holderOf(run), JSON.stringify(codes), 'recovery');
  return { kind: 'ask', state: { at: 'codes', factor: judged.factor, shownAt: run.now, codes: sealed }, commit: onceOnly(judged.keep) };
}

function finish(run: Setup, { factor, shownAt, codes }: Extract<State, { at: 'codes' }>): Outcome<State> {
  const shown = codesOf(run, codes);
  if (!shown) return { kind: 'ask', state: { at: 'choice' }, problems: [{ code: 'second-factor.code.unreadable' }] };
  return pass(run, { kind: factor.kind, secret: factor.secret, ...(factor.lastStep !== undefined && { lastStep: factor.lastStep }) }, shownAt, [async (tx) => {
    await keepRecoveryCodes(tx, holderOf(run), shown.codes);
    return true;
  }]);
}

function pass(run: Setup, factor: NewFactor, at: number, works: Confirmed['keep'][]): Outcome<State> {
  return {
    kind: 'pass', state: { at: 'choice' }, proofs: [{ factor: factor.kind, level: '', at }],
    commit: onceOnly((tx) => keepFactor(tx, holderOf(run), factor, 'first'), ...works),
  };
}

function sendingOf({ language, portal }: Setup, means: Sending['means']): Sending {
  return { means, language, portal: portal.name };
}
