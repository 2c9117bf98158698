import { describe, expect, test } from '@jest/globals';
import { filesOf, nodesOf, product, read, typescript } from './source.ts';

/** Lines of a file that a pattern fits, as `file:line`. */
function places(file: string, pattern: RegExp): string[] {
  return read(file).split('\n').flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}`] : []));
}

const code = [...typescript, ...filesOf('tools'), ...filesOf('views').filter((file) => file.endsWith('.js'))];

describe('how code is written', () => {
  test('nothing has the type any', () => {
    const found = typescript.flatMap((file) => nodesOf(file).filter(({ node }) => node.type === 'TsKeywordType' && node['kind'] === 'any').map(({ line }) => `${file}:${line()}`));
    expect(found).toEqual([]);
  });

  test('no check is switched off from inside a file', () => {
    const pattern = /(@ts-(ignore|expect-error|nocheck)|(es|ox)lint-disable)/;
    expect(code.filter((file) => !file.startsWith('test/rules/')).flatMap((file) => places(file, pattern))).toEqual([]);
  });

  test('no code is kept as a comment, and no work is left as a note', () => {
    const unfinished = new RegExp(['TODO', 'FIXME', 'XXX', 'HACK'].map((word) => `\\b${word}\\b`).join('|'));
    expect(code.flatMap((file) => places(file, /^\s*\/\/.*[;{]\s*$/))).toEqual([]);
    expect(code.filter((file) => !file.startsWith('test/rules/')).flatMap((file) => places(file, unfinished))).toEqual([]);
  });

  test('exports have names; only tools of others ask for a default', () => {
    const found = typescript.flatMap((file) => nodesOf(file).filter(({ node }) => node.type.startsWith('ExportDefault')).map(({ line }) => `${file}:${line()}`));
    expect(found).toEqual([]);
  });

  test('product code writes to no console: it logs, or hands text back', () => {
    expect(product.filter((file) => file.startsWith('src/')).flatMap((file) => places(file, /\bconsole\.\w+\(/))).toEqual([]);
  });
});

describe('what the repository says', () => {
  test('no file names a place on somebody\'s machine or a package registry', () => {
    const pattern = /(?:^|[\s"'`(=:])\/(?:work|home|root|Users|tmp)\/[\w.]|\bregistry\.[a-z]|npmjs\.(?:org|com)|"resolved": "(?!http)/;
    const text = filesOf().filter((file) => !/\.(png|woff2)$/.test(file) && !file.startsWith('test/rules/'));
    expect(text.flatMap((file) => places(file, pattern))).toEqual([]);
    expect(read('package-lock.json')).not.toContain('"resolved"');
  });
});

describe('views', () => {
  const views = [...filesOf('views'), ...filesOf('src/steps')].filter((file) => file.endsWith('.ejs'));

  test('put out text escaped; only includes, icons, rich texts and the provider\'s logout form are markup', () => {
    const raw = views.flatMap((file) => [...read(file).matchAll(/<%-\s*(.*?)\s*[-_]?%>/gs)].map(([, inner = '']) => ({ file, inner })));
    const allowed = ({ file, inner }: { file: string; inner: string }): boolean => /^(include|icon|rich)\(/.test(inner) || (file === 'views/logout.ejs' && inner === 'page.form');
    expect(raw.length).toBeGreaterThan(views.length);
    expect(raw.filter((one) => !allowed(one))).toEqual([]);
  });

  test('have no script and no style of their own, nor handlers: the content security policy refuses them', () => {
    expect(views.flatMap((file) => places(file, /<script(?![^>]*\bsrc=)|<style|\sstyle="|\son[a-z]+="/i))).toEqual([]);
  });
});
