import { decodeJwt, decodeProtectedHeader, type JWTPayload, type ProtectedHeaderParameters } from 'jose';
import type { Provider } from 'oidc-provider';
import type { Realm } from '../../config/schema.ts';
import type { Database } from '../../store/database.ts';
import { insertGrant } from '../../store/grants.ts';
import { challengeOf } from '../face-code.ts';
import type { Answer, Ask } from './ask.ts';
import type { ProfileHost } from './host.ts';
import { probePerson } from './person.ts';
import { probeClient, probeRedirect, probeResource } from './probe.ts';

type Jwt = { header: ProtectedHeaderParameters; claims: JWTPayload };
type Parts = { provider: Provider; database: Database; realm: Realm; ask: Ask; asProbe: ProfileHost['asProbe']; clock: () => number };

/** What one login gave, and what its parts were told when they were tried. */
export type ProbeLogin = {
  code: string;
  /** as sent with the request */
  nonce: string;
  authTime: number;
  tokens: Answer;
  idToken: Jwt;
  /** the same code once more */
  again: Answer;
  /** codes of other logins, redeemed with another verifier, for another address, and without the client's credential */
  wrong: { verifier: Answer; redirect: Answer; client: Answer };
  /** a second login, so that values that must differ can be compared */
  other: { tokens: Answer; idToken: Jwt };
  userinfo: Answer;
  userinfoJwt: Jwt;
  introspection: Answer;
  /** the refresh token used without and with the client's assertion, and used again after that */
  refresh: { anonymous: Answer; first: Answer; reused: Answer };
  /** an access token for an API, of the person and of the machine */
  api: Jwt;
  machine: Answer & { token: Jwt };
  /** one for no API: opaque */
  machineOpaque: Answer;
};

const scope = 'openid profile organisation roles probe.read';
const claims = { id_token: { email: null }, userinfo: { email: null } };

/** Somebody logs in twice. The page is passed over: the code is made as the end of a run makes it, and redeemed as any client does. */
export async function logIn(parts: Parts): Promise<ProbeLogin> {
  const { ask, asProbe } = parts;
  const first = await codeOf(parts);
  const tokens = await redeem(parts, first);
  const second = await redeem(parts, await codeOf(parts));
  const forApi = await redeem(parts, await codeOf(parts), { resource: probeResource });
  const access = String(tokens.body['access_token']);
  const userinfo = await ask('/me', { headers: { authorization: `Bearer ${access}` } });
  const introspection = await asProbe('/token/introspection', { token: access });
  const using = { grant_type: 'refresh_token', refresh_token: String(second.body['refresh_token']) };
  const anonymous = await ask('/token', { form: { ...using, client_id: probeClient } });
  const refreshed = await asProbe('/token', using);
  const machine = await asProbe('/token', { grant_type: 'client_credentials', resource: probeResource, scope: 'probe.read' });
  return {
    ...first, tokens, idToken: read(tokens, 'id_token'), other: { tokens: second, idToken: read(second, 'id_token') },
    userinfo, userinfoJwt: read({ ...userinfo, body: { token: userinfo.text } }, 'token'), introspection,
    refresh: { anonymous, first: refreshed, reused: await asProbe('/token', using) },
    api: read(forApi, 'access_token'), machine: { ...machine, token: read(machine, 'access_token') },
    machineOpaque: await asProbe('/token', { grant_type: 'client_credentials', scope: 'openid' }),
    again: await redeem(parts, first), wrong: await wrongly(parts),
  };
}

async function wrongly(parts: Parts): Promise<ProbeLogin['wrong']> {
  const asked = { grant_type: 'authorization_code', code: (await codeOf(parts)).code, redirect_uri: probeRedirect, code_verifier: verifier, client_id: probeClient };
  return {
    verifier: await redeem(parts, await codeOf(parts), { code_verifier: verifier.replace('a', 'b') }),
    redirect: await redeem(parts, await codeOf(parts), { redirect_uri: 'https://elsewhere.example/' }),
    client: await parts.ask('/token', { form: asked }),
  };
}

async function codeOf({ provider, database, realm, clock }: Parts): Promise<{ code: string; nonce: string; authTime: number }> {
  const { account, organisation, session } = probePerson;
  const client = await provider.Client.find(probeClient);
  if (!client) throw new Error('the probe is gone');
  const grant = new provider.Grant({ accountId: account, clientId: probeClient });
  grant.addOIDCScope(scope);
  grant.addOIDCClaims(['email']);
  grant.addResourceScope(probeResource, 'probe.read');
  const id = await grant.save();
  const [nonce, authTime, acr] = [`nonce-${id}`, clock(), realm.levels[0]?.acr ?? ''];
  await insertGrant(database.db, { id, session_id: session, account_id: account, client_id: probeClient, organisation_id: organisation, acr, created_at: clock() });
  const code = new provider.AuthorizationCode({
    accountId: account, client, grantId: id, scope, claims, redirectUri: probeRedirect, resource: [probeResource], nonce, authTime, acr,
    codeChallenge: challengeOf(verifier), codeChallengeMethod: 'S256', expiresWithSession: false,
  } as never);
  return { code: await code.save(), nonce, authTime };
}

const verifier = 'a-verifier-of-the-probe-that-is-long-enough-for-rfc-7636';

function redeem({ asProbe }: Parts, { code }: { code: string }, more: Record<string, string> = {}): Promise<Answer> {
  return asProbe('/token', { grant_type: 'authorization_code', code, redirect_uri: probeRedirect, code_verifier: verifier, ...more });
}

function read({ body }: Answer, name: string): Jwt {
  const token = body[name];
  if (typeof token !== 'string' || token.split('.').length !== 3) return { header: { alg: '' }, claims: {} };
  return { header: decodeProtectedHeader(token), claims: decodeJwt(token) };
}
