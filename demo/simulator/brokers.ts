/** The six brokers that the simulator plays: id in the address -> name. */
export const brokers: Readonly<Record<string, string>> = {
  digidentity: 'Digidentity',
  oudvandis: 'OudVandis',
  reecent: 'Reecent',
  rpn: 'RPN',
  wbid: 'Wb.ID',
  zlogin: 'Zlogin',
};

/** EntityID in the form of eHerkenning; from 9000 on the index is for tests. The OINs are invented. */
export function entityIdOf(broker: string): string {
  const n = Object.keys(brokers).indexOf(broker) + 1;
  return `urn:etoegang:HM:${String(99_000_000_000_000 + n).padStart(20, '0')}:entities:${9000 + n}`;
}

export const modes = ['ok', 'down', 'slow', 'error'] as const;

/** `down` answers 503, `slow` waits ten seconds, `error` answers each request with an error status. */
export type Mode = (typeof modes)[number];

export function isMode(value: unknown): value is Mode {
  return modes.some((mode) => mode === value);
}

/** `obey: false` gives the level that the means has without asking, where a real broker would refuse. */
export type Control = { mode: Mode; obey: boolean };

export type Controls = { of(broker: string): Control; set(broker: string, change: Partial<Control>): Control; all(): Record<string, Control> };

/** How each broker behaves now; tests change it through POST /control. */
export function createControls(): Controls {
  const now = new Map(Object.keys(brokers).map((id): [string, Control] => [id, { mode: 'ok', obey: true }]));
  const of = (broker: string): Control => now.get(broker) ?? { mode: 'ok', obey: true };
  return {
    of,
    set(broker, change) {
      now.set(broker, { ...of(broker), ...change });
      return of(broker);
    },
    all: () => Object.fromEntries(now),
  };
}
