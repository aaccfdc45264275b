import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createTasks, type Tasks } from '../../tools/dashboard/tasks.ts';
import { eventually } from '../support/eventually.ts';

let folder: string;
let script: string;
let tasks: Tasks;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dashboard-tasks-'));
  script = join(folder, 'task.mjs');
});

afterEach(async () => {
  // What a failed test left would keep the whole run from ending; after a good one all is stopped.
  await tasks.stop().catch(() => undefined);
  await rm(folder, { recursive: true });
});

/** A program that leaves its process id beside it, then goes on with `rest`. */
const writeTask = (rest: string): Promise<void> =>
  writeFile(
    script,
    `import { writeFileSync } from 'node:fs';\nimport { createServer } from 'node:http';
writeFileSync('${join(folder, 'pid')}', String(process.pid));\n${rest}\n`,
  );
const pid = async (): Promise<number> => Number(await readFile(join(folder, 'pid'), 'utf8'));
const answers = "createServer((_, response) => response.end('ok')).listen(process.env.PORT, '127.0.0.1');";
/** It has the port, which nobody else can answer on. */
const neverAnswers = "createServer(() => undefined).listen(process.env.PORT, '127.0.0.1');";

test('a task that never answers is not left behind', async () => {
  await writeTask(neverAnswers);
  tasks = await createTasks(script, {}, 1_000);

  await expect(tasks.start()).rejects.toThrow('a task was not ready in 1 s');

  const id = await pid();
  expect(() => process.kill(id, 0)).toThrow('ESRCH');
  expect(tasks.running()).toEqual([]);
  await tasks.stop();
});

test('a task that is about to start is stopped with the others', async () => {
  await writeTask(neverAnswers);
  tasks = await createTasks(script, {});
  const started = tasks.start().catch(String);
  const id = await eventually(pid);

  await tasks.stop();

  expect(await started).toBe('Error: a task ended with code null');
  expect(() => process.kill(id, 0)).toThrow('ESRCH');
});

test('a task that ends at once is told with its exit code', async () => {
  await writeTask('process.exit(78);');
  tasks = await createTasks(script, {});

  await expect(tasks.start()).rejects.toThrow('a task ended with code 78');
  await tasks.stop();
});

test('a task that answers runs until it is stopped', async () => {
  await writeTask(answers);
  tasks = await createTasks(script, {});

  await tasks.start();
  expect(tasks.running()).toHaveLength(1);
  await tasks.stop();

  const id = await pid();
  expect(() => process.kill(id, 0)).toThrow('ESRCH');
  expect(tasks.running()).toEqual([]);
});
