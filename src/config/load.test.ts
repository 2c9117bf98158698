import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { root } from '../root.ts';
import { ConfigError, loadConfig, type LoadOptions } from './load.ts';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'sluis-config-')); });
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}

/** A small realm without mistakes. */
function writeGood(system = 'demo: true\npublic_url: http://localhost:3000'): void {
  write('sluis.yaml', `${system}\nport: 3000\nkeys: ${folder}/keys\nrealms: [town]\n`);
  write('realms/town/realm.yaml', [
    'name: Town',
    "desk: { name: Desk, phone: '0', hours: always, email: desk@town.example }",
    'levels:',
    '  - { id: low, label: Low, acr: urn:low }',
    '  - { id: high, label: High, acr: urn:high }',
    'applications:',
    '  - { id: permits, name: Permits, roles: [{ id: user, name: User }] }',
    'flows:',
    '  login:',
    '    bindings:',
    '      - step: broker',
    '    ensure: [identified]',
    '',
  ].join('\n'));
  write('realms/town/theme.yaml', "brand: ['#ffffff', '#ffffff', '#ffffff', '#ffffff', '#000000', '#000000', '#000000', '#000000']\n");
  write('realms/town/portals/desk.yaml', [
    'name: Desk',
    'service: Desk',
    'url: ${PORTALS:-http://localhost:${PORT:-9000}}/desk/',
    'flow: login',
    'level: high',
    'applications: [permits]',
    'clients:',
    '  - client_id: desk',
    '    jwks_uri: http://localhost:9000/jwks.json',
    '    redirect_uris: [http://localhost:9000/callback]',
    '',
  ].join('\n'));
}

function mistakes(env: Record<string, string> = {}, options?: LoadOptions): string[] {
  try {
    loadConfig(join(folder, 'sluis.yaml'), env, options);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.mistakes.every((m) => m.line > 0 || m.column === 0)).toBe(true);
    return error.message.split('\n').map((line) => line.replaceAll(`${folder}/`, '').replaceAll('realms/town/', ''));
  }
  return [];
}

