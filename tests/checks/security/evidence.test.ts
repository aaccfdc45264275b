import { existsSync } from 'node:fs';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  checkSeal,
  readControls,
  readMarkdownTables,
  readMutants,
  readTests,
  seal,
  tellGates,
} from '../../../tools/checks/evidence.ts';
import { renderPage } from '../../../tools/checks/evidence-page.ts';
import { drawPlan } from '../../../tools/checks/evidence-picture.ts';
import { denormalise, readRecording } from '../../../tools/checks/plans/recording.ts';
import { cosign, describeWith } from '../../support/requirements.ts';
import { makeKeyPair } from './registry.ts';
import { gates } from '../../../tools/checks/gates/all.ts';
import { project } from './mistakes.ts';

const document = readFile(join(project, 'docs', 'security.md'), 'utf8');

test('gates that looked at another commit are not taken for this one', () => {
  const verdict = { commit: 'c0ffee', finishedAt: '2026-01-01' };

  expect([tellGates(verdict, 'c0ffee'), tellGates(verdict, 'decaf'), tellGates(undefined, 'decaf')]).toEqual([
    'commit `c0ffee`, 2026-01-01',
    'commit `c0ffee`, not the one of this page, 2026-01-01',
    'not checked',
  ]);
});

test('the evidence names only gates that exist', async () => {
  const named = [...(await document).matchAll(/gate:([a-z-]+)/g)].map(([, id = '']) => id);

  const known = new Set([...gates.map(({ id }) => id), 'exceptions']);

  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((id) => !known.has(id))).toEqual([]);
});

test('the evidence names only files that exist', async () => {
  const named = readControls(await document, undefined, []).flatMap(({ built, proof }) => [
    ...built.split(', '),
    ...(proof.match(/(tests|modules|terraform)\/[\w./-]+/g) ?? []),
  ]);

  const files = named.filter((path) => path !== '–');

  expect(files.length).toBeGreaterThan(50);
  expect(files.filter((path) => !existsSync(join(project, path)))).toEqual([]);
});

const junit = `<testsuites><testsuite name="a" timestamp="2026-01-02T03:04:05">
<testcase name="x" file="tests/app/abuse/a.test.ts"></testcase><testcase name="y" file="tests/app/abuse/b.test.ts"><skipped/></testcase>
</testsuite><testsuite name="b" timestamp="2026-01-02T03:05:05"><testcase name="z" file="tests/checks/c.test.ts"><failure>no</failure></testcase></testsuite></testsuites>`;

describe('what is known of a control', () => {
  const controls = (proof: string, tests = readTests(junit)) =>
    readControls(
      `## Controls and their evidence\n\n| control | built |\n| --- | --- |\n| It holds | app/src | ${proof} | – |\n\n## Next\n| no | control | gate:tflint | – |\n`,
      {
        commit: 'c0ffee',
        finishedAt: '2026-01-01T00:00:00Z',
        gates: (['passed', 'not checked', 'blocked'] as const).map((verdict, at) => ({
          id: `gate-${'abc'.charAt(at)}`,
          verdict,
          title: '',
          note: '',
          seconds: 0,
          findings: [],
        })),
      },
      tests,
    ).map(({ result }) => result);

  test.each([
    ['gate:gate-a', 'passed on 2026-01-01'],
    ['gate:gate-b', 'not checked'],
    ['gate:gate-c', 'blocked on 2026-01-01'],
    ['gate:gate-of-nobody', 'not checked'],
    ['tests/app/abuse', 'passed on 2026-01-02, 1 tests not checked'],
    ['tests/app/abuse/b.test.ts', 'not checked'],
    ['tests/checks/c.test.ts', 'failed (1 tests)'],
    ['modules/web-acl/tests', 'not checked'],
    ['words alone', 'not checked'],
    ['gate:gate-a, tests/app/api', 'passed on 2026-01-01: gate-a; not checked: tests/app/api'],
  ])('proven by %s: %s', (proof, result) => {
    expect(controls(proof)).toEqual([result]);
  });

  test('without a report of the tests: not checked', () => {
    expect(controls('tests/app/abuse', readTests(''))).toEqual(['not checked']);
  });

  test('each row of the document is a control with a result', async () => {
    const all = readControls(await document, undefined, []);

    expect(all.length).toBeGreaterThan(30);
    expect([...new Set(all.map(({ result }) => result))]).toEqual(['not checked']);
  });
});

test('a table of a report is read with its cells, and a bar in a cell is none between cells', () => {
  expect(readMarkdownTables('# A\n\n| a | b |\n| - | - |\n| 1 \\| 2 | 3<br>4 |\n\ntext')).toEqual([
    { head: ['a', 'b'], rows: [['1 | 2', '3 4']] },
  ]);
});

