import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { CompactEncrypt, exportJWK, generateKeyPair, importJWK, SignJWT, UnsecuredJWT, type JWK } from 'jose';
import { probeClient, probeRedirect } from './probe.ts';

export type ProbeKeys = Awaited<ReturnType<typeof newProbeKeys>>;

/** What the probe signs and asks with; its keys live as long as the check. RS256, because that is what the profiles require. */
export async function newProbeKeys() {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const verifier = randomBytes(32).toString('base64url');
  const request = (): Record<string, string> => ({
    client_id: probeClient, redirect_uri: probeRedirect, response_type: 'code', scope: 'openid', state: randomUUID(), nonce: randomUUID(),
    code_challenge: challenge(verifier), code_challenge_method: 'S256',
  });
  const signed = (claims: Record<string, unknown>, audience: string, key = privateKey): Promise<string> => new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', kid: 'probe' }).setIssuer(probeClient).setAudience(audience).setJti(randomUUID()).setIssuedAt().setExpirationTime('60s').sign(key);
  return {
    jwks: { keys: [{ ...await exportJWK(publicKey), kid: 'probe', alg: 'RS256', use: 'sig' }] as Record<string, unknown>[] },
    verifier,
    request,
    assertion: (audience: string): Promise<string> => signed({ sub: probeClient }, audience),
    /** a request object (RFC 9101) */
    requestObject: (audience: string, changes: Record<string, unknown> = {}): Promise<string> => signed({ ...request(), ...changes }, audience),
    /** one that somebody else signed */
    forged: async (audience: string): Promise<string> => signed(request(), audience, (await generateKeyPair('RS256')).privateKey),
    unsigned: (audience: string): string => new UnsecuredJWT(request()).setIssuer(probeClient).setAudience(audience).setExpirationTime('60s').encode(),
    encrypted: async (text: string, to: JWK): Promise<string> => new CompactEncrypt(Buffer.from(text))
      .setProtectedHeader({ alg: String(to.alg), enc: 'A256GCM', cty: 'JWT', ...(to.kid !== undefined && { kid: to.kid }) }).encrypt(await importJWK(to, String(to.alg))),
  };
}

function challenge(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}
