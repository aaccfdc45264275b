import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createCursors } from '../../../app/src/movies/cursor.ts';
import { readConfig } from '../../../app/src/config.ts';
import { describeInTestAll, program } from '../../support/requirements.ts';
import { awsProvider, terraform } from '../../support/terraform.ts';
import { startDrawnKeys, type DrawnKeys, type TaskKeys } from './drawn-keys.ts';

const python = program('python3', 'install Python 3.10 or newer');
const minutesMs = 300_000;
const position = { year: '2013', title: 'Rush' };

const cursorsOf = (keys: TaskKeys) =>
  createCursors(readConfig({ TABLE_NAME: 'movies', ...keys }).cursorSecrets);
/** Whether tasks with these keys take a cursor that tasks with those gave out. */
const takes = (keys: TaskKeys, those: TaskKeys): boolean => {
  const cursor = cursorsOf(those).encode(position, {});
  try {
    return cursorsOf(keys).decode(cursor, {})['title'] === position.title;
  } catch {
    return false;
  }
};

describeInTestAll([python, terraform, awsProvider], 'keys that an account draws and keeps', () => {
  let keys: DrawnKeys;
  /** What the tasks of each stage, from 0, were started with. */
  const stages: TaskKeys[] = [];

  beforeAll(async () => {
    keys = await startDrawnKeys();
    stages.push(await keys.release());
    for (const cursorKeyStage of [1, 2, 3, 4]) stages.push(await keys.release({ cursorKeyStage }));
  }, minutesMs);

  afterAll(() => keys.stop());

  test('tasks of neighbouring stages take what the others give out, and of others they need not', () => {
    const taken = stages.map((those) => stages.map((own) => (takes(own, those) ? 'takes' : 'refuses')));

    expect(taken).toEqual([
      ['takes', 'takes', 'takes', 'refuses', 'refuses'],
      ['takes', 'takes', 'takes', 'refuses', 'refuses'],
      ['refuses', 'takes', 'takes', 'takes', 'takes'],
      ['refuses', 'takes', 'takes', 'takes', 'takes'],
      ['refuses', 'takes', 'takes', 'takes', 'takes'],
    ]);
  });

  test(
    'an ordinary release leaves the stage and the keys where they are, on another commit, too',
    async () => {
      const again = await keys.release({ commit: 'b'.repeat(40) });

      expect(again).toEqual(stages[4]);
      expect(await keys.stage()).toBe(4);
      await keys.release();
    },
    minutesMs,
  );

  test.each([
    ['a jump over a stage', { cursorKeyStage: 6 }, 'a plan to stage 6 leaves one out'],
    ['a jump back', { cursorKeyStage: 2 }, 'a plan to stage 2 leaves one out'],
    [
      'a step from a commit that is not deployed',
      { cursorKeyStage: 5, commit: 'c'.repeat(40) },
      `dev is deployed from commit ${'a'.repeat(40)}`,
    ],
  ])('%s is refused', async (_what, wanted, message) => {
    await expect(keys.release(wanted)).rejects.toThrow(message);
  });

  test(
    'a stage that is taken back leaves the key that signs as it was, and may be tried again',
    async () => {
      const back = await keys.release({ cursorKeyStage: 3 });
      const again = await keys.release({ cursorKeyStage: 4 });

      expect(back).toEqual(stages[3]);
      expect(again).toEqual({ ...stages[4], CURSOR_SECRETS_ACCEPTED: again['CURSOR_SECRETS_ACCEPTED'] });
      expect(again['CURSOR_SECRETS_ACCEPTED']).not.toBe(stages[4]?.['CURSOR_SECRETS_ACCEPTED']);
    },
    minutesMs,
  );
});
