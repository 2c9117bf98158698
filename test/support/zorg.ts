import type { Visitor } from './browser.ts';
import type { Message, World } from './world.ts';

/** Walks that several journeys share: portaal Zorg, the brokers' simulator, the first login. */

export async function startAtPortal(visitor: Visitor, world: World, portal = 'portaal-zorg', query = ''): Promise<void> {
  await visitor.page.goto(`${world.portals}/${portal}/`);
  if (query === '') await visitor.page.locator('a.button').first().click();
  else await visitor.page.goto(`${world.portals}/${portal}/login?${query}`);
  await visitor.page.waitForURL('**/login/**');
}

/** Name and password at the simulator, after the broker was chosen at Sluis. */
export async function nameAndPassword(visitor: Visitor, world: World, id: string): Promise<void> {
  const { login } = world.person(id);
  await visitor.choose('broker', login['broker'] ?? '');
  await visitor.submit();
  await visitor.page.waitForURL(`${world.simulator}/**`);
  await visitor.fill({ username: login['username'] ?? '', password: login['password'] ?? '' });
  await visitor.page.locator('form:has([name="username"]) button:not([name="action"])').click();
}

/** The newest code that the simulator sent, by SMS or voice, since a moment (epoch seconds). */
export async function newestCode(world: World, channel: 'sms' | 'voice', not: string[] = []): Promise<Message> {
  for (let tries = 0; tries < 50; tries += 1) {
    const found = (await world.outbox({ channel })).find((message) => message.code !== null && !not.includes(message.id));
    if (found) return found;
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  throw new Error(`no ${channel} code came`);
}

/** The whole of the broker's side: choice, name, password, SMS code. */
export async function throughBroker(visitor: Visitor, world: World, id: string): Promise<void> {
  const before = (await world.outbox({ channel: 'sms' })).map((message) => message.id);
  await nameAndPassword(visitor, world, id);
  const { code } = await newestCode(world, 'sms', before);
  await visitor.fill({ code: code ?? '' });
  await visitor.page.locator('form:has([name="code"]) button:not([name="action"])').click();
  // a means below what is asked: the simulator can answer all the same, so that our own refusal can be seen
  const anyway = visitor.page.locator('button[name="action"][value="proceed"]');
  await visitor.page.waitForLoadState('load');
  if (visitor.page.url().startsWith(world.simulator) && await anyway.count() > 0) await anyway.click();
  await visitor.page.waitForURL((url) => !url.href.startsWith(world.simulator));
  await visitor.page.waitForLoadState('load');
}

/** The same for a browser that runs no script: the broker's answer is sent on by its button. For a broker that is asked by redirect. */
export async function throughBrokerWithoutScript(visitor: Visitor, world: World, id: string): Promise<void> {
  const before = (await world.outbox({ channel: 'sms' })).map((message) => message.id);
  await nameAndPassword(visitor, world, id);
  await visitor.page.locator('[name="code"]').waitFor();
  await visitor.fill({ code: (await newestCode(world, 'sms', before)).code ?? '' });
  await visitor.page.locator('form:has([name="code"]) button:not([name="action"])').click();
  await visitor.page.locator('form button').first().click();
}

/** At the broker's page: the card instead of name and password. */
export async function byCard(visitor: Visitor, world: World, id: string): Promise<void> {
  await visitor.choose('broker', world.person(id).login['broker'] ?? '');
  await visitor.submit();
  await visitor.page.waitForURL(`${world.simulator}/**`);
  await visitor.press('card');
  await visitor.choose('card', id);
  await visitor.page.locator('form button:not([name="action"])').click();
  await visitor.page.waitForURL((url) => !url.href.startsWith(world.simulator));
  await visitor.page.waitForLoadState('load');
}

/** The level as the portal's dashboard shows it. */
export function levelOf(visitor: Visitor): Promise<string> {
  return visitor.page.locator('[data-level]').innerText();
}

export const profile = {
  initials: 'C.M.', given_name: 'José', infix: "van 't", family_name: 'O’Brien-Åström', department: 'Zorg & Welzijn', phone: '06 1234 5678', email: 'c.nguyen@lissendam.example',
};

export async function fillProfile(visitor: Visitor, fields: Record<string, string> = profile): Promise<void> {
  await visitor.choose('salutation', 'mevrouw');
  await visitor.fill(fields);
  await visitor.submit();
}

export async function menuOf(visitor: Visitor): Promise<string[]> {
  return visitor.page.locator('[data-menu]').evaluateAll((items) => items.map((item) => item.getAttribute('data-menu') ?? ''));
}
