import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
export const hasChromium = existsSync(executablePath);
if (!hasChromium) console.warn(`no Chromium at ${executablePath}: the browser journeys are skipped (set CHROMIUM, or install the package chromium)`);

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

/** A person at a browser: every page they come to is checked by axe, and pictured when SLUIS_SHOTS names a folder. */
export class Visitor {
  readonly page: Page;
  readonly context: BrowserContext;
  private readonly seen = new Set<string>();
  /** console errors and failed requests: a page under its content security policy has none */
  readonly complaints: string[] = [];

  constructor(page: Page) {
    this.page = page;
    this.context = page.context();
    page.on('console', (message) => { if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) this.complaints.push(message.text()); });
    page.on('pageerror', (error) => this.complaints.push(error.message));
  }

  static async arrive(browser: Browser, options: Parameters<Browser['newContext']>[0] = {}): Promise<Visitor> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'nl-NL', ...options });
    context.setDefaultTimeout(15_000);
    return new Visitor(await context.newPage());
  }

  /** Looks at the page that is there: axe finds nothing, nothing sticks out at 360 px. */
  async look(name: string): Promise<void> {
    if (this.seen.has(name)) return;
    this.seen.add(name);
    const { violations } = await new AxeBuilder({ page: this.page }).analyze();
    if (violations.length > 0) throw new Error(`axe on ${name}: ${violations.map((v) => `${v.id} (${v.nodes.map((n) => n.target.join(' ')).join(', ')})`).join('; ')}`);
    const size = this.page.viewportSize();
    for (const width of [1280, 360]) {
      await this.page.setViewportSize({ width, height: 900 });
      const overflow = await this.page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
      if (overflow > 0) throw new Error(`${name} is ${overflow} px too wide at ${width} px`);
      const folder = process.env['SLUIS_SHOTS'];
      if (folder) {
        mkdirSync(folder, { recursive: true });
        await this.page.screenshot({ path: join(folder, `${name}-${width}.png`), fullPage: true });
      }
    }
    if (size) await this.page.setViewportSize(size);
  }

  /** The step whose form is on the page. */
  step(): Promise<string | null> {
    return this.page.locator('form[data-step]').first().getAttribute('data-step');
  }

  async problems(): Promise<string[]> {
    return (await this.page.locator('[data-problem]').evaluateAll((all) => all.map((e) => e.getAttribute('data-problem') ?? ''))).filter((code, i, all) => all.indexOf(code) === i);
  }

  async end(): Promise<string | null> {
    return this.page.locator('[data-end]').first().getAttribute('data-end');
  }

  async fill(fields: Record<string, string>): Promise<void> {
    for (const [name, value] of Object.entries(fields)) await this.page.locator(`[name="${name}"]`).first().fill(value);
  }

  async choose(name: string, value: string): Promise<void> {
    await this.page.locator(`[name="${name}"][value="${value}"]`).check();
  }

  /** Presses the form's own button: the first that is no `action`. */
  async submit(form = 'form[data-step]'): Promise<void> {
    await this.page.locator(`${form} button:not([name="action"]):not([type="button"])`).first().click();
    await this.page.waitForLoadState('load');
  }

  async press(action: string): Promise<void> {
    await this.page.locator(`button[name="action"][value="${action}"]`).first().click();
    await this.page.waitForLoadState('load');
  }

  /** Presses the button of the page's content with these words. */
  async button(label: string): Promise<void> {
    await this.page.locator('main').getByRole('button', { name: label }).first().click();
    await this.page.waitForLoadState('load');
  }

  /** Follows the link of the page's content with these words. */
  async follow(label: string): Promise<void> {
    await this.page.locator('main').getByRole('link', { name: label, exact: true }).first().click();
    await this.page.waitForLoadState('load');
  }

  /** Waits until the page's content says this. */
  async says(text: string): Promise<void> {
    await this.page.locator('main').getByText(text).first().waitFor();
  }
}
