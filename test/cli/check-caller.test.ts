import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { loadConfig } from '../../src/config/load.ts';
import { setAnswers } from '../../src/domain/questions.ts';
import { openDatabase } from '../../src/store/database.ts';
import { openDesk, type Desk } from './support.ts';

const cak = ['--realm', 'cak'];
const check = ['user', 'check-caller', ...cak, '--user', 'anna@example.nl'];
let desk: Desk;
beforeEach(async () => {
  desk = openDesk();
  await desk.run('migrate');
  await desk.run('organisation', 'create', ...cak, '--name', 'Zorg', '--identifier', 'relation_number:100777', '--entitlement', 'all');
  await desk.run('user', 'create', ...cak, '--organisation', 'relation_number:100777', '--family-name', 'Jansen', '--given-name', 'Anna', '--username', 'anna', '--email', 'anna@example.nl');
});
afterEach(() => desk.remove());

async function answered(): Promise<void> {
  const [{ id = '' } = {}] = await desk.json<{ id?: string }[]>('user', 'list', ...cak);
  const realm = loadConfig(join(desk.folder, 'config/sluis.yaml'), {}).realms.find((one) => one.id === 'cak')!;
  const answers = ['Dorpsstraat', 'Meester Bos', 'Snuf'].map((answer, index) => ({ answer, question: ['first-street', 'favourite-teacher', 'first-pet'][index]!, field: '' }));
  const database = openDatabase({ file: join(desk.folder, 'data/cak.sqlite') });
  const set = await setAnswers(database.db, realm, { accountId: id, answers, actor: { kind: 'person', id }, now: desk.now });
  if ('problems' in set) throw new Error(JSON.stringify(set.problems));
  await database.transaction(set.commit);
  await database.close();
}

test('CAK-7 a question is chosen, and the answer comes from standard input or the command line', async () => {
  await answered();
  expect(await desk.json(...check)).toMatchObject({ question: expect.stringMatching(/^(first-street|favourite-teacher|first-pet)$/), text: expect.stringContaining('?') });
  expect((await desk.run(...check)).out).toMatch(/^ask: .+\?\nthen: --question [a-z-]+, and type the answer$/);
  desk.typed = 'meester bos.';
  expect(await desk.run(...check, '--question', 'favourite-teacher')).toMatchObject({ code: 0, out: 'right: this is who they say' });
  expect(await desk.run(...check, '--question', 'first-pet', '--answer', 'Boef')).toMatchObject({ code: 1, out: 'wrong' });
  for (let more = 0; more < 3; more += 1) await desk.run(...check, '--question', 'first-pet', '--answer', 'Boef');
  expect(await desk.run(...check, '--question', 'first-pet', '--answer', 'Snuf')).toMatchObject({ code: 1, err: 'too many answers were tried for this person: wait 60 minutes' });
  const { out } = await desk.run('audit', 'list', ...cak, '--event', 'questions.checked', '--json');
  expect(JSON.parse(out)).toHaveLength(6);
  expect(out).not.toMatch(/boef|snuf|bos/i);
});

test('what cannot be asked is refused, and costs no try', async () => {
  expect(await desk.run(...check, '--answer', 'Snuf')).toMatchObject({ code: 2, err: expect.stringContaining('--answer needs --question') });
  expect(await desk.run(...check)).toMatchObject({ code: 1, err: 'this person has not answered any secret question' });
  await answered();
  expect(await desk.run(...check, '--question', 'first-job', '--answer', 'x')).toMatchObject({ code: 1, err: 'this person answered favourite-teacher, first-pet, first-street' });
  expect(await desk.json('audit', 'list', ...cak, '--event', 'questions.checked')).toEqual([]);
});