test('the score of the checks is told with its day and each mistake, and without a report nothing is claimed', () => {
  const report =
    '# Mistakes made on purpose\n\nkilled 1 of 2, in 9 s, of commit c0ffee\n\n| mistake | stopped by |\n| - | - |\n| a | module |\n| b | **nothing** |\n';

  const { about, table } = readMutants(report, '2026-01-02');

  expect(about).toMatch(/^killed 1 of 2, in 9 s, of commit c0ffee, on 2026-01-02: /);
  expect(table?.rows).toEqual([
    ['a', 'module'],
    ['b', '**nothing**'],
  ]);
  expect(readMutants(undefined, '').about).toMatch(/^not checked: /);
  expect(readMutants('# A run that broke off', '2026-01-02').about).toMatch(/^not checked: /);
});

test('the page needs nothing from anywhere, and shows what it is told as text', () => {
  const page = renderPage({
    commit: 'c0ffee',
    madeAt: new Date(0),
    signedWith: undefined,
    sections: [
      {
        title: 'Roles',
        about: '<script>alert(1)</script> `x` not checked',
        table: { head: ['a'], rows: [['<b>']] },
      },
    ],
  });

  expect(page).toContain(
    '&lt;script&gt;alert(1)&lt;/script&gt; <code>x</code> <span class="open">not checked</span>',
  );
  expect(page).toContain('<td>&lt;b&gt;</td>');
  expect(page).toContain('not signed');
  expect(page).not.toMatch(/<script|<link|<img|@import|url\(|src=|href="[^#]/);
});

test('the picture holds what the plan builds, and a line for what uses what', async () => {
  const { plan } = await readRecording(project, 'prod');
  const whole = denormalise(plan);
  const isTable = ({ type }: { type: string }) => type === 'aws_dynamodb_table';

  const svg = await drawPlan(whole);
  const without = await drawPlan({
    ...whole,
    resource_changes: (whole.resource_changes ?? []).filter((change) => !isTable(change)),
  });

  const lines = [...svg.matchAll(/<title>([^<]+)&#45;&gt;([^<]+)<\/title>/g)].map(
    ([, from, to]) => `${from} > ${to}`,
  );
  expect(lines).toEqual(
    expect.arrayContaining([
      ' aws_ecs_task_definition > movies_table aws_dynamodb_table',
      'service aws_ecs_service > alb aws_lb_target_group',
      'alb aws_lb > web_acl aws_wafv2_web_acl',
    ]),
  );
  expect(svg).toMatch(/>9 × subnet</);
  expect([svg, without].map((drawn) => drawn.includes('>dynamodb table<'))).toEqual([true, false]);
});

describeWith([cosign], 'sealed evidence', () => {
  let folder: string;
  let keys: string;
  const makeKey = (name: string) => makeKeyPair(keys, name);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'evidence-'));
    keys = await mkdtemp(join(tmpdir(), 'keys-'));
    await writeFile(join(folder, 'index.html'), 'all is well');
    await writeFile(join(folder, 'roles.txt'), '49 allowed');
  });

  afterEach(async () => {
    await Promise.all([folder, keys].map((path) => rm(path, { recursive: true })));
  });

  test('is accepted as it was signed; a changed byte, another file, a lost one and another key are refused', async () => {
    const key = await makeKey('own');
    await seal(folder, key.secret);
    const judged = () => checkSeal(folder, key.public);

    await expect(judged()).resolves.toBeUndefined();
    await expect(checkSeal(folder, (await makeKey('other')).public)).rejects.toThrow('The signature of');
    await writeFile(join(folder, 'index.html'), 'all is wel1');
    await expect(judged()).rejects.toThrow('It is not what was signed: index.html');
    await writeFile(join(folder, 'index.html'), 'all is well');
    await writeFile(join(folder, 'more.txt'), '');
    await expect(judged()).rejects.toThrow('It is not what was signed: more.txt');
    await rm(join(folder, 'more.txt'));
    await rm(join(folder, 'roles.txt'));
    await expect(judged()).rejects.toThrow('It is not what was signed: roles.txt');
    await appendFile(join(folder, 'SHA256SUMS'), '\n');
    await expect(judged()).rejects.toThrow('The signature of');
  });

  test('without a key it is not signed, and never accepted', async () => {
    await seal(folder, undefined);

    await expect(checkSeal(folder, 'any.pub')).rejects.toThrow('is not signed');
  });
});
