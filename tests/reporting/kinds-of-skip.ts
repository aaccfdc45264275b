import { describeInTestAll, describeWith } from '../support/requirements.ts';

// Run by skips.test.ts. It is no `*.test.ts`: what it needs is nowhere.
const tool = { name: 'tool', missing: () => 'tool is not installed: ask somebody' };

test('a scenario that runs', () => undefined);
describeWith([tool], 'what takes a tool', () => {
  test('one', () => undefined);
  test('two', () => undefined);
});
describeInTestAll([], 'what takes long', () => {
  test('three', () => undefined);
});
