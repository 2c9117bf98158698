import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { z } from 'zod';
import { check } from './check.ts';
import type { Mistake } from './mistakes.ts';
import { checkReferences, type Known } from './references.ts';
import { brokerSchema, portalSchema, realmSchema, themeSchema, type BrokerConfig, type Portal, type Realm, type System } from './schema.ts';
import { readSource, type Environment, type Source } from './source.ts';

export type RealmOptions = Known & { certificates?: 'required' };

const textsSchema = z.record(z.string(), z.string());
const idPattern = /^[a-z0-9][a-z0-9-]*$/;

/** Reads one realm's folder. @returns undefined when anything is wrong; what is added to `mistakes` */
export function readRealm(folder: string, system: System, env: Environment, options: RealmOptions, mistakes: Mistake[]): Realm | undefined {
  const before = mistakes.length;
  const id = basename(folder);
  const files = {
    realm: readSource(join(folder, 'realm.yaml'), mistakes, env),
    portals: readFolder(join(folder, 'portals'), '.yaml', mistakes, env),
    brokers: readFolder(join(folder, 'brokers'), '.yaml', mistakes, env),
    texts: readFolder(join(folder, 'texts'), '.json', mistakes),
  };
  const theme = readSource(join(folder, 'theme.yaml'), mistakes, env);
  const realm = files.realm && check(files.realm, realmSchema);
  const portals = [...files.portals].flatMap(([portal, source]): Portal[] => withId(portal, check(source, portalSchema)));
  const brokers = [...files.brokers].flatMap(([broker, source]): BrokerConfig[] => {
    const [config] = withId(broker, check(source, brokerSchema));
    return config ? [withCertificates(config, source, system.demo && options.certificates !== 'required')] : [];
  });
  const texts = Object.fromEntries([...files.texts].map(([language, source]) => [language, check(source, textsSchema) ?? {}]));
  const colours = theme && check(theme, themeSchema);
  if (theme && colours) checkLogo(theme, colours.logo, folder);
  checkReferences(files, options, system);
  if (mistakes.length > before || !realm || !colours) return undefined;
  return { ...realm, id, issuer: `${system.public_url}/${id}`, folder: resolve(folder), portals, brokers, theme: colours, texts };
}

function withId<T>(id: string, value: T | undefined): (T & { id: string })[] {
  return value === undefined ? [] : [{ ...value, id }];
}

/** Files of a folder by id (their name without the extension), in alphabetical order. A folder may be absent. */
function readFolder(folder: string, extension: string, mistakes: Mistake[], env?: Environment): Map<string, Source> {
  const sources = new Map<string, Source>();
  if (!existsSync(folder)) return sources;
  const names = readdirSync(folder).filter((name) => !name.startsWith('.')).sort();
  for (const name of names) {
    const file = join(folder, name);
    const id = basename(name, extension);
    if (extname(name) !== extension || !idPattern.test(id)) {
      const message = `is not read: name it <id>${extension}, the id in lower-case letters, digits and hyphens`;
      mistakes.push({ file, line: 0, column: 0, key: '', message });
      continue;
    }
    const source = readSource(file, mistakes, env);
    if (source) sources.set(id, source);
  }
  return sources;
}

function withCertificates(broker: BrokerConfig, source: Source, mayComeLater: boolean): BrokerConfig {
  const certificate_files = broker.certificate_files.map((file) => resolve(dirname(source.file), file));
  for (const [index, file] of certificate_files.entries()) {
    // the simulator of the demo world writes its certificate when it starts
    if (mayComeLater && !existsSync(file)) continue;
    if (!readable(file)) source.complain(['certificate_files', index], `${file} cannot be read`);
  }
  return { ...broker, certificate_files };
}

function checkLogo(theme: Source, logo: string | undefined, folder: string): void {
  if (logo === undefined) return;
  if (basename(logo) !== logo) theme.complain(['logo'], 'must be the name of a file in the folder of the realm');
  else if (!readable(join(folder, logo))) theme.complain(['logo'], `${logo} cannot be read`);
}

function readable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
