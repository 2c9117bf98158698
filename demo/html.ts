/** HTML that is safe to send: made by `html` only, which escapes every value put into it. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Value = Html | string | number | false | null | undefined | readonly Value[];

/** Tagged template. Strings are escaped; `Html` and lists of it are put in as they are; false, null and undefined are nothing. */
export function html(parts: TemplateStringsArray, ...values: Value[]): Html {
  return new Html(parts.map((part, i) => part + (i < values.length ? show(values[i]) : '')).join(''));
}

function show(value: Value): string {
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(show).join('');
  if (value === false || value === null || value === undefined) return '';
  return escapeText(typeof value === 'number' ? `${value}` : value as string);
}

/** Escapes text for use in HTML or XML, as content or in a quoted attribute. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
