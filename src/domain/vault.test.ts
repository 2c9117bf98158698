import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { createVault } from './vault.ts';

const vault = createVault(randomBytes(32));

test('what was sealed opens for whom it is, and says nothing before', () => {
  const sealed = vault.seal('JBSWY3DPEHPK3PXP', 'totp:jolanda');
  expect(sealed).not.toContain('JBSWY3DPEHPK3PXP');
  expect(vault.open(sealed, 'totp:jolanda')).toBe('JBSWY3DPEHPK3PXP');
  expect(vault.seal('JBSWY3DPEHPK3PXP', 'totp:jolanda')).not.toBe(sealed);
});

test('a mark is the same each time, another with another key, and does not hold the text', () => {
  expect(vault.mark('+31612345678')).toBe(vault.mark('+31612345678'));
  expect(createVault(randomBytes(32)).mark('+31612345678')).not.toBe(vault.mark('+31612345678'));
  expect(vault.mark('+31612345678')).not.toContain('612345678');
});

test.each([
  ['about somebody else', (sealed: string) => vault.open(sealed, 'totp:petra')],
  ['with the key of another realm', (sealed: string) => createVault(randomBytes(32)).open(sealed, 'totp:jolanda')],
  ['changed', (sealed: string) => vault.open(`${sealed.slice(0, -2)}${sealed.endsWith('AA') ? 'BB' : 'AA'}`, 'totp:jolanda')],
  ['cut off', (sealed: string) => vault.open(sealed.slice(0, 20), 'totp:jolanda')],
  ['of no known form', () => vault.open('plain', 'totp:jolanda')],
])('%s it does not open', (_, open) => {
  expect(() => open(vault.seal('secret', 'totp:jolanda'))).toThrow();
});
