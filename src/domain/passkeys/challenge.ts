import type { Vault } from '../vault.ts';

/** Seconds. A challenge works in the stretch in which it was made and in the next: five to ten minutes. */
const STRETCH = 300;

/**
 * What an authenticator must sign (WebAuthn Level 3, 13.4.3): 256 bits, base64url, that nobody without the realm's secret can
 * foretell. It is made of `turn`, which names one turn of one run, or one ticket, and so works once: nothing has to be kept,
 * and who takes the turn uses it up.
 */
export function challengeFor(vault: Pick<Vault, 'mark'>, turn: string, now: number): string {
  return ofStretch(vault, turn, Math.floor(now / STRETCH));
}

export function isChallenge(vault: Pick<Vault, 'mark'>, turn: string, now: number, given: string): boolean {
  const stretch = Math.floor(now / STRETCH);
  return [stretch, stretch - 1].some((one) => ofStretch(vault, turn, one) === given);
}

function ofStretch(vault: Pick<Vault, 'mark'>, turn: string, stretch: number): string {
  return vault.mark(`webauthn challenge:${turn}:${stretch}`);
}
