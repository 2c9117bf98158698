/** The order matters: Edge calls itself Chrome too, and Chrome calls itself Safari. */
const browsers: [RegExp, string][] = [[/\bEdg(?:e|A|iOS)?\//, 'Edge'], [/\b(?:OPR|Opera)\//, 'Opera'], [/\b(?:Firefox|FxiOS)\//, 'Firefox'], [/(?:Chrome|CriOS)\//, 'Chrome'], [/\bSafari\//, 'Safari']];
const systems: [RegExp, string][] = [[/\bAndroid\b/, 'Android'], [/\b(?:iPhone|iPod)\b/, 'iPhone'], [/\biPad\b/, 'iPad'], [/\bWindows\b/, 'Windows'], [/\bMac OS X\b/, 'macOS'], [/\bCrOS\b/, 'ChromeOS'], [/\bLinux\b/, 'Linux']];

/** The family of a browser and its system, as far as it says so: `Firefox, Windows`. Undefined when nothing is known of it. */
export function deviceOf(userAgent: string | null): string | undefined {
  const known = [browsers, systems].flatMap((kinds) => kinds.find(([pattern]) => pattern.test(userAgent ?? ''))?.[1] ?? []);
  return known.length === 0 ? undefined : known.join(', ');
}
