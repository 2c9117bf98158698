import type { Logger } from 'pino';
import type { Broker } from '../brokers/broker.ts';
import type { Realm, System } from '../config/schema.ts';
import type { Vault } from '../domain/vault.ts';
import type { Engine } from '../flow/engine.ts';
import type { RealmKeys } from '../keys/keys.ts';
import type { plainly } from '../oidc/plain/plain.ts';
import type { createProvider } from '../oidc/provider.ts';
import type { Database } from '../store/database.ts';
import type { Renderer } from './render.ts';

/** A realm at work: everything that its routes need, put together in app.ts. */
export type RealmHost = {
  realm: Realm;
  system: System;
  database: Database;
  /** of the moment: a rotation replaces them */
  readonly keys: RealmKeys;
  engine: Engine;
  /** of the moment: ask the host for it each time, a rotation of keys brings another one */
  readonly provider: ReturnType<typeof createProvider>;
  /** of the moment, as the provider: what is answered without its pipeline */
  readonly plain: ReturnType<typeof plainly>;
  /** opens and seals secrets that are kept in the database */
  vault: Vault;
  brokers: ReadonlyMap<string, Broker>;
  /** signed EntityDescriptor of our service provider; undefined when the realm has no SAML brokers */
  readonly samlMetadata: string | undefined;
  renderer: Renderer;
  log: Logger;
  /** epoch seconds */
  clock: () => number;
};
