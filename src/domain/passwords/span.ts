const units = [['days', 86_400], ['hours', 3600], ['minutes', 60]] as const;

/** How long something lives, in the largest unit that says it in whole numbers: parameters `unit` and `span` of a text. Two days and more are days. */
export function spanOf(seconds: number): { unit: 'days' | 'hours' | 'minutes'; span: number } {
  const [unit, size] = units.find(([name, length]) => seconds % length === 0 && (name !== 'days' || seconds >= 2 * length)) ?? ['minutes', 60];
  return { unit, span: Math.max(1, Math.floor(seconds / size)) };
}
