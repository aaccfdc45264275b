import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { nodePrograms } from '../../../tools/install/node-programs.ts';
import { startApiProcess, type ApiProcess } from '../../support/api-process.ts';

const projectRoot = resolve(import.meta.dirname, '../../..');
const home = join(projectRoot, '../../image/.cache/forget-only-the-start-test');

/** Prints bytes of bytecode before and after three collections of the old generation, of 1,000 functions that ran once. */
const program = (told: string): string => `
  import { PerformanceObserver, constants } from 'node:perf_hooks';
  import { mock } from 'node:test';
  import { setImmediate as turn } from 'node:timers/promises';
  import { getHeapCodeStatistics } from 'node:v8';
  import { forgetOnlyTheStart } from '${join(projectRoot, 'app/src/forget-only-the-start.ts')}';
  mock.timers.enable({ apis: ['setTimeout'] });
  const functions = Array.from({ length: 1_000 }, (_, i) => new Function('a', \`return [a, a + \${i}].map(String).join(' ');\`));
  functions.forEach((run) => run(1));
  ${told}
  const bytes = () => getHeapCodeStatistics().bytecode_and_metadata_size;
  let majors = 0;
  new PerformanceObserver((list) => {
    majors += list.getEntries().filter(({ detail }) => detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR).length;
  }).observe({ entryTypes: ['gc'] });
  const before = bytes();
  for (let held = []; majors < 3; await turn()) {
    // What lives for a while gets old; what is dropped at once doesn't.
    held = [...held.slice(-9), Array.from({ length: 100_000 }, (_, i) => ({ i }))];
  }
  console.log(JSON.stringify({ before, after: bytes(), functions: functions.length }));
  process.exit(0);
`;

describe('what ran once, after three collections of the old generation', () => {
  let node: string;
  beforeAll(() => {
    node = nodePrograms().program;
    mkdirSync(home, { recursive: true });
  });

  function run(told: string): { stdout: string; stderr: string } {
    const file = join(home, 'program.mts');
    writeFileSync(file, program(told));
    return spawnSync(node, ['--no-warnings', file], { encoding: 'utf8' });
  }

  function kept(told: string): number {
    const { before, after } = JSON.parse(run(told).stdout) as { before: number; after: number };
    return after / before;
  }

  test('is still compiled, as V8 comes', () => {
    expect(kept('')).toBeGreaterThan(0.5);
  });

  test('is forgotten during a start', () => {
    expect(kept('forgetOnlyTheStart();')).toBeLessThan(0.25);
  });

  test('is kept again once a minute is over', () => {
    expect(kept('forgetOnlyTheStart(); mock.timers.tick(60_000);')).toBeGreaterThan(0.5);
  });

  test('V8 knows each option that it is told: it would only complain of others', () => {
    expect(run('forgetOnlyTheStart(); mock.timers.tick(60_000);').stderr).toBe('');
  });
});

describe('a service tells V8 to forget its start', () => {
  const spy = join(home, 'spy.cjs');
  let service: ApiProcess;
  beforeEach(() => {
    mkdirSync(home, { recursive: true });
    writeFileSync(
      spy,
      `const v8 = require('node:v8');
       v8.setFlagsFromString = (flag) => process.stdout.write(flag + '\\n');
       require('node:module').syncBuiltinESMExports();`,
    );
    service = startApiProcess(
      { TABLE_NAME: 'movies', DRAIN_DELAY_MS: '0' },
      ['--require', spy, resolve('app/src/main.ts')],
      nodePrograms().program,
    );
  });
  afterEach(() => {
    service.signal('SIGKILL');
  });

  async function toldUntilItEnds(): Promise<string[]> {
    service.signal('SIGTERM');
    return (await service.ended).output.split('\n').filter((line) => line.startsWith('--'));
  }

  test('once it has answered', async () => {
    const { port } = await service.listening;
    await (await fetch(`http://127.0.0.1:${port}/healthz`)).text();

    expect(await toldUntilItEnds()).toEqual([
      '--bytecode-old-age=1',
      '--flush-baseline-code',
      '--no-memory-reducer-favors-memory',
    ]);
  });

  test('and not before', async () => {
    await service.listening;

    expect(await toldUntilItEnds()).toEqual([]);
  });
});
