import type { Login } from './login.ts';

export type Message = { realm: string; channel: 'sms' | 'voice'; to: string; subject: string; text: string; code: string };
export type Delivery = Message & { at: string; delivered: boolean };

/** Delivers a message to the outbox of Sluis. Kept here too (newest first, 100), so that a code is never lost. */
export function createOutbox(sluisUrl: string, log: (line: string) => void) {
  const kept: Delivery[] = [];
  return {
    list: (): readonly Delivery[] => kept,
    async deliver(message: Message): Promise<void> {
      const entry: Delivery = { ...message, at: new Date().toISOString(), delivered: false };
      kept.unshift(entry);
      kept.length = Math.min(kept.length, 100);
      try {
        const answer = await fetch(`${sluisUrl}/demo/outbox`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(message),
          signal: AbortSignal.timeout(3000),
        });
        if (!answer.ok) throw new Error(`status ${answer.status}`);
        entry.delivered = true;
      } catch (error) {
        log(`simulator: outbox of Sluis not reached (${error instanceof Error ? error.message : 'unknown'}); the code is at /outbox of the simulator`);
      }
    },
  };
}

/** The words of an SMS, or what the voice reads: each digit, twice. */
export function messageOf(login: Login): Message {
  const code = login.sent?.code ?? '';
  const spoken = [...code].join(' ');
  const voice = login.sent?.channel === 'voice';
  return {
    realm: 'inlichtingenbureau',
    channel: voice ? 'voice' : 'sms',
    to: login.person?.means?.phone ?? '',
    subject: 'eHerkenning',
    text: voice ? `Uw code is ${spoken}. Ik herhaal: ${spoken}.` : `${code} is uw eHerkenning-code voor ${login.service}.`,
    code,
  };
}
