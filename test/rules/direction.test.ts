import { describe, expect, test } from '@jest/globals';
import { importsOf, product, read, type Import } from './source.ts';

/** What stands at the bottom: everybody may use it, it uses nothing above. */
const bottom = ['config', 'keys', 'texts', 'root.ts'];

/** Which folder of src may import which: app, cli → http, oidc → steps, brokers → flow, domain → store. */
const may: Record<string, string[]> = {
  'main.ts': ['app.ts', 'cli', 'flow', 'steps'],
  'app.ts': ['metrics', 'http', 'oidc', 'steps', 'brokers', 'flow', 'domain', 'messages', 'store'],
  metrics: ['http', 'oidc', 'flow', 'domain', 'messages', 'store'],
  cli: ['http', 'oidc', 'steps', 'flow', 'domain', 'store'],
  http: ['oidc', 'brokers', 'flow', 'domain', 'store'],
  oidc: ['flow', 'domain', 'store'],
  steps: ['flow', 'domain'],
  brokers: ['flow', 'domain'],
  flow: ['domain', 'store'],
  domain: ['flow', 'store'],
  messages: ['store'],
  store: [],
  texts: [],
  keys: [],
  config: [],
  'root.ts': [],
};

/** Files of src may use these files outside it. */
const outside: Record<string, RegExp> = { store: /^db\/migrations\//, 'app.ts': /^db\/demo\/seed\.ts$/ };

/** Where a library may be named, also as a type. The demo world stands by itself and is not in this table. */
const homes: Record<string, string[]> = {
  'oidc-provider': ['src/oidc/'], jose: ['src/oidc/'],
  koa: ['src/http/'], '@koa/router': ['src/http/'], '@koa/bodyparser': ['src/http/'], 'koa-static': ['src/http/'], ejs: ['src/http/'],
  kysely: ['src/store/', 'db/migrations/'], 'better-sqlite3': ['src/store/'], pg: ['src/store/'],
  '@xmldom/xmldom': ['src/brokers/saml/'], 'xml-crypto': ['src/brokers/saml/'], xpath: ['src/brokers/saml/'],
  argon2: ['src/domain/'], bcrypt: ['src/domain/'], otplib: ['src/domain/'], qrcode: ['src/domain/'], luxon: ['src/domain/'],
  '@simplewebauthn/server': ['src/domain/passkeys/'],
  'prom-client': ['src/metrics/'],
  nodemailer: ['src/messages/'],
  'intl-messageformat': ['src/texts/'],
  yaml: ['src/config/'],
  '@peculiar/x509': ['src/keys/'], 'reflect-metadata': ['src/keys/'],
  pino: ['src/app.ts', 'src/http/'],
  zod: ['db/demo/', 'src/config/', 'src/domain/', 'src/flow/', 'src/keys/', 'src/steps/'],
};

const imports = product.flatMap(importsOf);
const folderOf = (file: string): string => file.split('/')[1] ?? '';
const inSrc = (file: string): boolean => file.startsWith('src/');
const own = imports.filter(({ from }) => /^(src|demo|db|test|dist|tools)\//.test(from));
const said = ({ file, from }: Import): string => `${file} imports ${from}`;

describe('who may import whom', () => {
  test('folders of src import downwards only', () => {
    const wrong = own.filter(({ file, from }) => {
      if (!inSrc(file)) return false;
      const [here, there] = [folderOf(file), folderOf(from)];
      if (!inSrc(from)) return !outside[here]?.test(from);
      return here !== there && !bottom.includes(there) && !may[here]?.includes(there);
    });
    expect(wrong.map(said)).toEqual([]);
  });

  test('what is at the bottom imports nothing but the configuration and the root', () => {
    const wrong = own.filter(({ file, from }) => inSrc(file) && bottom.includes(folderOf(file)) && folderOf(file) !== folderOf(from) && !['config', 'root.ts'].includes(folderOf(from)));
    expect(wrong.map(said)).toEqual([]);
  });

  test('domain knows the flow by its types only: the engine uses the domain, not the other way round', () => {
    const wrong = own.filter(({ file, from, typeOnly }) => file.startsWith('src/domain/') && from.startsWith('src/flow/') && !typeOnly);
    expect(wrong.map(said)).toEqual([]);
  });

  test('a step imports no other step; steps/index.ts is the one list of them', () => {
    const stepOf = (file: string): string | undefined => /^src\/steps\/([^/]+)\//.exec(file)?.[1];
    const wrong = own.filter(({ file, from }) => stepOf(file) !== undefined && stepOf(from) !== undefined && stepOf(file) !== stepOf(from));
    expect(wrong.map(said)).toEqual([]);
  });

  test('the flow engine knows no step and no HTTP', () => {
    const wrong = imports.filter(({ file, from }) => file.startsWith('src/flow/') && /^(src\/(steps|http|oidc)\/|koa|node:http)/.test(from));
    expect(wrong.map(said)).toEqual([]);
  });

  test('the demo world imports nothing of the product, and the product nothing of it', () => {
    const wrong = own.filter(({ file, from }) => file.startsWith('demo/') !== from.startsWith('demo/'));
    expect(wrong.map(said)).toEqual([]);
  });

  test('migrations use the schema builder only; the demo seed uses domain and store', () => {
    const allowed: [RegExp, RegExp][] = [[/^db\/migrations\//, /^db\/migrations\//], [/^db\/demo\//, /^(db\/demo\/|src\/(store|domain|config|root))/]];
    const wrong = own.filter(({ file, from }) => file.startsWith('db/') && !allowed.some(([here, there]) => here.test(file) && there.test(from)));
    expect(wrong.map(said)).toEqual([]);
  });

  test('product code imports no test', () => {
    expect(own.filter(({ from }) => from.startsWith('test/') || from.endsWith('.test.ts')).map(said)).toEqual([]);
  });
});

describe('each library has one home', () => {
  const libraries = imports.filter(({ file, from }) => !file.startsWith('demo/') && !from.startsWith('node:') && !own.some((one) => one.from === from));

  test('it is imported nowhere else', () => {
    expect(libraries.filter(({ file, from }) => !homes[from]?.some((home) => file.startsWith(home))).map(said)).toEqual([]);
  });

  test('it is a dependency that is installed without the tools of development', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
    const used = imports.filter(({ from }) => !from.startsWith('node:') && !own.some((one) => one.from === from));
    expect(used.filter(({ from }) => !Object.hasOwn(dependencies, from)).map(said)).toEqual([]);
  });
});
