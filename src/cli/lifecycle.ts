import { runRound } from '../domain/lifecycle/round.ts';
import type { TaskName } from '../domain/lifecycle/task.ts';
import { realmOption, table, type Command } from './command.ts';
import { withRealm } from './context.ts';

const words: Record<TaskName, string> = {
  password_notice: 'told that their password ends',
  dormancy_reminder: 'reminded to log in',
  dormant: 'made dormant',
  purged: 'personal data removed',
};

const runCommand: Command = {
  name: 'lifecycle run',
  summary: 'look after the accounts of a realm now: notices, dormancy, removal of personal data',
  options: { ...realmOption, 'dry-run': { type: 'boolean', help: 'change nothing, say what would be done' } },
  run: (args, io) => withRealm(args, io, async ({ realm, database, actor, now }) => {
    const dryRun = args.flag('dry-run');
    const failures: { task: TaskName; account: string; error: string }[] = [];
    const onError = (error: unknown, detail: { task: TaskName; account: string }): void => { failures.push({ ...detail, error: error instanceof Error ? error.message : String(error) }); };
    const { done } = await runRound({ realm, database, actor, now, dryRun, onError });
    const rows = Object.entries(done).map(([task, ids]) => [words[task as TaskName], ids.length, ids.join(' ')]);
    const text = [...(dryRun ? ['nothing is changed; this would be done:'] : []), table(rows), ...failures.map(({ task, account, error }) => `cannot be done: ${task} ${account}: ${error}`)];
    return { data: { dry_run: dryRun, done, failures }, text: text.join('\n'), refused: failures.length > 0 };
  }),
};

export const lifecycleCommands: Command[] = [runCommand];
