import type { Kysely, Migration } from 'kysely';

const columns = ['birth_date', 'gender', 'address', 'postal_address', 'mobile', 'contact_email', 'function', 'card_function'];

/** What a realm may ask of its people beside names, department, phone and address for mail (row CFX-5). */
export const personDetails: Migration = {
  async up({ schema }: Kysely<unknown>) {
    // SQLite adds one column at a time
    for (const column of columns) await schema.alterTable('accounts').addColumn(column, 'text').execute();
  },
};
