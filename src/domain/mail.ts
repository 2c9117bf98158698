import type { Realm } from '../config/schema.ts';
import { textsFor, type Params } from '../texts/catalogue.ts';
import { escapeHtml } from '../texts/rich.ts';

/** Every mail that there is: each has the texts `mail.<name>.subject` and `mail.<name>.body` in each language. */
export const mails = [
  'registration', 'account_created', 'account_request', 'account_link', 'activation_code', 'login_attempts', 'code_attempts',
  'password_issued', 'password_link', 'password_changed', 'password_expiry', 'password_expired', 'questions_changed',
  'factor-added', 'factor-removed', 'factors-reset', 'recovery-made', 'recovery-used', 'passkey-cloned',
  'details_changed', 'email_code', 'email_changed', 'dormancy',
] as const;
export type MailName = (typeof mails)[number];

/** `links`: addresses that stand in the text, and nothing else becomes a link; `code`: what is to be typed over */
export type MailOf = { name: MailName; params?: Params; links?: string[]; code?: string };
export type Mail = { subject: string; text: string; html: string };
type Sender = Pick<Realm, 'id' | 'name' | 'languages' | 'texts' | 'desk' | 'theme'>;

/** A mail as text and as HTML, which say the same; `realm`, `desk` and `phone` are always there to fill in. */
export function composeMail(realm: Sender, language: string, { name, params = {}, links = [], code }: MailOf): Mail {
  const t = textsFor(realm).t(language);
  const all = { realm: realm.name, desk: realm.desk.name, phone: realm.desk.phone, ...params };
  const [subject, text] = [t(`mail.${name}.subject`, all), t(`mail.${name}.body`, all)];
  return { subject, text, html: asHtml(realm, language, { subject, text, todo: t('common.do'), links, code }) };
}

type Written = { subject: string; text: string; /** the line that is a heading */ todo: string; links: string[]; code: string | undefined };

/** Nothing is fetched: no picture, no font, and nothing that tells that it was read. */
function asHtml({ name, desk, theme }: Sender, language: string, { subject, text, ...marks }: Written): string {
  const [, , , , , strong, dark] = theme.brand;
  const style = `body{margin:0;background:#f4f5f7;color:#1b1b1b;font:16px/1.5 "Noto Sans",Arial,sans-serif}
.mail{max-width:36em;margin:0 auto;padding:24px;background:#fff;border-top:6px solid ${strong}}
.from{margin:0 0 24px;font-weight:700;color:${dark}}
h2{font-size:16px;margin:24px 0 8px}
p,ol{margin:0 0 16px}
a{color:${strong};overflow-wrap:anywhere}
.code{font-size:24px;font-weight:700;letter-spacing:.1em}
.desk{margin:24px 0 0;padding-top:16px;border-top:1px solid #d0d4da;font-size:14px}`;
  const contact = `${escapeHtml(desk.name)}, ${escapeHtml(desk.phone)}, ${escapeHtml(desk.hours)}`;
  return [
    `<!doctype html>\n<html lang="${escapeHtml(language)}">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">`,
    `<title>${escapeHtml(subject)}</title>\n<style>${style}</style>\n</head>\n<body>\n<div class="mail">\n<p class="from">${escapeHtml(name)}</p>`,
    ...text.split('\n\n').filter((block) => block.trim() !== '').map((block) => blockOf(block.split('\n'), marks)),
    `<p class="desk">${contact}</p>\n</div>\n</body>\n</html>\n`,
  ].join('\n');
}

/** A paragraph, in which lines are kept; numbered lines are a list, and the line that asks what to do is a heading. */
function blockOf(lines: string[], marks: Omit<Written, 'subject' | 'text'>): string {
  const numbered = (line: string): boolean => /^\d+\. /.test(line);
  const at = lines.findIndex(numbered);
  const before = at < 0 ? lines : lines.slice(0, at);
  const items = at < 0 ? [] : lines.slice(at);
  const [first, ...rest] = before;
  const heading = first === marks.todo ? `<h2>${escapeHtml(first)}</h2>\n` : '';
  const plain = heading === '' ? before : rest;
  const paragraph = plain.length === 0 ? '' : `<p>${plain.map((line) => lineOf(line, marks)).join('<br>')}</p>`;
  const list = items.length === 0 ? '' : `<ol>${items.map((line) => `<li>${lineOf(line.replace(/^\d+\. /, ''), marks)}</li>`).join('')}</ol>`;
  return `${heading}${paragraph}${list}`;
}

function lineOf(line: string, { links, code }: Omit<Written, 'subject' | 'text'>): string {
  if (code !== undefined && line === code) return `<span class="code">${escapeHtml(line)}</span>`;
  const link = links.find((one) => line.includes(one));
  if (link === undefined) return escapeHtml(line);
  const [before = '', ...after] = line.split(link);
  const href = escapeHtml(link);
  // the address itself is what is read: a reader sees where it leads
  return `${escapeHtml(before)}<a href="${href}">${href}</a>${escapeHtml(after.join(link))}`;
}
