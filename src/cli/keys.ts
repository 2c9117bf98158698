import { LOOK_EVERY } from '../keys/watch.ts';
import { profiles } from '../config/profile.ts';
import { listKeys, rotate, type KeyInfo } from '../keys/keys.ts';
import { appendAudit } from '../store/audit.ts';
import { realmOption, table, time, type Command } from './command.ts';
import { configOf, realmOf, withRealm } from './context.ts';

export const keysCommands: Command[] = [
  {
    name: 'keys list',
    summary: 'which keys a realm has (nothing secret)',
    options: realmOption,
    async run(args, io) {
      const config = configOf(args, io);
      const { keys, demo } = config.system;
      return shown(listKeys(keys, realmOf(config, args.need('realm')).id, { demo }));
    },
  },
  {
    name: 'keys rotate',
    summary: 'let the next signing key take over; running servers follow within seconds',
    options: realmOption,
    run: (args, io) => withRealm(args, io, async ({ config: { system }, realm, database, actor, now }) => {
      const keys = await rotate(system.keys, realm.id, { demo: system.demo, rsaBits: profiles[realm.profile].rsaBits });
      const current = keys.filter((key) => key.use === 'signing' && key.state === 'current').map((key) => key.kid);
      await appendAudit(database.db, { event: 'keys.rotated', action: 'U', outcome: 'success', actor, detail: { current }, now });
      const { data, text } = shown(keys);
      return { data, text: `${text}\n${told}` };
    }),
  },
];

const told = `Every node that reads these files signs with the key that is current within ${LOOK_EVERY / 1000} seconds; nothing needs a restart.
What was signed before stays valid. Leave a day before the next rotation, so that every portal has read the new next key.`;

function shown(keys: KeyInfo[]): { data: KeyInfo[]; text: string } {
  const rows = keys.map(({ use, state, algorithms, since, until, kid }) => [use, state, algorithms.join(' '), time(since), time(until), kid]);
  return { data: keys, text: rows.length === 0 ? 'no keys yet: they are made when the realm first starts' : table([['use', 'state', 'algorithms', 'since', 'until', 'key id'], ...rows]) };
}
