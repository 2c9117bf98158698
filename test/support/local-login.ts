import type { Visitor } from './browser.ts';
import type { World } from './world.ts';

/** Walks in realms where people log in with a user name and a password. */

/** The login page of a portal, anew whatever the browser remembers. @param query what the portal is asked beside that */
export async function toLogin(visitor: Visitor, world: World, portal: string, query = ''): Promise<void> {
  await visitor.page.goto(`${world.portals}/${portal}/login?prompt=login${query}`);
  await visitor.page.locator('form[data-step="password"]').waitFor();
}

/** User name and password of somebody of the demo world; what comes then is another page. */
export async function logIn(visitor: Visitor, world: World, portal: string, id: string, { query, ...change }: { username?: string; password?: string; query?: string } = {}): Promise<void> {
  await toLogin(visitor, world, portal, query);
  const { username = '', password = '' } = { ...world.person(id).login, ...change };
  await visitor.fill({ username, password });
  await visitor.submit();
}

/** Asks for a password by mail, from the login page of a portal. */
export async function askLink(visitor: Visitor, world: World, portal: string, username: string): Promise<void> {
  await toLogin(visitor, world, portal);
  await visitor.page.locator('[data-ways] a[href*="/password/forgot"]').click();
  await visitor.fill({ username });
  await visitor.submit('form[data-form="forgot"]');
}

/** Chooses a password on the page behind a mailed link. */
export async function choosePassword(visitor: Visitor, password: string): Promise<void> {
  await visitor.fill({ new_password: password });
  await visitor.submit('form[data-form="password-link"]');
}
