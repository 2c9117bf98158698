import { errors, jwtVerify } from 'jose';
import type { JWTPayload, JWTVerifyGetKey } from 'jose';

/** Whose session ended: `sid` when Sluis names one, else every session of `sub`. */
export type LoggedOut = { sub?: string; sid?: string };

/** A logout token that may not be believed; the message says why, for who runs Sluis. */
export class LogoutRefusal extends Error {}

type Options = {
  issuer: string;
  /** client id of this portal */
  audience: string;
  keys: JWTVerifyGetKey;
  /** epoch seconds */
  now: () => number;
};

const event = 'http://schemas.openid.net/event/backchannel-logout';
const tolerance = 30;
const oldest = 300;

/**
 * Reads logout tokens of one portal (OpenID Connect Back-Channel Logout 1.0, section 2.6). Each is believed once.
 * @throws LogoutRefusal when a check fails; any other error when the issuer's keys cannot be had
 */
export function createLogoutReader({ issuer, audience, keys, now }: Options) {
  const seen = new Map<string, number>();
  return async (token: string): Promise<LoggedOut> => {
    const payload = await verified(token, keys, { issuer, audience, now: now() });
    const { sub, sid, jti = '', exp = 0 } = payload;
    // events: an object with this member, itself an object
    const events = payload['events'];
    if (!isObject(events) || !isObject(events[event])) throw new LogoutRefusal('no back-channel logout event');
    if (sid !== undefined && (typeof sid !== 'string' || sid === '')) throw new LogoutRefusal('sid is no text');
    if (sub === undefined && sid === undefined) throw new LogoutRefusal('neither sub nor sid');
    // an ID token has a nonce: one that was stolen must not pass for this
    if ('nonce' in payload) throw new LogoutRefusal('a nonce has no place here');
    for (const [old, until] of seen) if (until < now()) seen.delete(old);
    if (seen.has(jti)) throw new LogoutRefusal('jti was used before');
    seen.set(jti, exp + tolerance);
    return { ...(sub !== undefined && { sub }), ...(typeof sid === 'string' && { sid }) };
  };
}

/** Signature, `typ`, `iss`, `aud`, and times: issued at most five minutes ago, not expired. */
async function verified(token: string, keys: JWTVerifyGetKey, { issuer, audience, now }: Pick<Options, 'issuer' | 'audience'> & { now: number }): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer, audience, algorithms: ['ES256'], typ: 'logout+jwt', requiredClaims: ['exp', 'jti', 'events'],
      currentDate: new Date(now * 1000), clockTolerance: tolerance, maxTokenAge: oldest,
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout) && error.code !== 'ERR_JOSE_GENERIC') throw new LogoutRefusal(error.message, { cause: error });
    throw error;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
