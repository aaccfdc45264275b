import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { pinnedNode } from '../../tools/node/node.ts';
import { pinnedNodeJs } from '../bench/requirement.ts';
import { describeWith } from '../support/requirements.ts';

const projectRoot = resolve(import.meta.dirname, '../..');
const home = join(projectRoot, '.cache/forget-the-start-test');

/** Prints bytes of bytecode before and after three collections of the old generation, of 1,000 functions that ran once. */
const program = (told: string): string => `
  import { PerformanceObserver, constants } from 'node:perf_hooks';
  import { setImmediate as turn } from 'node:timers/promises';
  import { getHeapCodeStatistics } from 'node:v8';
  import { forgetInTime, forgetTheStart } from '${join(projectRoot, 'app/src/forget-the-start.ts')}';
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

describeWith([pinnedNodeJs], 'what ran once, after three collections of the old generation', () => {
  let node: string;
  beforeAll(async () => {
    node = (await pinnedNode()).program;
    mkdirSync(home, { recursive: true });
  });

  function kept(told: string): number {
    const file = join(home, 'program.mts');
    writeFileSync(file, program(told));
    const answer = execFileSync(node, ['--no-warnings', file], { encoding: 'utf8' });
    const { before, after } = JSON.parse(answer) as { before: number; after: number };
    return after / before;
  }

  test('is still compiled, as V8 comes', () => {
    expect(kept('')).toBeGreaterThan(0.5);
  });

  test('is forgotten during a start', () => {
    expect(kept('forgetTheStart();')).toBeLessThan(0.25);
  });

  test('is kept again once a start is over', () => {
    expect(kept('forgetTheStart(); forgetInTime();')).toBeGreaterThan(0.5);
  });
});
