import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Provider } from 'oidc-provider';
import type { Realm } from '../config/schema.ts';
import { endIfOver, endSession, liveSession } from '../domain/sessions.ts';
import { earnedAt } from '../flow/levels.ts';
import type { OpenRun } from '../flow/run.ts';
import type { Database } from '../store/database.ts';
import { Unavailable } from '../store/unavailable.ts';

type Parts = { provider: Provider; realm: Realm; database: Database; clock: () => number };

/** The run of this browser: the interaction cookie, signed and bound to the path, says which; and the session it began in. */
export async function runOfBrowser(provider: Provider, req: IncomingMessage, res: ServerResponse): Promise<{ id: string; sessionId?: string } | undefined> {
  try {
    const { uid, session } = await provider.interactionDetails(req, res);
    return { id: uid, ...(session?.accountId !== undefined && session.uid && { sessionId: session.uid }) };
  } catch (error) {
    if (error instanceof Unavailable) throw error;
    // no cookie, a foreign or tampered one, or an interaction that is over
    return undefined;
  }
}

/**
 * Hands a finished run to the provider. Always all of them: a missing one would wipe the session's. Profile nlgov tells
 * nobody how somebody logged in (OIDC-NLGOV 1.0.1, 5.2.5; row O44): the level says enough, and the audit trail knows.
 */
export async function finishLogin(parts: Parts, req: IncomingMessage, res: ServerResponse, run: OpenRun): Promise<string> {
  const { provider, realm } = parts;
  const { account, proofs, level } = run.facts;
  if (!account) throw new Error(`run ${run.row.id} ended without an account`);
  await leaveEarlierSession(parts, req, res, account.id);
  return provider.interactionResult(req, res, {
    login: {
      accountId: account.id,
      acr: realm.levels[level]?.acr ?? '',
      ...(realm.profile !== 'nlgov' && { amr: [...new Set(proofs.flatMap((proof) => amrOf[proof.factor] ?? [proof.factor]))] }),
      ts: earnedAt(realm, run.facts),
      remember: false,
    },
    select_account: {},
    sluis: { run: run.row.id },
  }, { mergeWithLastSubmission: false });
}

/**
 * Somebody else logged in at this browser before: that session ends here. Left to itself, the provider puts a page in
 * between that only a script, or a button nobody expects, gets past. And a session that is over is not gone on with: the
 * provider would refuse the login because it began in another session.
 */
async function leaveEarlierSession({ provider, realm, database, clock }: Parts, req: IncomingMessage, res: ServerResponse, accountId: string): Promise<void> {
  const interaction = await provider.interactionDetails(req, res);
  const { session } = interaction;
  if (!session?.uid) return;
  const { uid } = session;
  if (session.accountId === accountId && await liveSession(database.db, realm, uid, clock())) return;
  await database.transaction(async (tx) => await endIfOver(tx, realm, uid, clock())
    || endSession(tx, uid, { reason: 'replaced', actor: { kind: 'person', id: accountId }, now: clock() }));
  // where there was no session of ours, the provider may still have one
  await (await provider.Session.findByUid(uid))?.destroy();
  delete (session as { uid?: string }).uid;
  await interaction.save(interaction.exp - Math.floor(Date.now() / 1000));
}

/**
 * RFC 8176 names where there is one. Of a passkey it is known that its key was there and its person; whether hardware holds the
 * key (`hwk`, `swk`) and how the device knew the person (`pin`, `fpt`, `face`) nobody tells.
 */
const amrOf: Record<string, string[]> = { password: ['pwd'], totp: ['otp'], broker: ['federated'], passkey: ['pop', 'user'] };

/** Back to the portal without a login. */
export function abortLogin(provider: Provider, req: IncomingMessage, res: ServerResponse, error: 'access_denied' | 'unmet_authentication_requirements', description: string): Promise<string> {
  return provider.interactionResult(req, res, { error, error_description: description }, { mergeWithLastSubmission: false });
}

/** Answers the portal of a run whose interaction is gone (an expired one): its validated redirect URI with an error. */
export function answerUrl(run: OpenRun, issuer: string): string | undefined {
  const { redirectUri, state } = run.request;
  if (!redirectUri) return undefined;
  const url = new URL(redirectUri);
  url.searchParams.set('error', 'access_denied');
  url.searchParams.set('error_description', 'the login took too long');
  if (state !== undefined) url.searchParams.set('state', state);
  url.searchParams.set('iss', issuer);
  return url.href;
}
