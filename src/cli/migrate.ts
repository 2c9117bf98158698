import { databaseOptions } from '../config/database.ts';
import { migrate, openDatabase } from '../store/database.ts';
import type { Command } from './command.ts';
import { configOf, realmsOf } from './context.ts';

export const migrateCommand: Command = {
  name: 'migrate',
  summary: 'bring the databases up to date',
  options: { realm: { type: 'string', value: 'ID', help: 'only this realm' } },
  async run(args, io) {
    const config = configOf(args, io);
    const done: Record<string, string[]> = {};
    for (const realm of realmsOf(config, args)) {
      const database = openDatabase(databaseOptions(config.system, realm.id));
      try {
        done[realm.id] = await migrate(database);
      } finally {
        await database.close();
      }
    }
    const text = Object.entries(done).map(([realm, names]) => `${realm}: ${names.length === 0 ? 'up to date' : names.join(', ')}`).join('\n');
    return { data: done, text };
  },
};
