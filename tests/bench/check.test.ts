import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Report } from '../../tools/pipeline/code-insights.ts';
import { describeInTestAll } from '../support/requirements.ts';
import { pinnedNodeJs } from './requirement.ts';

const root = join(import.meta.dirname, '../..');

async function check(...args: readonly string[]) {
  const run = spawn(process.execPath, ['--import', 'tsx', 'tools/bench/check.ts', ...args], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors, [exitCode]] = await Promise.all([
    text(run.stdout),
    text(run.stderr),
    once(run, 'exit'),
  ]);
  return { exitCode: exitCode as number, output, errors };
}

describeInTestAll([pinnedNodeJs], 'make bench-check', () => {
  let folder: string;
  let baseline: string;
  const hot = (...more: readonly string[]) =>
    check(
      ...['--only', 'hot', '--rounds', '1', '--baseline', baseline],
      ...['--report', join(folder, 'report.json'), ...more],
    );

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bench-'));
    baseline = join(folder, 'baseline.json');
    await hot('--store');
  }, 180_000);
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test('a service that wastes a millisecond on each request is a regression by name, and 1', async () => {
    const run = await hot('--burden-us', '1000');

    expect(run.output).toMatch(
      /^REGRESSION: hot\/cpu\/bare Express, stored [\d.]+×, measured [\d.]+×, tolerated 25 % worse\n$/,
    );
    expect(run.exitCode).toBe(1);
    const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report;
    expect(report).toMatchObject({ id: 'bench', result: 'FAILED', annotations: [{ severity: 'HIGH' }] });
  }, 120_000);
});

test.each([
  ['an unknown scenario', ['--only', 'cold'], 'There is no scenario cold.'],
  ['half a round', ['--rounds', '0.5'], 'It must be a whole number from 1 to 50.'],
  ['a burden of nothing', ['--burden-us', '0'], 'It must be a whole number from 1 to 100,000.'],
])('%s is misuse: a clear message and 2', async (_what, args, message) => {
  const run = await check(...args);

  expect(run.exitCode).toBe(2);
  expect(run.errors).toContain(message);
});
