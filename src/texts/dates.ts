const timeZone = 'Europe/Amsterdam';
/** Making one takes longer than a page needs for all the rest of a text; there are as many as formats in the code. */
const formats = new Map<string, Intl.DateTimeFormat>();

/** A moment (epoch seconds) as readers of a language write it, where they live unless another `timeZone` is told. */
export function formatDate(language: string, epoch: number, options: Intl.DateTimeFormatOptions): string {
  const key = `${language} ${JSON.stringify(options)}`;
  let format = formats.get(key);
  if (!format) formats.set(key, format = new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, { timeZone, ...options }));
  return format.format(epoch * 1000);
}

/** The day of a moment (epoch seconds) where readers live, as an ISO 8601 calendar date. */
export function dayOf(epoch: number): string {
  const parts = new Intl.DateTimeFormat('en', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).formatToParts(epoch * 1000);
  return ['year', 'month', 'day'].map((type) => parts.find((part) => part.type === type)?.value).join('-');
}
