import { createHash, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';

const jwkSchema = z.looseObject({ kty: z.enum(['EC', 'RSA']), kid: z.string() });
const generationSchema = z.strictObject({
  /** epoch seconds at which it was made */
  created_at: z.int(),
  /** ES256 first, then the RSA key for RS256 and PS256, then (`use: enc`) the one that others encrypt to */
  keys: z.array(jwkSchema).min(1),
});

/** Three generations: what signs, what signed before (still published for its signatures), and what will sign next. */
export const signingSchema = z.strictObject({
  current: generationSchema,
  previous: generationSchema.optional(),
  next: generationSchema,
});

export type PrivateJwk = JsonWebKey & { kid: string };
export type SigningFile = z.infer<typeof signingSchema>;
type Generation = SigningFile['current'];

export function newSigningFile(now: number, rsaBits: number): SigningFile {
  return { current: newGeneration(now, rsaBits), next: newGeneration(now, rsaBits) };
}

/** The next generation signs from now on; portals already have it, because it was published all along. */
export function rotated({ current, next }: SigningFile, now: number, rsaBits: number): SigningFile {
  return { current: next, previous: current, next: newGeneration(now, rsaBits) };
}

/** As the provider wants them: the first that fits an algorithm signs, all are published. */
export function jwksOf({ current, previous, next }: SigningFile): { keys: PrivateJwk[] } {
  return { keys: [current, ...(previous ? [previous] : []), next].flatMap((generation) => generation.keys as PrivateJwk[]) };
}

function newGeneration(now: number, rsaBits: number): Generation {
  return {
    created_at: now,
    keys: [
      jwkOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, 'ES256'),
      // without alg: the same key serves RS256 and PS256
      jwkOf(generateKeyPairSync('rsa', { modulusLength: rsaBits }).privateKey),
      jwkOf(generateKeyPairSync('rsa', { modulusLength: rsaBits }).privateKey, undefined, 'enc'),
    ],
  };
}

function jwkOf(key: KeyObject, alg?: string, use = 'sig'): Generation['keys'][number] {
  const jwk = key.export({ format: 'jwk' });
  return jwkSchema.parse({ ...jwk, use, ...(alg && { alg }), kid: thumbprint(jwk) });
}

/** RFC 7638 section 3: the required members only, in alphabetical order. */
function thumbprint({ crv, e, kty, n, x, y }: JsonWebKey): string {
  return createHash('sha256').update(JSON.stringify(kty === 'EC' ? { crv, kty, x, y } : { e, kty, n })).digest('base64url');
}
