import { describe, expect, test } from '@jest/globals';
import type { Theme } from '../config/schema.ts';
import { checkTheme, contrast, themeCss } from './theme.ts';

const theme: Theme = {
  brand: ['#f1f9fa', '#dff1f3', '#bfe3e7', '#7fc6ce', '#1a7f8b', '#0d5f69', '#08444c', '#042328'],
  header_background: '#ffffff', header_color: '#001a40', radius: '0.25rem',
};

describe('theme', () => {
  test('a readable theme has no complaint', () => {
    expect(checkTheme(theme)).toEqual([]);
  });

  test('a faint colour is named, with what it is and what is needed', () => {
    const faint: Theme = { ...theme, brand: [...theme.brand.slice(0, 5), '#7fc6ce', ...theme.brand.slice(6)] as Theme['brand'], header_color: '#cccccc' };
    expect(checkTheme(faint)).toEqual([
      expect.stringMatching(/^brand 500 \(#7fc6ce\) on white .* at least 4\.5 is needed$/),
      expect.stringMatching(/^brand 500 .* on brand 50 /),
      expect.stringMatching(/^header_color /),
    ]);
  });

  test('contrast is that of WCAG', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21);
    expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
  });

  test('the style sheet carries the ramp, and a rule that is seen on a dark header', () => {
    expect(themeCss(theme)).toContain('--sluis-brand-500:#0d5f69;');
    expect(themeCss(theme)).toContain('--sluis-header-rule:#0d5f69;');
    expect(themeCss({ ...theme, header_background: '#08444c', header_color: '#ffffff' })).toContain('--sluis-header-rule:#7fc6ce;');
  });
});
