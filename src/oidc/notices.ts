import type { Provider } from 'oidc-provider';
import type { LogoutNotice } from '../domain/sessions.ts';
import { appendAudit } from '../store/audit.ts';
import type { Message } from '../store/outbox.ts';
import type { Db } from '../store/schema.ts';
import { tellClient } from './logout.ts';

/**
 * Sends the outbox's notices of channel `logout` (OpenID Connect Back-Channel Logout 1.0, 2.5): the token is signed at each
 * try, so it is never stale, and goes to the address that the client has now.
 * @throws with `code` saying why; `final: true` when no later try can help
 */
export function logoutSender(current: () => Provider): (message: Pick<Message, 'subject' | 'text'>) => Promise<void> {
  return async ({ subject, text }) => {
    // of this moment: a rotation of keys brings another one
    const provider = current();
    const client = await provider.Client.find(subject);
    if (!client) throw failure(`client ${subject} is gone`, true);
    if (client.backchannelLogoutUri === undefined) throw failure(`client ${subject} has no backchannel_logout_uri any more`, true);
    const { accountId, sid } = JSON.parse(text) as LogoutNotice;
    try {
      await tellClient(provider, client, accountId, sid);
    } catch (error) {
      throw failure(reasonOf(error), false);
    }
  };
}

/** Writes what became of a notice into the audit trail, in the transaction that marks it. `error`: it was given up. */
export function logoutSettled(clock: () => number): (tx: Db, message: Pick<Message, 'channel' | 'subject' | 'text' | 'attempts'>, error?: string) => Promise<void> {
  return async (tx, { channel, subject, text, attempts }, error) => {
    if (channel !== 'logout') return;
    const { accountId, sid } = JSON.parse(text) as LogoutNotice;
    await appendAudit(tx, {
      ...(error === undefined ? { event: 'logout.sent', outcome: 'success' } : { event: 'logout.failed', outcome: 'failed', reason: error }),
      action: 'E', actor: { kind: 'system', id: 'outbox' }, clientId: subject, objectType: 'account', objectId: accountId, detail: { sid, attempts }, now: clock(),
    });
  };
}

function failure(code: string, final: boolean): Error {
  return Object.assign(new Error(code), { code, final });
}

/** In words for the operator, without the client's own. */
function reasonOf(error: unknown): string {
  const { response, cause, code, name } = error as { response?: { status: number }; cause?: { code?: string; message?: string }; code?: unknown; name?: string };
  if (response) return `http ${response.status}`;
  if (cause?.message?.includes('special-use')) return 'address is not public';
  // a timeout has a number for a code
  return cause?.code ?? (typeof code === 'string' ? code : name) ?? 'unknown';
}
