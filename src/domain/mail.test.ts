import { describe, expect, test } from '@jest/globals';
import { catalogue, type Params } from '../texts/catalogue.ts';
import { exampleRealm } from '../../test/support/house.ts';
import { composeMail, mails, type MailName } from './mail.ts';

const realm = exampleRealm({ name: 'Zorg & <b>Zo</b>' });
const link = 'https://login.example.nl/zorg/account/?a=1&b=2';
/** What any mail may be given. */
const params: Params = {
  name: "O'Brien-van 't Hoff", organisation: 'Stichting De Morgenster', portal: 'Klantenportaal', url: link, link, code: 'K7QM-4TPX-92', until: '3 december 2026 om 12.00',
  username: 'jdevries', password: 'Riet-Oever-Boot-7', relation_number: '100231', days: 12, returns: 'no', kind: 'totp', left: 3, count: 10, reference: 'R1', hours: 8, unit: 'hours', span: 8, again: 'https://login.example.nl/zorg/password/forgot',
};
const every = realm.languages.flatMap((language) => mails.map((name) => ({ language, name })));
const compose = (language: string, name: MailName) => composeMail(realm, language, { name, params, links: [link], code: 'K7QM-4TPX-92' });

describe('mails', () => {
  test('the list is complete: no text belongs to a mail that is not on it', () => {
    for (const language of realm.languages) {
      const named = Object.keys(catalogue(language)).flatMap((key) => /^mail\.([^.]+)\.(?:subject|body)$/.exec(key)?.[1] ?? []);
      expect([...new Set(named)].toSorted()).toEqual([...mails].toSorted());
    }
  });

  test.each(every)('$name in $language: subject, text and HTML say the same, and nothing is left to fill in', ({ language, name }) => {
    const { subject, text, html } = compose(language, name);
    expect(subject).not.toMatch(/[{}\n]/);
    expect(text).not.toMatch(/[{}<]undefined|\{\w+\}/);
    expect(html).toContain(`<html lang="${language}">`);
    const plain = html.slice(html.indexOf('<body>'), html.indexOf('<p class="desk">')).replace(/<li>/g, '\n').replace(/<br>|<\/p>|<\/h2>/g, '\n').replace(/<[^>]+>/g, '')
      .replaceAll('&#39;', "'").replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
    const words = (all: string): string[] => all.split(/\s+/).filter(Boolean);
    expect(words(plain)).toEqual([...words(realm.name), ...words(text.replace(/^\d+\. /gm, ''))]);
  });

  test('in HTML the link is a link, steps are a list, the code stands out, and what people are called is text', () => {
    const { html, text } = compose('nl', 'activation_code');
    expect(text).toContain("O'Brien-van 't Hoff");
    expect(html).toContain('O&#39;Brien-van &#39;t Hoff');
    expect(html).toContain('<p class="from">Zorg &amp; &lt;b&gt;Zo&lt;/b&gt;</p>');
    expect(html).toContain('<span class="code">K7QM-4TPX-92</span>');
    expect(html).toContain('<a href="https://login.example.nl/zorg/account/?a=1&amp;b=2">https://login.example.nl/zorg/account/?a=1&amp;b=2</a>');
    expect(html).toMatch(/<h2>Wat moet u doen\?<\/h2>\n?<ol><li>/);
    expect(html).not.toMatch(/<(?:img|script|link|iframe)|url\(|@import/i);
  });

  test('only an address that the mail was given becomes a link', () => {
    const { html } = composeMail(realm, 'nl', { name: 'details_changed', params: { name: 'https://evil.example/' } });
    expect(html).not.toContain('<a ');
  });

  // B1: short sentences (ui.md 4.11)
  test.each(mails)('%s is plain Dutch: 12 words a sentence or fewer, none above 20', (name) => {
    const { text } = compose('nl', name);
    const lines = text.split('\n').filter((line) => !/^\S+$|: \S+$|^Beste|^Ons kenmerk/.test(line));
    const sentences = lines.flatMap((line) => line.replace(/^\d+\. /, '').split(/(?<=[.?!])\s+/)).map((sentence) => sentence.split(/\s+/).filter(Boolean).length).filter((count) => count > 0);
    expect({ name, longest: Math.max(...sentences) <= 20, mean: sentences.reduce((sum, count) => sum + count, 0) / sentences.length <= 12 }).toEqual({ name, longest: true, mean: true });
  });
});
