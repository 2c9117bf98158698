import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ejs from 'ejs';
import type { Portal, Realm } from '../config/schema.ts';
import { root } from '../root.ts';
import { textsFor } from '../texts/catalogue.ts';
import { formatDate } from '../texts/dates.ts';
import type { SessionNotice } from './session.ts';
import { themeCss } from './theme.ts';

export type NavItem = { href: string; label: string; current?: boolean; icon?: string; end?: boolean; post?: string };
export type ViewProblem = { field?: string; code: string; message: string };

export type ViewLocals = {
  realm: Realm;
  portal?: Portal;
  language: string;
  /** already translated */
  title: string;
  problems?: ViewProblem[];
  values?: Record<string, string>;
  page?: Record<string, unknown>;
  /** where the form of the page goes */
  action?: string;
  csrf?: string;
  binding?: string;
  version?: number;
  step?: string;
  stepCount?: { n: number; total: number };
  languageHref: (language: string) => string;
  nav?: NavItem[];
  /** epoch seconds at which what is on the page ends */
  deadline?: number;
  /** a GET that moves the deadline; without it the page can only warn */
  extendHref?: string;
  /** on a page behind a session: the warning before its end */
  session?: SessionNotice;
};

export type Renderer = { render(view: string, locals: ViewLocals): Promise<string> };

const viewsFolder = join(root, 'views');
const assetsFolder = join(viewsFolder, 'assets');

/**
 * Renders a view: `login/end` is views/login/end.ejs, `step:broker` is src/steps/broker/view.ejs. Views are compiled once.
 * Rejects when the view does not exist or uses what it was not given.
 */
export function createRenderer(): Renderer {
  const compiled = new Map<string, Promise<ejs.TemplateFunction>>();
  const load = (view: string): Promise<ejs.TemplateFunction> => {
    const present = compiled.get(view);
    if (present) return present;
    const loading = compile(fileOf(view));
    loading.catch(() => compiled.delete(view));
    compiled.set(view, loading);
    return loading;
  };
  return {
    async render(view, locals) {
      const template = await load(view);
      return template({ ...absent, ...locals, ...helpersFor(locals) });
    },
  };
}

/** So that a view may ask for what was not given. */
const absent = {
  portal: undefined, problems: [], values: {}, page: {}, action: '', csrf: undefined, binding: undefined, version: undefined,
  step: undefined, stepCount: undefined, nav: undefined, deadline: undefined, extendHref: undefined, session: undefined,
};

function fileOf(view: string): string {
  return view.startsWith('step:') ? join(root, 'src/steps', view.slice(5), 'view.ejs') : join(viewsFolder, `${view}.ejs`);
}

async function compile(filename: string): Promise<ejs.TemplateFunction> {
  // cache is for the partials: compile() itself keeps nothing
  return ejs.compile(await readFile(filename, 'utf8'), { filename, views: [viewsFolder], cache: true, async: false });
}

function helpersFor(locals: ViewLocals) {
  const texts = textsFor(locals.realm);
  const problems = locals.problems ?? [];
  return {
    t: texts.t(locals.language),
    rich: texts.rich(locals.language),
    has: (key: string) => texts.has(locals.language, key),
    icon,
    asset,
    realmPath: pathOf(locals.realm),
    themeHref: `${pathOf(locals.realm)}/theme.css?v=${hashOf(themeCss(locals.realm.theme))}`,
    desk: locals.realm.desk,
    languageNames,
    problemOf: (field: string) => problems.find((problem) => problem.field === field),
    secondsLeft: locals.deadline === undefined ? undefined : locals.deadline - Math.floor(Date.now() / 1000),
    date: (epoch: number) => formatDate(locals.language, epoch, { dateStyle: 'long' }),
    dateTime: (epoch: number) => formatDate(locals.language, epoch, { dateStyle: 'medium', timeStyle: 'short' }),
    time: (epoch: number) => formatDate(locals.language, epoch, { timeStyle: 'short' }),
    iso: (epoch: number) => new Date(epoch * 1000).toISOString(),
  };
}

/** Path below which the realm lives: `/cak`, or nothing on a host of its own. */
function pathOf(realm: Realm): string {
  return new URL(realm.issuer).pathname.replace(/\/$/, '');
}

/** A language is called by its own name, whatever the page's language. */
const languageNames: Record<string, string> = { nl: 'Nederlands', en: 'English' };

/** A picture beside words that say the same, so hidden from screen readers. */
function icon(name: string, small = false): string {
  return `<svg class="sluis-icon${small ? '-s' : ''}" aria-hidden="true" focusable="false"><use href="${asset('icons.svg')}#${name}"/></svg>`;
}

const hashes = new Map<string, string>();

/** Address of a file of views/assets with a hash of what is in it, so that browsers may keep it for ever. */
export function asset(name: string): string {
  let hash = hashes.get(name);
  if (hash === undefined) {
    hash = hashOf(readFileSync(join(assetsFolder, name)));
    hashes.set(name, hash);
  }
  return `/assets/${name}?v=${hash}`;
}

function hashOf(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('base64url').slice(0, 10);
}
