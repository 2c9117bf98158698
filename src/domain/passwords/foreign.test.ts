import { createHash, pbkdf2Sync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import bcrypt from 'bcrypt';
import { needsRehash, verifyHash } from './hash.ts';

const settings = { memory_kib: 8192, passes: 1, lanes: 1 };
const password = 'Café-aan-het-water-7';
const base64 = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
const passlib = (bytes: Buffer): string => base64(bytes).replaceAll('+', '.');
const salt = Buffer.from('zout van de zee!');

function derived(digest: string, rounds: number, length: number): Buffer {
  return pbkdf2Sync(password, salt, rounds, length, digest);
}

function salted(scheme: string, digest: string): string {
  return `{${scheme}}${Buffer.concat([createHash(digest).update(password).update(salt).digest(), salt]).toString('base64')}`;
}

const own = bcrypt.hashSync(password, 4);
const hashes: [string, string][] = [
  ['bcrypt $2b$', own], ['bcrypt $2y$ (PHP)', own.replace('$2b$', '$2y$')], ['bcrypt $2a$', bcrypt.hashSync(password, bcrypt.genSaltSync(4, 'a'))],
  ['PBKDF2-SHA-256 of passlib', `$pbkdf2-sha256$1000$${passlib(salt)}$${passlib(derived('sha256', 1000, 32))}`],
  ['PBKDF2-SHA-512 of passlib', `$pbkdf2-sha512$1000$${passlib(salt)}$${passlib(derived('sha512', 1000, 64))}`],
  ['PBKDF2-SHA-1 of passlib', `$pbkdf2$1000$${passlib(salt)}$${passlib(derived('sha1', 1000, 20))}`],
  ['PBKDF2 as a PHC string', `$pbkdf2-sha256$i=1000,l=32$${base64(salt)}$${base64(derived('sha256', 1000, 32))}`],
  ['SSHA', salted('SSHA', 'sha1')], ['SSHA256', salted('SSHA256', 'sha256')], ['SSHA512', salted('SSHA512', 'sha512')], ['ssha in small letters', salted('ssha', 'sha1')],
];

describe('hashes that came from elsewhere', () => {
  test.each(hashes)('%s: the right password, typed in whatever form, and no other', async (_, hash) => {
    expect(await verifyHash(hash, password)).toBe(true);
    expect(await verifyHash(hash, password.normalize('NFD'))).toBe(true);
    expect(await verifyHash(hash, `${password} `)).toBe(false);
    expect(await verifyHash(hash, '')).toBe(false);
    expect(needsRehash(hash, settings)).toBe(true);
  });

  test.each([
    ['more iterations than anybody wants', `$pbkdf2-sha256$999999999$${base64(salt)}$${base64(derived('sha256', 1, 32))}`],
    ['no iterations', `$pbkdf2-sha256$0$${base64(salt)}$${base64(derived('sha256', 1, 32))}`],
    ['a digest cut short', `$pbkdf2-sha256$1$${base64(salt)}$${base64(derived('sha256', 1, 10))}`],
    ['bcrypt of the highest cost', own.replace('$04$', '$31$')],
    ['SSHA without salt', `{SSHA}${createHash('sha1').update(password).digest('base64')}`],
    ['a digest without more', createHash('sha256').update(password).digest('hex')], ['the password itself', password], ['nothing', ''],
  ])('%s fits nothing, and takes no time', async (_, hash) => {
    const start = performance.now();
    expect(await verifyHash(hash, password)).toBe(false);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});
