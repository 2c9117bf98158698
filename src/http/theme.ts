import type { Theme } from '../config/schema.ts';

const steps = [50, 100, 200, 300, 400, 500, 600, 700] as const;

/** The style sheet of a realm: its ramp and header. The values were checked to be colours and lengths when they were read. */
export function themeCss(theme: Theme): string {
  const ramp = steps.map((step, index) => `--sluis-brand-${step}:${theme.brand[index]}`);
  const rule = contrast(theme.brand[5], theme.header_background) >= 3 ? theme.brand[5] : theme.brand[3];
  return `:root{${[...ramp,
    `--sluis-header-background:${theme.header_background}`,
    `--sluis-header-color:${theme.header_color}`,
    `--sluis-header-rule:${rule}`,
    `--sluis-radius:${theme.radius}`].join(';')}}\n`;
}

/**
 * What is too faint to read in a theme (WCAG 2.2, 1.4.3 and 1.4.11); empty when nothing is. A realm with a complaint must
 * not start.
 */
export function checkTheme(theme: Theme): string[] {
  const [lightest, , , , middle, strong, dark] = theme.brand;
  const rules: [string, string, string, string, number][] = [
    ['brand 500', strong, 'white', '#ffffff', 4.5],
    ['brand 600', dark, 'white', '#ffffff', 7],
    ['brand 400', middle, 'white', '#ffffff', 3],
    ['brand 500', strong, 'brand 50', lightest, 4.5],
    ['text #001a40', '#001a40', 'brand 50', lightest, 7],
    ['header_color', theme.header_color, 'header_background', theme.header_background, 4.5],
  ];
  return rules.flatMap(([name, color, onName, on, least]) => {
    const found = contrast(color, on);
    return found >= least ? [] : [`${name} (${color}) on ${onName} (${on}) has contrast ${found.toFixed(2)}, at least ${least} is needed`];
  });
}

/** Contrast ratio of two colours as `#rrggbb`, from 1 to 21 (WCAG 2.2, definition of contrast ratio). */
export function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color: string): number {
  const channel = (at: number) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}
