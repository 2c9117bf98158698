import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { derivedKey } from '../keys/derive.ts';

/**
 * Keeps secrets that must be read again (TOTP seeds, phone numbers of factors) unreadable in the database: AES-256-GCM with
 * a key of the realm that is not in it. `about` says whose and what it is: sealed text does not open for anybody else.
 */
export type Vault = {
  seal(plain: string, about: string): string;
  /** @throws Error when it was sealed with another key, about something else, or changed */
  open(sealed: string, about: string): string;
  /** Always the same for the same text, and nothing to read it from: names something personal in a key. */
  mark(plain: string): string;
};

const VERSION = 'v1';

/** @param secret the realm's secret, which never rotates (keys/README.md) */
export function createVault(secret: Buffer): Vault {
  const key = derivedKey(secret, 'secrets at rest');
  const marking = derivedKey(secret, 'marks of personal data');
  return {
    mark: (plain) => createHmac('sha256', marking).update(plain).digest('base64url'),
    seal(plain, about) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(about));
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${VERSION}.${nonce.toString('base64url')}.${body.toString('base64url')}`;
    },
    open(sealed, about) {
      const [version, nonce = '', text = ''] = sealed.split('.');
      const body = Buffer.from(text, 'base64url');
      if (version !== VERSION || body.length < 16) throw new Error('this is not a sealed secret');
      const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64url')).setAAD(Buffer.from(about)).setAuthTag(body.subarray(-16));
      return Buffer.concat([decipher.update(body.subarray(0, -16)), decipher.final()]).toString('utf8');
    },
  };
}
