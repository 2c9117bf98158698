import { randomBytes } from 'node:crypto';
import { reachOf, rankAsked } from '../flow/demand.ts';
import { bindFlow } from '../flow/flow.ts';
import { faceClientId } from '../oidc/clients.ts';
import { steps } from '../steps/index.ts';
import { appendAudit } from '../store/audit.ts';
import { deleteClient, findClient, listClients, putClient, type ClientRow } from '../store/clients.ts';
import type { Db } from '../store/schema.ts';
import { clientOptions, configFrom, metadataFrom, registeredConfig } from './client-metadata.ts';
import { realmOption, Refusal, table, time, UsageError, type Args, type Command, type Option } from './command.ts';
import { withRealm, type Context } from './context.ts';

const clientId: Record<string, Option> = { 'client-id': { type: 'string', required: true, value: 'ID', help: 'the client' } };

const create: Command = {
  name: 'client create',
  summary: 'connect a portal; a secret is random and shown once',
  options: {
    ...realmOption,
    portal: { type: 'string', required: true, value: 'ID', help: 'the portal of the realm that this client belongs to' },
    'client-id': { type: 'string', value: 'ID', help: 'made up when not given' },
    ...clientOptions,
  },
  run: (args, io) => withRealm(args, io, async (context) => {
    const portal = portalFrom(context, args);
    const id = args.get('client-id') ?? `${portal}-${randomBytes(4).toString('hex')}`;
    if (idsOfFiles(context).has(id)) throw new Refusal('client.exists', `${id} is a client of the configuration files`);
    return write(context, args, 'client.created', async (tx) => {
      if (await findClient(tx, id)) throw new Refusal('client.exists', `there is already a client ${id}`);
      return { id, portal, before: undefined };
    });
  }),
};

const update: Command = {
  name: 'client update',
  summary: 'change what is given, keep the rest; lists are replaced',
  options: { ...realmOption, ...clientId, portal: { type: 'string', value: 'ID', help: 'move it to this portal' }, ...clientOptions },
  run: (args, io) => withRealm(args, io, async (context) => write(context, args, 'client.updated', async (tx) => {
    const row = await rowOf(tx, context, args.need('client-id'));
    return { id: row.client_id, portal: args.has('portal') ? portalFrom(context, args) : row.portal, before: row };
  })),
};

const rotateSecret: Command = {
  name: 'client rotate-secret',
  summary: 'a new random secret, shown once; the old one stops working at once',
  options: { ...realmOption, ...clientId },
  run: (args, io) => withRealm(args, io, async (context) => write(context, args, 'client.secret_rotated', async (tx) => {
    const row = await rowOf(tx, context, args.need('client-id'));
    const { client_secret_hash: _, ...config } = registeredConfig(row);
    if (config.token_endpoint_auth_method === 'private_key_jwt') throw new Refusal('client.no_secret', `${row.client_id} authenticates with its own key, not with a secret`);
    return { id: row.client_id, portal: row.portal, before: { ...row, metadata: JSON.stringify(metadataFrom(config, row.portal)) } };
  })),
};

type Target = { id: string; portal: string; before: ClientRow | undefined };

/** Makes the new metadata from what was there and the options, checks it as the files are checked, and keeps it. */
async function write(context: Context, args: Args, event: string, target: (tx: Db) => Promise<Target>): Promise<{ data: unknown; text: string }> {
  const { config: { system }, realm, database, actor, now } = context;
  return database.transaction(async (tx) => {
    const { id, portal, before } = await target(tx);
    const { config, secret } = configFrom(args, id, before && registeredConfig(before), { demo: system.demo, profile: realm.profile });
    checkLevel(context, portal, config.level);
    const metadata = metadataFrom(config, portal);
    await putClient(tx, { client_id: id, portal, metadata: JSON.stringify(metadata), created_at: before?.created_at ?? now, updated_at: now });
    await appendAudit(tx, {
      event, action: before ? 'U' : 'C', outcome: 'success', actor, objectType: 'client', objectId: id, clientId: id,
      detail: { portal, changed: Object.keys(clientOptions).filter((name) => args.has(name)) }, now,
    });
    const shown = { ...withoutSecret(metadata), portal, ...(secret !== undefined && { client_secret: secret }) };
    return { data: shown, text: [`client_id ${id}`, ...(secret === undefined ? [] : [`client_secret ${secret} (shown once)`])].join('\n') };
  });
}

