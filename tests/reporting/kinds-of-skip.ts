import { describeInTestAll, describeWith } from '../support/requirements.ts';

// Run by skips.test.ts. It is no `*.test.ts`: what it needs is nowhere.
const node = { name: 'Node.js', missing: () => undefined };
const tool = { name: 'tool', missing: () => 'tool is not installed: ask somebody' };

test('a scenario that runs', () => undefined);
describeWith([tool], 'what takes a tool', () => {
  test('one', () => undefined);
  test('two', () => undefined);
});
describeWith([{ name: 'podman', missing: () => 'no container here' }], 'what no step can have', () => {
  test('six', () => undefined);
});
describeWith([{ name: 'AWS', isOfKind: true, missing: () => 'AWS alone' }], 'what is asked on AWS', () => {
  test('seven', () => undefined);
});
describeWith([node], 'what takes a tool that is there', () => {
  test('four', () => undefined);
  describeInTestAll([], 'and long', () => {
    test('five', () => undefined);
  });
});
describeInTestAll([], 'what takes long', () => {
  test('three', () => undefined);
});
