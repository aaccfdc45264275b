import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { bundled } from '../../support/bundled.ts';
import { allDrills } from './drills.ts';
import { drillIds } from '../../../tools/sandbox/deployment/drill-ids.ts';

/** As `make drill DRILLS=…` runs it, where no local deployment serves. */
const drill = (ids: string) => {
  const program = [bundled('tools/sandbox/deployment/deploy.ts'), 'drill', '--only', ids];
  const env = { PATH: process.env['PATH'], LOCAL_HOME: '/nonexistent' };
  const { status, stderr } = spawnSync(process.execPath, program, { env, encoding: 'utf8' });
  return { status, stderr };
};

test('without a local deployment there is nothing to break: misuse, and how to start one', () => {
  expect(drill('task-killed')).toEqual({
    status: 2,
    stderr: 'error: No local deployment serves.\nStart one: make deploy-local\n',
  });
});

test('a drill that is not there, beside one that is: misuse, and which there are', () => {
  expect(drill('task-killed,moon-lost')).toEqual({
    status: 2,
    stderr: expect.stringMatching(
      /^error: There is no drill moon-lost\.\nDRILLS names any of: task-killed, .*zone-lost/,
    ),
  });
});

test('what can be named is what there is', () => {
  expect(allDrills.map(({ id }) => id).sort()).toEqual([...drillIds].sort());
});
