import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { fillResults } from '../../../tools/checks/evidence.ts';
import { gates } from '../../../tools/checks/gates/all.ts';
import { project } from './mistakes.ts';

const document = readFile(join(project, 'docs', 'security.md'), 'utf8');

test('the last column comes from the report, gate by gate', () => {
  const gate = (id: string, verdict: 'passed' | 'not checked') => ({
    id,
    verdict,
    title: '',
    note: '',
    seconds: 0,
    findings: [],
  });
  const verdict = {
    commit: 'c0ffee',
    finishedAt: '2026-01-01',
    gates: [gate('tflint', 'passed'), gate('npm-audit', 'not checked')],
  };

  const filled = fillResults(
    '| a | gate:tflint, gate:npm-audit | old |\n| b | gate:hadolint | |\n<!-- results: never -->',
    verdict,
  );

  expect(filled).toBe(
    '| a | gate:tflint, gate:npm-audit | tflint passed, npm-audit not checked |\n| b | gate:hadolint | hadolint not run |\n<!-- results: commit c0ffee, 2026-01-01 -->',
  );
});

test('the evidence names only gates that exist', async () => {
  const named = [...(await document).matchAll(/gate:([a-z-]+)/g)].map(([, id = '']) => id);

  const known = new Set([...gates.map(({ id }) => id), 'exceptions']);

  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((id) => !known.has(id))).toEqual([]);
});

test('the evidence names only files that exist', async () => {
  const rows = (await document)
    .split('\n')
    .filter((line) => /^\| .*(passed|not checked|`make test`)/.test(line));
  const named = rows.flatMap((row) => {
    const [built = '', proven = ''] = row.split(' | ').slice(1, 3);
    return [...built.split(', '), ...(proven.match(/(tests|modules|terraform)\/[\w./-]+/g) ?? [])];
  });

  const files = named.filter((path) => path !== '–');

  expect(files.length).toBeGreaterThan(50);
  expect(files.filter((path) => !existsSync(join(project, path)))).toEqual([]);
});
