import { generateSync } from 'otplib';
import type { Visitor } from './browser.ts';
import type { Message, World } from './world.ts';

/** Walks at Mijn CAK Zakelijk: relation number, username, password, then a code. */

/** Seconds of one code of an authenticator app. */
const STEP = 30;

/** What somebody's authenticator app shows. Each code works once, so the world's clock goes on to the next one first. */
export function appCode(world: World, secret: string): string {
  world.moveClock(STEP);
  return codeNow(world, secret);
}

/** The code of this half minute, used or not. */
export function codeNow(world: World, secret: string): string {
  return generateSync({ secret, epoch: world.now() });
}

/** The page that asks for the three fields, anew whatever the browser remembers. */
export async function toPassword(visitor: Visitor, world: World, portal = 'mijn-cak-zakelijk'): Promise<void> {
  await visitor.page.goto(`${world.portals}/${portal}/login?prompt=login`);
  await visitor.page.locator('form[data-step="password"]').waitFor();
}

/** Relation number, username and password; what comes then is another page. */
export async function withPassword(visitor: Visitor, world: World, id: string, { portal, ...change }: { portal?: string; [field: string]: string | undefined } = {}): Promise<void> {
  await toPassword(visitor, world, portal);
  await visitor.fill({ ...world.person(id).login, ...change as Record<string, string> });
  await visitor.submit();
}

/** The whole login of somebody with an authenticator app, to the page after it. */
export async function throughCak(visitor: Visitor, world: World, id: string, how: { portal?: string; secret?: string; [field: string]: string | undefined } = {}): Promise<void> {
  const { secret = secretOf(world, id), ...rest } = how;
  await withPassword(visitor, world, id, rest);
  await typeCode(visitor, appCode(world, secret));
}

export async function typeCode(visitor: Visitor, code: string): Promise<void> {
  await visitor.page.locator('form[data-step] [name="code"]').waitFor();
  await visitor.fill({ code });
  await visitor.submit();
}

export function secretOf(world: World, id: string): string {
  const { totp_secret } = world.person(id) as { totp_secret?: string };
  if (totp_secret === undefined) throw new Error(`${id} has no authenticator app`);
  return totp_secret;
}

export function atDashboard(visitor: Visitor, portal = 'mijn-cak-zakelijk'): Promise<void> {
  return visitor.page.waitForURL(`**/${portal}/dashboard`);
}

/** The newest message of a kind to somebody that was not seen before. */
export async function newest(world: World, filter: { to?: string; channel?: string }, test: (message: Message) => boolean = () => true): Promise<Message> {
  for (let tries = 0; tries < 80; tries += 1) {
    const found = (await world.outbox(filter)).find(test);
    if (found) return found;
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  throw new Error(`no such message: ${JSON.stringify(filter)}`);
}

const holidays = ['01-01', '04-27', '12-25', '12-26', '2026-04-06', '2026-05-14', '2026-05-25', '2027-03-29', '2027-05-06', '2027-05-17'];

/** Moves the clock forward to an hour (18.5: half past six) in Amsterdam, on a day on which Porta opens. */
export function toWorkingDay(world: World, hour: number): void {
  const said = (at: number) => Object.fromEntries(new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Amsterdam', weekday: 'short', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
    .formatToParts(at * 1000).map(({ type, value }) => [type, value])) as Record<string, string>;
  for (let at = world.now() + 1; ; at += 60) {
    const { weekday = '', year, month, day, hour: hours, minute, second } = said(at);
    const late = Number(hours) * 3600 + Number(minute) * 60 + Number(second) - hour * 3600;
    if (late >= 0 && late < 60 && !['Sat', 'Sun'].includes(weekday) && !holidays.includes(`${month}-${day}`) && !holidays.includes(`${year}-${month}-${day}`)) {
      world.moveClock(Math.max(0, at - late - world.now()));
      return;
    }
  }
}
