import { expect } from '@jest/globals';
import type { Page } from './http-browser.ts';

/** The page of somebody who came while the database was away: honest, in their language, with a way to find it in the log. */
export function expectUnavailable(page: Page, language: 'nl' | 'en' = 'nl'): void {
  expect([page.status, page.end, page.headers.get('retry-after')]).toEqual([503, 'temporarily_unavailable', '60']);
  expect(page.html).toContain(language === 'nl' ? 'Probeer het over een paar minuten opnieuw.' : 'Try again in a few minutes.');
  expect(page.html).toMatch(/[0-9A-F]{10}/);
  expect(page.html).not.toMatch(/ECONN|SQLITE|Connection terminated|node_modules|\.ts:\d|select "/);
}

/** What a portal's server hears then (RFC 6749 has no better word than that of the authorization endpoint). */
export async function expectUnavailableJson(response: Response): Promise<void> {
  expect([response.status, response.headers.get('retry-after'), await response.json()])
    .toEqual([503, '60', { error: 'temporarily_unavailable', error_description: 'try again in some minutes' }]);
}

/** Waits until something holds, at most `patience` ms. @throws when it does not */
export async function until(holds: () => Promise<boolean> | boolean, patience = 10_000): Promise<void> {
  const end = Date.now() + patience;
  while (!await holds()) {
    if (Date.now() > end) throw new Error(`not within ${patience} ms: ${holds.toString()}`);
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
}
