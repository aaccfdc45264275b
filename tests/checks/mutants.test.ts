import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { apply, draw } from '../../tools/checks/mutants/draw.ts';
import { inBatches, suites } from '../../tools/checks/mutants/judge.ts';
import { readTable, sumUp, type Mistake } from '../../tools/checks/mutants/table.ts';

const hcl = `resource "aws_kms_key" "main" {
  enable_key_rotation     = true
  deletion_window_in_days = 30

  timeouts {
    create = "5m"
  }
}
`;
const files = new Map([['terraform/data.tf', hcl]]);
const table = (...lines: readonly string[]): string => ['# terraform/data.tf', ...lines, ''].join('\n');
const made = (text: string): readonly string[] =>
  readTable(text, files, []).map((mistake) => apply(hcl, mistake));

test('a mistake is found however its text is aligned, and a block goes as a whole', () => {
  const [rotation, block] = made(
    table(
      '- enable_key_rotation = true',
      '+ enable_key_rotation = false',
      '= module: rotates',
      'x create = "5m"',
      '= module: slow',
    ),
  );

  expect(rotation).toBe(hcl.replace(/rotation +=  ?true/, 'rotation = false'));
  expect(block).toBe(hcl.replace(/ {2}timeouts[^}]*\}\n/, ''));
});

test.each([
  [
    'a text that is gone',
    ['- rotation_period = 90', '+', '= module: x'],
    '0 places have "rotation_period = 90"',
  ],
  ['a text in two places', ['- e', '+', '= module: x'], 'places have "e"'],
  ['no check', ['- enable_key_rotation = true', '+', '= stopped'], 'no "= check: sentence"'],
])('%s in the table is an error that names the line', (_what, lines, said) => {
  expect(() => readTable(table(...lines), files, [])).toThrow(said);
  expect(() => readTable(table(...lines), files, [])).toThrow(/line 2/);
});

test('the same seed draws the same mistakes, another seed others, and each changes its file', () => {
  const many = new Map([
    ['terraform/data.tf', hcl.repeat(9).replaceAll('main', (_text, at: number) => `k${at}`)],
  ]);
  const drawn = draw('a', many);

  expect(drawn.length).toBeGreaterThan(10);
  expect(draw('a', many)).toEqual(drawn);
  expect(draw('b', many)).not.toEqual(drawn);
  for (const [file, text] of many)
    for (const mistake of drawn.filter((one) => one.file === file))
      expect(apply(text, mistake)).not.toBe(text);
});

const mistakes = (count: number): readonly Mistake[] =>
  Array.from({ length: count }, (_, at) => ({ id: `m${at}`, file: 'f', line: at, count: 1, lines: [] }));
const stopped = { check: 'module', sentence: 'It says so.' };

test('nineteen of twenty are enough, eighteen are not, and who gets through is named', () => {
  const outcomes = (alive: number) =>
    mistakes(20).map((mistake, at) => (at < alive ? { mistake } : { mistake, stopped }));

  expect(sumUp(outcomes(1))).toEqual({ isGood: true, lines: ['Not stopped:', '  m0', 'killed 19 of 20'] });
  expect(sumUp(outcomes(2))).toMatchObject({ isGood: false });
});

test('an equivalent one is not counted, and one that another check stops is reported', () => {
  const [first, second] = mistakes(2) as readonly [Mistake, Mistake];

  expect(
    sumUp([
      { mistake: { ...first, equivalent: 'the default' } },
      { mistake: second, stopped, otherwise: 'by module, not by roles' },
    ]),
  ).toEqual({
    isGood: true,
    lines: ['Stopped otherwise than the table says:', '  m1 (by module, not by roles)', 'killed 1 of 1'],
  });
});

test('planned together are mistakes in blocks that have nothing to do with each other', () => {
  const text =
    'locals {\n  a = 1\n}\nresource "x" "one" {\n  b = 2\n  c = 3\n}\ndata "x" "two" {\n  d = 4\n}\n';
  const at = (file: string, line: number): Mistake => ({
    id: `${file} ${line}`,
    file,
    line,
    count: 1,
    lines: [],
  });
  const texts = new Map(
    ['terraform/a.tf', 'modules/m/a.tf', 'terraform/bootstrap/a.tf'].map((file) => [file, text]),
  );
  const batches = (...mistakes: readonly Mistake[]): readonly number[] =>
    inBatches(mistakes, texts, 9).map(({ length }) => length);

  expect(batches(at('terraform/a.tf', 4), at('terraform/a.tf', 8), at('modules/m/a.tf', 4))).toEqual([3]);
  expect(batches(at('terraform/a.tf', 4), at('terraform/a.tf', 5))).toEqual([1, 1]);
  // A local of the root may be in everything, one of a module in all of that module.
  expect(batches(at('terraform/a.tf', 1), at('modules/m/a.tf', 4))).toEqual([1, 1]);
  expect(batches(at('modules/m/a.tf', 1), at('modules/m/a.tf', 4), at('terraform/a.tf', 4))).toEqual([2, 1]);
});

test('each check that is asked, or named by a mistake, is a file or a folder of tests, or a command', () => {
  const commands = ['module', 'roles', 'checkov-hcl', 'checkov-plan', 'hadolint', 'pipeline', 'plan'];
  const asked = suites.flatMap(({ quick, onPlans = [], late = [] }) => [...quick, ...onPlans, ...late]);
  const named = [
    ...readFileSync('tools/checks/mutants/mistakes.txt', 'utf8').matchAll(
      /^= (?!equivalent:|lives:)([^:\s]+): /gm,
    ),
  ].map(([, check = '']) => check);
  const isThere = (name: string): boolean =>
    commands.includes(name) || existsSync(`tests/${name}${name.endsWith('/') ? '' : '.test.ts'}`);

  expect([...new Set([...asked, ...named])].filter((name) => !isThere(name))).toEqual([]);
  expect(named.length).toBeGreaterThan(100);
});
