const timeZone = 'Europe/Amsterdam';

/** A moment (epoch seconds) as readers of a language write it, where they live. */
export function formatDate(language: string, epoch: number, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, { ...options, timeZone }).format(epoch * 1000);
}
