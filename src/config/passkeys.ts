import { isIP } from 'node:net';
import type { z } from 'zod';
import type { realmSchema } from './schema.ts';

type Settings = Pick<z.infer<typeof realmSchema>, 'levels' | 'login' | 'second_factor'>;

/** What keeps passkeys from working: somebody who comes in with one would get no further, or no browser makes one here. */
export function passkeyMistakes({ levels, login, second_factor }: Settings, publicUrl: string): { path: string[]; message: string }[] {
  const mistakes: { path: string[]; message: string }[] = [];
  const alone = levels.some(({ factors }) => factors?.some((way) => way.every((factor) => factor === 'passkey')));
  if (login.passkeys && !alone) mistakes.push({ path: ['login', 'passkeys'], message: 'no level is earned by a passkey alone: give one factors: [[passkey]]' });
  const path = login.passkeys ? ['login', 'passkeys'] : ['second_factor', 'methods'];
  if ((login.passkeys || second_factor.methods.includes('passkey')) && isAddress(publicUrl)) {
    mistakes.push({ path, message: 'passkeys are bound to a host name, and public_url has an address in its place' });
  }
  return mistakes;
}

function isAddress(url: string): boolean {
  return URL.canParse(url) && isIP(new URL(url).hostname.replace(/^\[|\]$/g, '')) !== 0;
}
