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
