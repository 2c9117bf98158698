import { sql } from 'kysely';
import { migrate, openDatabase } from './database.ts';

/**
 * The tables that the migrations make, as SQL for SQLite. db/schema.sql holds it so that a change of tables is read
 * in a diff; PostgreSQL gets the same from the same migrations.
 */
export async function describeSchema(): Promise<string> {
  const database = openDatabase({ file: ':memory:' });
  try {
    await migrate(database);
    const { rows } = await sql<{ name: string; sql: string }>`
      select name, sql from sqlite_master where sql is not null and name not like 'kysely%' and name not like 'sqlite%'
      order by tbl_name, type desc, name`.execute(database.db);
    return rows.map((row) => `${pretty(row.sql)};\n`).join('\n');
  } finally {
    await database.close();
  }
}

/** One line per column and constraint. */
function pretty(statement: string): string {
  const match = /^(create table "\w+") \((.*)\)$/is.exec(statement);
  if (!match) return statement;
  const [, head = '', body = ''] = match;
  return `${head} (\n${splitTop(body).map((line) => `  ${line.trim()}`).join(',\n')}\n)`;
}

/** Splits at commas that are in no brackets. */
function splitTop(body: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const character of body) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (character === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts;
}