/** A level that the realm does not have, or that nobody reaches at this portal, would refuse every login. */
function checkLevel({ realm }: Context, portal: string, level: string | undefined): void {
  if (level === undefined) return;
  if (!realm.levels.some((one) => one.id === level)) throw new UsageError(`--level: realm ${realm.id} has no level ${level}; it has ${realm.levels.map((one) => one.id).join(', ')}`);
  const flow = realm.portals.find((one) => one.id === portal)?.flow ?? '';
  if (rankAsked(realm, level) > reachOf(realm, bindFlow(realm, flow, steps))) throw new UsageError(`--level: no way through flow ${flow} of portal ${portal} reaches level ${level}`);
}

const list: Command = {
  name: 'client list',
  summary: 'clients of the configuration files and those registered here',
  options: realmOption,
  run: (args, io) => withRealm(args, io, async ({ realm, database }) => {
    const fromFiles = realm.portals.flatMap((portal) => portal.clients.map((client) => ({ client_id: client.client_id, portal: portal.id, source: 'file', updated_at: null })));
    const registered = (await listClients(database.db)).map(({ client_id, portal, updated_at }) => ({ client_id, portal, source: 'registered', updated_at }));
    const clients = [...fromFiles, ...registered];
    return { data: clients, text: table([['client', 'portal', 'from', 'changed'], ...clients.map((one) => [one.client_id, one.portal, one.source, time(one.updated_at)])]) };
  }),
};

const show: Command = {
  name: 'client show',
  summary: 'one registered client, without its secret',
  options: { ...realmOption, ...clientId },
  run: (args, io) => withRealm(args, io, async (context) => {
    const row = await rowOf(context.database.db, context, args.need('client-id'));
    const data = { ...withoutSecret(JSON.parse(row.metadata) as Record<string, unknown>), portal: row.portal, created_at: row.created_at, updated_at: row.updated_at };
    const lines = Object.entries(data).map(([key, value]) => [key, typeof value === 'object' ? JSON.stringify(value) : String(value)]);
    return { data, text: table(lines) };
  }),
};

const remove: Command = {
  name: 'client delete',
  summary: 'disconnect a client; its tokens stop working',
  options: { ...realmOption, ...clientId },
  run: (args, io) => withRealm(args, io, async (context) => {
    const { database, actor, now } = context;
    const id = args.need('client-id');
    await database.transaction(async (tx) => {
      await rowOf(tx, context, id);
      await deleteClient(tx, id);
      await appendAudit(tx, { event: 'client.deleted', action: 'D', outcome: 'success', actor, objectType: 'client', objectId: id, clientId: id, now });
    });
    return { data: { client_id: id, deleted: true }, text: `${id} is deleted` };
  }),
};

async function rowOf(db: Db, context: Context, id: string): Promise<ClientRow> {
  const row = await findClient(db, id);
  if (row) return row;
  throw idsOfFiles(context).has(id)
    ? new Refusal('client.in_file', `${id} is a client of the configuration files: change it there`)
    : new Refusal('client.unknown', `there is no client ${id}`);
}

function idsOfFiles({ realm }: Context): Set<string> {
  return new Set(realm.portals.flatMap((portal) => [faceClientId(portal), ...portal.clients.map((client) => client.client_id)]));
}

function portalFrom({ realm }: Context, args: Args): string {
  const id = args.need('portal');
  if (!realm.portals.some((portal) => portal.id === id)) throw new UsageError(`realm ${realm.id} has no portal ${id}; it has ${realm.portals.map((one) => one.id).join(', ')}`);
  return id;
}

function withoutSecret({ client_secret: _, ...rest }: Record<string, unknown>): Record<string, unknown> {
  return rest;
}

export const clientCommands: Command[] = [create, list, show, update, rotateSecret, remove];
