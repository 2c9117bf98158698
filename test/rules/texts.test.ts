import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { catalogue } from '../../src/texts/catalogue.ts';
import { filesOf, product, read } from './source.ts';

const [nl, en] = [catalogue('nl'), catalogue('en')];
const parameters = (text: string): string[] => [...new Set([...text.matchAll(/\{\s*(\w+)\s*[,}]/g)].map(([, name = '']) => name))].toSorted();
const missing = (keys: string[]): string[] => [...new Set(keys)].filter((key) => nl[key] === undefined || en[key] === undefined);

type Binding = { step: string; with?: { else?: string } };

describe('texts', () => {
  test('Dutch and English have the same keys, and ask for the same parameters', () => {
    expect(Object.keys(en).toSorted()).toEqual(Object.keys(nl).toSorted());
    const different = Object.keys(nl).filter((key) => parameters(nl[key] ?? '').join() !== parameters(en[key] ?? '').join());
    expect(different).toEqual([]);
  });

  test('words of a realm take the place of a text that is there, in Dutch and English alike', () => {
    const own = filesOf('config/realms').filter((file) => /\/texts\/\w+\.json$/.test(file)).map((file) => ({ file, texts: JSON.parse(read(file)) as Record<string, string> }));
    expect(own.length).toBeGreaterThan(0);
    expect(own.flatMap(({ file, texts }) => Object.keys(texts).filter((key) => nl[key] === undefined).map((key) => `${file}: ${key}`))).toEqual([]);
    for (const { file, texts } of own) {
      const other = own.find((one) => one.file === file.replace(/nl\.json$/, 'en.json')) ?? { texts: {} };
      expect({ file, keys: Object.keys(other.texts) }).toEqual({ file, keys: Object.keys(texts) });
    }
  });

  test('every way in which a flow can end has a page: what realm files and steps say', () => {
    const files = filesOf('config/realms').filter((file) => file.endsWith('/realm.yaml'));
    const flows = files.flatMap((file) => Object.values((parse(read(file)) as { flows: Record<string, { bindings: Binding[] }> }).flows));
    const fromFiles = flows.flatMap(({ bindings }) => bindings.flatMap((binding) => (binding.step === 'require' ? [String(binding.with?.else)] : [])));
    const fromSteps = product.flatMap((file) => [...read(file).matchAll(/kind: 'deny', code: '(\w+)'/g)].map(([, code = '']) => code));
    const codes = [...fromFiles, ...fromSteps, 'flow_unsafe'];
    expect(codes).toEqual(expect.arrayContaining(['level_too_low', 'verified', 'administrator_first']));
    expect(missing(codes.flatMap((code) => ['title', 'body', 'do', 'action'].map((part) => `end.${code}.${part}`)))).toEqual([]);
  });

  test('every error page has its text', () => {
    const codes = product.flatMap((file) => [...read(file).matchAll(/renderProblem\(ctx, [^)]*?\d{3}, '(\w+)'/g)].map(([, code = '']) => code));
    expect(codes).toEqual(expect.arrayContaining(['csrf', 'session_not_found', 'ticket']));
    // these two are chosen between where they are shown
    expect(missing([...codes, 'broker', 'restricted'].flatMap((code) => [`error.${code}.title`, `error.${code}.body`]))).toEqual([]);
  });

  test('every step with a page has a title, in a catalogue beside it (which may hold pages that it ends on)', () => {
    const ids = filesOf('src/steps').flatMap((file) => /^src\/steps\/([^/]+)\/view\.ejs$/.exec(file)?.[1] ?? []);
    expect(missing(ids.map((id) => `${id}.title`))).toEqual([]);
    for (const id of ids) {
      const keys = Object.keys(JSON.parse(read(`src/steps/${id}/texts/nl.json`)) as object);
      expect({ id, foreign: keys.filter((key) => !key.startsWith(`${id}.`) && !key.startsWith('end.')) }).toEqual({ id, foreign: [] });
    }
  });
});
