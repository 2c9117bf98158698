import type { Kysely, Migration } from 'kysely';

const columns = ['address', 'postal_address', 'phone', 'email'];

/** Where an organisation is and how it is reached (page B10, row CIZ-13). */
export const organisationContact: Migration = {
  async up({ schema }: Kysely<unknown>) {
    // SQLite adds one column at a time
    for (const column of columns) await schema.alterTable('organisations').addColumn(column, 'text').execute();
  },
};
