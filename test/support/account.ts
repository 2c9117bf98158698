import type { HttpBrowser, Page } from './http-browser.ts';
import type { Install } from './install.ts';
import { person } from './journeys.ts';

/** Where people of realm cak look after their account. */
export const account = '/cak/account';

/** What somebody of realm cak types to log in. */
export function known(id: string): { relation_number: string; username: string; password: string } {
  const { relation_number = '', username = '', password = '' } = person(id).login;
  return { relation_number, username, password };
}

/** Logs in on the way to the account pages. */
export async function enter(at: Install, id = 'cak-active', path = '/', browser = at.browser()): Promise<{ browser: HttpBrowser; page: Page }> {
  return { browser, page: await browser.submit(await browser.get(`${account}${path}`), known(id)) };
}
