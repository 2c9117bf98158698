import type { Realm } from '../config/schema.ts';
import { textsFor, type Params } from '../texts/catalogue.ts';
import { formatDate } from '../texts/dates.ts';
import { escapeHtml } from '../texts/rich.ts';
import { DomainError } from './errors.ts';
import { UNWANTED } from './names.ts';

/** Lines of a postal address, and characters in one: what the window of an envelope shows. */
const ADDRESS = { lines: 5, length: 60 };

/** What a letter with a code says; everything of a person is plain text. */
export type Letter = {
  language: string;
  /** the address block, organisation and person included */
  to: string[];
  salutation: string | null;
  name: string;
  code: string;
  reference: string;
  portal: { name: string; url: string };
  /** epoch seconds */
  now: number;
  until: number;
};

/**
 * The lines of a postal address as they are printed.
 * @throws DomainError letter.address when there is none, or a line that no envelope can show
 */
export function checkAddress(typed: string[]): string[] {
  const lines = typed.map((line) => line.normalize('NFC').trim()).filter(Boolean);
  const readable = lines.every((line) => line.length <= ADDRESS.length && !UNWANTED.test(line));
  if (lines.length === 0 || lines.length > ADDRESS.lines || !readable) throw new DomainError('letter.address', { lines: ADDRESS.lines, length: ADDRESS.length });
  return lines;
}

/** The letter with an activation code (row CAK-3): to print on A4, and as text. Nothing in it comes from elsewhere. */
export function activationLetter(realm: Realm, letter: Letter): { subject: string; text: string; html: string } {
  const { language, code, now, until } = letter;
  const t = textsFor(realm).t(language);
  const all: Params = {
    realm: realm.name, desk: realm.desk.name, phone: realm.desk.phone, hours: realm.desk.hours, portal: letter.portal.name, url: letter.portal.url,
    salutation: letter.salutation ?? '', name: letter.name, 
    date: formatDate(language, now, { dateStyle: 'long' }), until: formatDate(language, until, { dateStyle: 'long', timeStyle: 'short' }),
    reference: letter.reference,
  };
  const say = (key: string): string => t(`letter.${key}`, all);
  const parts = {
    head: [say('date'), say('reference')], subject: say('activation.subject'), greeting: say('greeting'), intro: say('activation.intro'), until: say('activation.until'),
    todo: t('common.do'), steps: ['activation.step.1', 'activation.step.2', 'activation.step.3'].map(say), help: say('activation.help'), end: [say('end'), say('sender')],
  };
  return { subject: parts.subject, text: asText(letter, parts), html: asHtml(realm, letter, parts, code) };
}

type Parts = { head: string[]; subject: string; greeting: string; intro: string; until: string; todo: string; steps: string[]; help: string; end: string[] };

function asText({ to, code }: Letter, { head, subject, greeting, intro, until, todo, steps, help, end }: Parts): string {
  const numbered = steps.map((step, index) => `${index + 1}. ${step}`);
  return [to, head, [subject], [greeting], [intro], [code], [until], [todo, ...numbered], [help], end].map((block) => block.join('\n')).join('\n\n');
}

/** Signs are spaced by the style, not by spaces: who copies the code gets the code. */
const STYLE = `@page{size:A4;margin:25mm 20mm 20mm 25mm}
body{margin:0 auto;max-width:165mm;font:11pt/1.5 "Noto Sans","Liberation Sans",Arial,sans-serif;color:#000;background:#fff}
p,ol,h1,h2,address{margin:0 0 1.25em}
.sender{text-align:right;font-weight:700}
address{font-style:normal;min-height:38mm;overflow-wrap:anywhere}
ol{overflow-wrap:anywhere}
h1{font-size:13pt}
h2{font-size:11pt;margin-bottom:.5em}
.code{display:inline-block;border:2px solid #000;padding:.35em .75em;font-size:20pt;font-weight:700;letter-spacing:.15em}
@media screen{body{padding:20mm;box-sizing:content-box}}
@media screen and (max-width:700px){body{padding:6mm}.code{font-size:16pt;letter-spacing:.05em}}`;

function asHtml(realm: Realm, { language, to }: Letter, { head, subject, greeting, intro, until, todo, steps, help, end }: Parts, code: string): string {
  const p = (...lines: string[]): string => `<p>${lines.map(escapeHtml).join('<br>')}</p>`;
  return [
    `<!doctype html>\n<html lang="${escapeHtml(language)}">\n<head>\n<meta charset="utf-8">`,
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src \'unsafe-inline\'">',
    `<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>${escapeHtml(subject)}</title>\n<style>${STYLE}</style>\n</head>\n<body>`,
    `<p class="sender">${escapeHtml(realm.name)}</p>`, `<address>${to.map(escapeHtml).join('<br>')}</address>`, p(...head), `<main>\n<h1>${escapeHtml(subject)}</h1>`,
    p(greeting), p(intro), `<p><span class="code">${escapeHtml(code)}</span></p>`, p(until), `<h2>${escapeHtml(todo)}</h2>`,
    `<ol>${steps.map((step) => `<li>${escapeHtml(step)}</li>`).join('')}</ol>`, p(help), p(...end), '</main>\n</body>\n</html>\n',
  ].join('\n');
}
