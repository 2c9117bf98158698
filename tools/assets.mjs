/**
 * Builds views/assets from views/assets-src and from the packages named below. The result is committed, so that running
 * Sluis needs none of those packages: they are wanted only when this is run again (`node tools/assets.mjs`).
 */
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, 'views/assets-src');
const target = join(root, 'views/assets');
const require = createRequire(import.meta.url);

const components = ['action-group', 'alert', 'button', 'button-link', 'checkbox', 'data-list', 'form-field',
  'form-field-description', 'form-field-error-message', 'form-fieldset', 'form-label', 'heading-1', 'heading-2', 'heading-3',
  'link', 'ordered-list', 'paragraph', 'radio-button', 'status-badge', 'table', 'textbox', 'unordered-list'];
const tokenPackage = '@nl-design-system-unstable/voorbeeld-design-tokens';
const fontPackage = '@fontsource/noto-sans';
const iconPackage = '@tabler/icons';
const icons = ['alert-circle', 'alert-triangle', 'arrow-left', 'building', 'check', 'circle-check', 'clock', 'external-link', 'eye',
  'eye-off', 'info-circle', 'key', 'lock', 'logout', 'mail', 'message', 'phone', 'printer', 'user', 'user-plus', 'users', 'x'];

const folderOf = (name) => {
  for (const base of require.resolve.paths(name) ?? []) {
    try { return readJson(join(base, name, 'package.json')) && join(base, name); } catch { /* the next folder */ }
  }
  throw new Error(`${name} is not installed: npm install`);
};
const read = (file) => readFileSync(file, 'utf8');
const readJson = (file) => JSON.parse(read(file));
const versionOf = (name) => `${name}@${readJson(join(folderOf(name), 'package.json')).version}`;

/** Keeps banners (`/*!`), drops other comments and the white space that means nothing in CSS. */
const minify = (css) => css.replace(/\/\*(?!!)[\s\S]*?\*\//g, '').replace(/\s+/g, ' ').replace(/\s*([{};,])\s*/g, '$1').replace(/;}/g, '}')
  .replace(/\*\//g, '*/\n').trim();

function componentCss() {
  return components.map((name) => {
    const packageName = `@utrecht/${name}-css`;
    const css = minify(read(join(folderOf(packageName), 'dist/index.min.css')));
    return `/*! ${versionOf(packageName)} | EUPL-1.2 | Utrecht Design System, Municipality of Utrecht and contributors */\n${css}\n`;
  }).join('');
}

/** Only the tokens that are used, with what they refer to; the accent ramp becomes the realm's own (theme.css). */
function tokenCss(usedBy) {
  const all = new Map([...read(join(folderOf(tokenPackage), 'dist/theme.css')).matchAll(/^\s*(--[\w-]+):\s*(.*);$/gm)].map((m) => [m[1], m[2]]));
  const kept = new Set();
  const keep = (text) => {
    for (const [, name] of text.matchAll(/var\(\s*(--[\w-]+)/g)) {
      if (kept.has(name) || !all.has(name)) continue;
      kept.add(name);
      keep(all.get(name));
    }
  };
  keep(usedBy);
  const lines = [...kept].sort().map((name) => {
    const ramp = /^--voorbeeld-kleuren-violet-(\d+)$/.exec(name);
    return ramp ? `${name}:var(--sluis-brand-${ramp[1]},${all.get(name)})` : `${name}:${all.get(name)}`;
  });
  return `/*! ${versionOf(tokenPackage)}, a selection with the accent colours made variable | EUPL-1.2 | NL Design System community */\n:root{${lines.join(';')}}\n`;
}

function iconSprite() {
  const symbols = icons.map((name) => {
    const svg = read(join(folderOf(iconPackage), 'icons/outline', `${name}.svg`));
    const shapes = svg.replace(/<!--[\s\S]*?-->/g, '').replace(/^[\s\S]*?<svg[^>]*>/, '').replace('</svg>', '').replace(/\s+/g, ' ').trim();
    return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${shapes}</symbol>`;
  });
  return `<!-- ${versionOf(iconPackage)}, MIT, Copyright Paweł Kuna -->\n<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join('\n')}\n</svg>\n`;
}

function copyFonts() {
  for (const subset of ['latin', 'latin-ext']) {
    for (const weight of [400, 700]) {
      copyFileSync(join(folderOf(fontPackage), `files/noto-sans-${subset}-${weight}-normal.woff2`), join(target, `noto-sans-${subset}-${weight}.woff2`));
    }
  }
}

function notices() {
  const lines = [...components.map((name) => [`@utrecht/${name}-css`, 'EUPL-1.2']), [tokenPackage, 'EUPL-1.2'], [iconPackage, 'MIT'], [fontPackage, 'OFL-1.1']];
  return `What is built into this folder, and under which licence\n\n${lines.map(([name, licence]) => `${versionOf(name)}: ${licence}`).join('\n')}\n`;
}

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
const own = read(join(source, 'sluis.css'));
const bundle = componentCss();
writeFileSync(join(target, 'components.css'), bundle);
writeFileSync(join(target, 'sluis.css'), `${minify(own)}\n`);
writeFileSync(join(target, 'tokens.css'), tokenCss(bundle + own));
writeFileSync(join(target, 'icons.svg'), iconSprite());
writeFileSync(join(target, 'LICENSES.txt'), notices());
copyFonts();
for (const file of readdirSync(source).filter((name) => !name.endsWith('.css'))) copyFileSync(join(source, file), join(target, file));
