import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { localsOf, portal, realm, samples } from '../../test/support/preview.ts';
import { root } from '../root.ts';
import { asset, createRenderer } from './render.ts';

const renderer = createRenderer();
const show = (name: string, language = 'nl') => {
  const sample = samples.find((candidate) => candidate.name === name);
  if (!sample) throw new Error(`no sample ${name}`);
  return renderer.render(sample.view, localsOf(sample, language));
};

describe('every view', () => {
  test.each(samples.flatMap((sample) => ['nl', 'en'].map((language) => [sample.name, language] as const)))('%s in %s', async (name, language) => {
    const html = await show(name, language);
    expect(html).toContain(`<html lang="${language}"`);
    expect(html).not.toMatch(/undefined|\[object |=&gt;|\{[a-z]+\}/);
    expect(html).not.toMatch(/ style="| on[a-z]+="|<script>|<style| placeholder=| required[ >]/);
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
    expect(ids.length).toBe(new Set(ids).size);
    expect(html.match(/<h1/g)).toHaveLength(1);
  });

  test('only include, icon and rich put HTML in raw, and the provider its logout form', () => {
    const files = [join(root, 'views'), join(root, 'src/steps')].flatMap((folder) => readdirSync(folder, { recursive: true }).map((file) => join(folder, String(file))));
    const raw = files.filter((file) => file.endsWith('.ejs')).flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/<%-\s*([^%]*?)\s*%>/g)].map((match) => match[1] ?? ''));
    expect(raw.filter((expression) => !/^(include|icon|rich)\(/.test(expression))).toEqual(['page.form']);
  });
});

describe('forms', () => {
  test('carry the step, its binding, version and token', async () => {
    const html = await show('broker');
    expect(html).toMatch(/<form method="post" action="\/preview\/login\/1" novalidate [^>]*data-step="broker"/);
    for (const field of ['name="csrf" value="c"', 'name="binding" value="broker"', 'name="version" value="3"', 'name="action" value="cancel" formnovalidate']) expect(html).toContain(field);
  });

  test('an error is in the title, in the summary with its code, and at its field', async () => {
    const html = await show('profile-error');
    expect(html).toContain('<title>Fout: Persoonlijke instellingen – Portaal Zorg</title>');
    expect(html).toContain('<li data-problem="profile.initials.required"><a href="#initials">');
    expect(html).toMatch(/id="initials"[^>]* aria-invalid="true" aria-describedby="initials-error"/);
    expect(html).toMatch(/id="email"[^>]* value="anna"/);
  });

  test('what was typed is shown as text, a secret never', async () => {
    const html = await renderer.render('step:password', {
      ...localsOf(samples.find((sample) => sample.name === 'password-error') as (typeof samples)[number], 'nl'),
      values: { username: '"><script>alert(1)</script>', password: 'geheim' },
    });
    expect(html).toContain('value="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"');
    expect(html).not.toContain('geheim');
  });
});

describe('IB-2 broker choice', () => {
  test('shows service, level and the brokers; one that cannot is off, with the reason', async () => {
    const html = await show('broker');
    expect(html).toContain('inlogmiddel van minimaal niveau 3');
    expect(html).toMatch(/value="oudvandis" disabled/);
    expect(html).toContain('Niet beschikbaar: deze leverancier heeft geen inlogmiddel van niveau 3.');
    expect(html).toMatch(/value="wbid" checked/);
    expect(html).toMatch(/name="remember" value="1" checked/);
    expect(html).toContain('Heeft u nog geen inlogmiddel? Ga dan naar <a class="utrecht-link utrecht-link--html-a" href="https://www.eherkenning.nl/">');
    expect(html).toMatch(/<a [^>]*href="\?lang=en" lang="en" hreflang="en">English</);
  });

  test('IB-10 a test environment is marked', async () => {
    expect(await show('broker-error')).toContain('data-test-environment');
    expect(await show('broker')).not.toContain('data-test-environment');
  });
});

test('IB-5 the verification page says whom to ask, and a first administrator only the service desk', async () => {
  const html = await show('code');
  expect(html).toContain('Nieuwe gebruiker</h2>');
  expect(html).toContain('Chaima el Haddou');
  const first = await show('code-first');
  expect(first).not.toContain('Nieuwe gebruiker</h2>');
  expect(first).toContain('Nieuwe gebruikersbeheerder</h2>');
});

test('IB-6 no code before a role; an issued code is there to be printed', async () => {
  expect(await show('person')).toMatch(/type="submit" aria-describedby="code-hint" disabled/);
  expect(await show('person-saved')).not.toMatch(/aria-describedby="code-hint" disabled/);
  expect(await show('person-code')).toContain('data-code>K7QM-4TPX-92<');
});

test('a level that is too low: advice about means where there are brokers, what was shown elsewhere, no advice where nobody can', async () => {
  expect(await show('end-level_too_low')).toContain('Log opnieuw in met een inlogmiddel van minimaal niveau 3. Heeft u dat niet? Vraag het dan aan bij uw leverancier.');
  const local = await show('end-level_too_low.local');
  for (const text of ['>Deze manier van inloggen is niet genoeg</h1>', 'Nodig: twee stappen. U heeft gebruikt: wachtwoord.', 'href="tel:0880000001"']) expect(local).toContain(text);
  expect(local).not.toMatch(/inlogmiddel|leverancier/);
  const hopeless = await show('end-level_too_low.hopeless');
  expect(hopeless).toContain('Voor Gemeente Voorbeeld is een manier van inloggen nodig die hier niet kan: niveau 3.');
  expect(hopeless).not.toMatch(/sterker inlogmiddel|Log opnieuw in/);
  expect(await show('end-level_too_low.gone')).toContain('Er is een manier van inloggen nodig die hier niet kan.');
});

test('CFX-2 a long list of organisations can be left above it too', async () => {
  const before = async (name: string) => (await show(name)).split('id="organisations"').map((part) => part.match(/name="action" value="cancel"/g)?.length ?? 0);
  expect([await before('organisation'), await before('organisation-many')]).toEqual([[0, 1], [1, 1]]);
});

test('a page that ends the journey says so', async () => {
  expect(await show('end-no_role')).toContain('data-end="no_role"');
  expect(await show('expired')).toContain('data-end="expired"');
});

test('an asset has the address of its content', () => {
  expect(asset('sluis.css')).toMatch(/^\/assets\/sluis\.css\?v=[\w-]{10}$/);
});

test('a view that does not exist is refused', async () => {
  await expect(renderer.render('no/such', { realm, portal, language: 'nl', title: 'x', languageHref: () => '' })).rejects.toThrow();
});
