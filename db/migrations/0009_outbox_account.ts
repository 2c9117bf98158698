import type { Kysely, Migration } from 'kysely';

/** Messages to a phone say whose account they are about: the number itself is sealed, so a purge could not find them by it. */
export const outboxAccount: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema.alterTable('outbox').addColumn('account_id', 'text').execute();
    await schema.createIndex('outbox_account').on('outbox').column('account_id').execute();
  },
};
