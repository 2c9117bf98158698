import type { Kysely, Migration } from 'kysely';

/**
 * Who acted from where, with what and for whom (NEN 7513, chapter 7; BIO2 8.15.01). Rows of before keep nothing in them,
 * and nothing is what the chain leaves out: their seals stay right.
 */
export const auditFields: Migration = {
  async up({ schema }: Kysely<unknown>) {
    for (const column of ['reference', 'user_agent', 'session_id', 'acr', 'acting_for', 'source']) {
      await schema.alterTable('audit').addColumn(column, 'text').execute();
    }
  },
};
