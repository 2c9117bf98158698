import { agreementCommands } from './agreement.ts';
import { auditCommands } from './audit.ts';
import { clientCommands } from './client.ts';
import { issueCommand } from './code.ts';
import type { Command } from './command.ts';
import { flowCommands } from './flow.ts';
import { keysCommands } from './keys.ts';
import { lifecycleCommands } from './lifecycle.ts';
import { accountsCommand } from './membership-accounts.ts';
import { membershipCommands } from './membership.ts';
import { migrateCommand } from './migrate.ts';
import { organisationCommands } from './organisation.ts';
import { outboxCommands } from './outbox.ts';
import { checkCommand } from './realm.ts';
import { sessionCommands } from './session.ts';
import { userCommands } from './user.ts';

/** The one list of commands. */
export const commands: readonly Command[] = [
  migrateCommand,
  ...keysCommands,
  checkCommand,
  ...flowCommands,
  ...clientCommands,
  ...organisationCommands,
  ...agreementCommands,
  ...userCommands,
  ...lifecycleCommands,
  ...membershipCommands,
  accountsCommand,
  issueCommand,
  ...auditCommands,
  ...sessionCommands,
  ...outboxCommands,
];
