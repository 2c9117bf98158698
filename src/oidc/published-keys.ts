import { algorithmsOf, type RealmKeys } from '../keys/keys.ts';

/**
 * Every key with its algorithm, as OAuth-NL 3.1.5 asks (row A14). One RSA key serves two algorithms, so it is published
 * twice: as it is known for the first, and with the algorithm behind its key id for the second.
 */
export function publishedKeys({ keys }: RealmKeys['jwks']): RealmKeys['jwks'] {
  return {
    keys: keys.flatMap((key) => {
      if (key['alg'] !== undefined) return [key];
      return algorithmsOf(key).map((alg, index) => ({ ...key, alg, kid: index === 0 ? key.kid : `${key.kid}.${alg}` }));
    }),
  };
}