describe('loadConfig', () => {
  test('reads the configuration that ships', () => {
    const { system, realms } = loadConfig(join(root, 'config/sluis.yaml'), { SLUIS_KEYS: '/etc/sluis/keys', PORTALS_PORT: '4001' });
    expect(system).toMatchObject({ port: 3000, public_url: 'http://localhost:3000', demo: true, keys: '/etc/sluis/keys', data: join(root, 'db/data') });
    const [ib, cak] = realms;
    expect(ib).toMatchObject({ id: 'inlichtingenbureau', issuer: 'http://localhost:3000/inlichtingenbureau' });
    expect(ib!.brokers.map((b) => b.name)).toEqual(['Digidentity', 'OudVandis', 'Reecent', 'RPN', 'Wb.ID', 'Zlogin']);
    expect(ib!.brokers[0]!.certificate_files).toEqual(['/etc/sluis/keys/demo/simulator.crt']);
    expect(ib!.portals.map((p) => [p.id, p.url])).toEqual([
      ['account', 'http://localhost:3000/inlichtingenbureau/account/'],
      ['beheer', 'http://localhost:3000/inlichtingenbureau/admin/'],
      ['centrale-voorziening-bvv', 'http://localhost:4001/centrale-voorziening-bvv/'],
      ['portaal-zorg-test', 'http://localhost:4001/portaal-zorg-test/'],
      ['portaal-zorg', 'http://localhost:4001/portaal-zorg/'],
      ['werk-en-inkomen', 'http://localhost:4001/werk-en-inkomen/'],
    ]);
    expect(cak!.login.identifiers).toEqual(['relation_number', 'username']);
  });

  test('the configuration that ships is refused outside the demo world', () => {
    cpSync(join(root, 'config'), folder, { recursive: true });
    const found = mistakes({ SLUIS_DEMO: 'false' });
    expect(found).toContainEqual(expect.stringMatching(/^sluis\.yaml:\d+:1 public_url: must be https outside demo mode$/));
    expect(found).toContainEqual(expect.stringMatching(/clients\.0\.demo: a demo client is refused/));
    expect(found).toContainEqual(expect.stringMatching(/clients\.0\.redirect_uris\.0: must be https$/));
  });

  test('a small realm: defaults, variables and the environment that wins', () => {
    writeGood();
    const { system, realms } = loadConfig(join(folder, 'sluis.yaml'), { SLUIS_PORT: '3100', SLUIS_PUBLIC_URL: 'http://localhost:3100/', PORT: '9001' });
    expect(system).toMatchObject({ port: 3100, public_url: 'http://localhost:3100' });
    expect(realms[0]).toMatchObject({ issuer: 'http://localhost:3100/town', folder: join(folder, 'realms/town'), texts: {} });
    expect(realms[0]!.portals[0]).toMatchObject({ url: 'http://localhost:9001/desk/', test: false });
  });

  test('every mistake at once, each at its file, line and key', () => {
    writeGood();
    write('realms/town/realm.yaml', [
      'name: Town',
      "desk: { name: Desk, phone: '0', hours: always, email: nobody }",
      'levels:',
      '  - { id: low, label: Low, acr: urn:low }',
      '  - { id: low, label: High, acr: urn:high }',
      'langauges: [nl]',
      'flows:',
      '  login:',
      '    bindings:',
      '      - step: brokr',
      '      - step: require',
      '      - step: require',
      '        when: [identifed]',
      '    ensure: [identified]',
      '',
    ].join('\n'));
    write('realms/town/portals/desk.yaml', [
      'name: Desk',
      'service: Desk',
      'url: ${NOWHERE}/desk/',
      'flow: logn',
      'level: hihg',
      'applications: [permits]',
      'clients:',
      '  - client_id: desk',
      '    redirect_uris:',
      '      - https://*.example.nl/callback',
      '      - http://desk.example.nl/callback#part',
      '    backchannel_logout_uri: http://desk.example.nl/logout',
      '  - client_id: desk',
      '    token_endpoint_auth_method: client_secret_basic',
      '    redirect_uris: [https://desk.example.nl/callback]',
      '    secret: geheim',
      '',
    ].join('\n'));
    write('realms/town/brokers/one.yaml', 'protocol: saml\nname: One\nlevels: {urn:a: top}\nlevel: low\n');
    write('realms/town/brokers/two.yaml', 'protocol: saml\nname: "Two\n');
    write('realms/town/texts/fr.json', '{ "a": "b" }');
    write('realms/town/portals/Desk.yml', 'name: Desk\n');
    const found = mistakes({}, { knownSteps: ['broker', 'require'], knownPredicates: ['identified'] });
    expect(found.sort()).toEqual([
      'brokers/one.yaml:1:1 certificate_files: is missing',
      'brokers/one.yaml:1:1 entity_id: is missing',
      'brokers/one.yaml:1:1 single_sign_on: is missing',
      'brokers/one.yaml:3:10 levels.urn:a: there is no level top',
      'brokers/two.yaml:3:1 Missing closing "quote',
      'portals/Desk.yml is not read: name it <id>.yaml, the id in lower-case letters, digits and hyphens',
      'portals/desk.yaml:10:9 clients.0.redirect_uris.0: a wildcard is not allowed: every address is written out',
      'portals/desk.yaml:11:9 clients.0.redirect_uris.1: a fragment is not allowed',
      'portals/desk.yaml:11:9 clients.0.redirect_uris.1: must be https, or http on localhost in demo mode',
      'portals/desk.yaml:12:5 clients.0.backchannel_logout_uri: must be https, or http on localhost in demo mode',
      'portals/desk.yaml:13:5 clients.1.client_id: desk is already a client in portals/desk.yaml',
      'portals/desk.yaml:16:5 clients.1.secret: unknown key',
      'portals/desk.yaml:3:1 url: Invalid URL',
      'portals/desk.yaml:3:6 the environment variable NOWHERE is not set',
      'portals/desk.yaml:4:1 flow: there is no flow logn; did you mean login?',
      'portals/desk.yaml:5:1 level: there is no level hihg',
      'portals/desk.yaml:6:16 applications.0: there is no application permits',
      'portals/desk.yaml:8:5 clients.0.token_endpoint_auth_method: private_key_jwt needs jwks or jwks_uri',
      'realm.yaml:10:9 flows.login.bindings.0.step: there is no step brokr; did you mean broker?',
      'realm.yaml:12:9 flows.login.bindings.2: require is used twice: each needs its own id',
      'realm.yaml:13:16 flows.login.bindings.2.when.0: there is no predicate identifed; did you mean identified?',
      'realm.yaml:2:48 desk.email: Invalid email address',
      'realm.yaml:5:5 levels.1: low is used twice: each needs its own id',
      'realm.yaml:6:1 langauges: unknown key; did you mean languages?',
      'texts/fr.json:1:1 the realm has no language fr',
    ].sort());
  });

  test('networks, opening and levels of portals and clients', () => {
    writeGood();
    const file = join(folder, 'realms/town/portals/desk.yaml');
    const good = readFileSync(file, 'utf8');
    write('realms/town/portals/desk.yaml', `${good}    level: low\nnetworks: [10.0.0.0/8, '2001:db8::/32', '\${OFFICE:-192.0.2.7}']\nopen: registration\n`);
    expect(mistakes()).toEqual([]);
    expect(loadConfig(join(folder, 'sluis.yaml'), { OFFICE: '198.51.100.0/24' }).realms[0]?.portals[0]).toMatchObject({ networks: ['10.0.0.0/8', '2001:db8::/32', '198.51.100.0/24'], open: 'registration', clients: [{ level: 'low' }] });
    write('realms/town/portals/desk.yaml', `${good}    level: hgih\n    default_max_age: -1\nnetworks:\n  - 10.0.0.0/8\n  - 10.0.0.0/33\n  - gemnet\nopen: registratoin\n`);
    const range = 'expected an IPv4 or IPv6 address or range, like 10.0.0.0/8 or 2001:db8::/32';
    expect(mistakes().sort()).toEqual([
      'portals/desk.yaml:11:5 clients.0.level: there is no level hgih; did you mean high?',
      'portals/desk.yaml:12:5 clients.0.default_max_age: Too small: expected number to be >=0',
      `portals/desk.yaml:15:5 networks.1: ${range}`, `portals/desk.yaml:16:5 networks.2: ${range}`,
      'portals/desk.yaml:17:1 open: expected one of "everyone"|"registration"',
    ]);
    write('realms/town/portals/desk.yaml', good);
    write('sluis.yaml', `${readFileSync(join(folder, 'sluis.yaml'), 'utf8')}trusted_proxies: [10.0.0.1, proxy]\n`);
    expect(mistakes()).toEqual([`sluis.yaml:6:29 trusted_proxies.1: ${range}`]);
  });

  test('personal details: each mistake at its place', () => {
    writeGood();
    const realm = readFileSync(join(folder, 'realms/town/realm.yaml'), 'utf8');
    const person = (lines: string[]): void => write('realms/town/realm.yaml', [`${realm}person:`, ...lines, ''].join('\n'));
    person(['  fields: [family_name, email, mobile]', '  required: [family_name, mobile]']);
    expect(mistakes()).toEqual([]);
    person(['  fields:', '    - family_name', '    - email', '    - mobil', '  requierd: [family_name]']);
    expect(mistakes().map((one) => one.replace(/expected one of.*/, '…'))).toEqual(['realm.yaml:17:7 person.fields.2: …', 'realm.yaml:18:3 person.requierd: unknown key; did you mean required?']);
    person(['  fields:', '    - family_name', '    - email', '    - function', '    - email', '  required:', '    - family_name', '    - mobile']);
    expect(mistakes().sort()).toEqual([
      'realm.yaml:17:7 person.fields.2: function needs functions to choose from', 'realm.yaml:18:7 person.fields.3: email is named twice',
      'realm.yaml:21:7 person.required.1: mobile is not among the fields']);
    person(['  fields: [family_name, email, function]', '  functions:', '    - { code: 100, name: Directeur }']);
    expect(mistakes()).toEqual(['realm.yaml:16:9 person.functions.0.code: expected string, received number']);
  });

  test('passkeys: one in place of a password must earn a level by itself, and they need a host name', () => {
    writeGood();
    const good = readFileSync(join(folder, 'realms/town/realm.yaml'), 'utf8');
    const realm = (factors: string, rest = 'login: { passkeys: true }') => write('realms/town/realm.yaml', `${good.replace('acr: urn:high', `acr: urn:high, factors: ${factors}`)}${rest}\n`);
    realm('[[password, passkey]]');
    expect(mistakes()).toEqual(['realm.yaml:13:10 login.passkeys: no level is earned by a passkey alone: give one factors: [[passkey]]']);
    realm('[[password, totp], [passkey]]');
    expect(mistakes()).toEqual([]);
    for (const host of ['127.0.0.1', '[::1]']) {
      expect(mistakes({ SLUIS_PUBLIC_URL: `http://${host}:3000` })).toEqual(['realm.yaml:13:10 login.passkeys: passkeys are bound to a host name, and public_url has an address in its place']);
    }
    realm('[[password, passkey]]', 'second_factor: { methods: [passkey] }');
    expect(mistakes({ SLUIS_PUBLIC_URL: 'http://127.0.0.1:3000' })).toEqual(['realm.yaml:13:18 second_factor.methods: passkeys are bound to a host name, and public_url has an address in its place']);
  });

  test('each of our own faces is one portal', () => {
    writeGood();
    const good = readFileSync(join(folder, 'realms/town/portals/desk.yaml'), 'utf8').replace(/clients:[^]*/, '');
    for (const id of ['account', 'other', 'users']) write(`realms/town/portals/${id}.yaml`, `${good}first_party: ${id === 'users' ? 'admin' : 'account'}\n`);
    expect(mistakes().map((one) => one.replace(/:\d+:\d+/, ''))).toEqual(['portals/other.yaml first_party: another portal, portals/account.yaml, is this one already']);
  });

  test('a certificate may come later in the demo world only', () => {
    writeGood();
    write('realms/town/brokers/one.yaml', [
      'protocol: saml', 'name: One', 'level: low', 'entity_id: urn:one', 'single_sign_on: { url: http://localhost:1/ }',
      'certificate_files: ["${SLUIS_KEYS}/one.crt"]', 'levels: { urn:a: low }', ''].join('\n'));
    expect(mistakes()).toEqual([]);
    const missing = ['brokers/one.yaml:6:21 certificate_files.0: keys/one.crt cannot be read'];
    expect(mistakes({}, { certificates: 'required' })).toEqual(missing);
    write('keys/one.crt', 'PEM');
    expect(mistakes({}, { certificates: 'required' })).toEqual([]);
  });

  test('what is wrong in sluis.yaml or the environment', () => {
    writeGood('demo: false\npublic_url: https://id.example.nl/login');
    write('realms/town/portals/desk.yaml', readFileSync(join(folder, 'realms/town/portals/desk.yaml'), 'utf8').replaceAll('http://localhost:9000', 'https://desk.example.nl'));
    expect(mistakes()).toEqual(['sluis.yaml:2:1 public_url: must be scheme, host and port only: the realms are its paths']);
    write('realms/town/texts/en.json', '{ "a": 1 }');
    expect(mistakes({ SLUIS_PORT: 'abc', SLUIS_PUBLIC_URL: 'https://id.example.nl' })).toEqual([
      'environment SLUIS_PORT: expected number, received NaN',
      'texts/en.json:1:3 a: expected string, received number',
    ]);
    rmSync(join(folder, 'realms/town/texts'), { recursive: true });
    write('sluis.yaml', 'public_url: https://id.example.nl\nport: 3000\nrealms: [town, town, assets]\n');
    expect(mistakes()).toEqual(expect.arrayContaining([
      'sluis.yaml:3:16 realms.1: town is listed twice',
      'sluis.yaml:3:22 realms.2: assets is a path of Sluis itself: choose another id',
    ]));
  });

  test('a file that is not there', () => {
    expect(() => loadConfig(join(folder, 'sluis.yaml'), {})).toThrow(/sluis\.yaml cannot be read \(ENOENT\)$/);
  });
});
