import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { docs, published, recorded } from '../../tools/bench/publish.ts';
import { guarded } from '../../tools/bench/options.ts';
import { replaceBlock } from '../../tools/lib/block.ts';
import { describeInTestAll } from '../support/requirements.ts';

test('docs/performance.md and its chart show what is recorded (make bench ARGS=--publish)', () => {
  const page = readFileSync(docs.page, 'utf8');

  expect(published(page)).toEqual({ page, chart: readFileSync(docs.chart, 'utf8') });
});

describeInTestAll([], 'what the docs show', () => {
  test('has all that pull requests are compared by, on the Node.js of its day', () => {
    const { sections } = recorded();

    expect(sections.map(({ scenario }) => scenario)).toEqual(expect.arrayContaining([...guarded]));
    expect(sections.every(({ taken }) => taken.node.startsWith('24.'))).toBe(true);
  });
});

test('a page without a place for what is generated is an error, not a loss', () => {
  expect(() => replaceBlock('# A page\n', 'ratios', 'text')).toThrow('no place for "ratios"');
});
