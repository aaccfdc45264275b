import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Report } from '../../tools/lib/insights.ts';
import { bundled } from '../support/bundled.ts';
import { describeInTestAll } from '../support/requirements.ts';

const root = join(import.meta.dirname, '../..');

const check = (...args: readonly string[]) => run('check.ts', ...args);

async function run(script: string, ...args: readonly string[]) {
  const child = spawn(process.execPath, [bundled(`tools/bench/${script}`), ...args], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  await exited;
  return { exitCode: child.exitCode, output, errors };
}

describeInTestAll([], 'make bench CHECK=yes', () => {
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
    const { output, exitCode } = await hot('--burden-us', '1000');

    expect(output).toMatch(
      /^REGRESSION: hot\/cpu\/bare Express, stored [\d.]+×, measured [\d.]+×, tolerated 25 % worse\n$/,
    );
    expect(exitCode).toBe(1);
    const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report;
    expect(report).toMatchObject({ id: 'bench', result: 'FAILED', annotations: [{ severity: 'HIGH' }] });
  }, 120_000);
});

test.each([
  ['check.ts', 'an unknown scenario', ['--only', 'cold,ice'], 'There is no scenario ice.'],
  ['check.ts', 'half a round', ['--rounds', '0.5'], 'It must be a whole number from 1 to 50.'],
  ['check.ts', 'a burden of nothing', ['--burden-us', '0'], 'It must be a whole number from 1 to 100,000.'],
  ['main.ts', 'an unknown scenario', ['--only', 'ice'], 'There is no scenario ice.'],
  ['main.ts', 'no option', ['--fast'], "unknown option '--fast'"],
])('%s: %s is misuse: a clear message and 2', async (script, _what, args, message) => {
  const { exitCode, errors } = await run(script, ...args);

  expect(exitCode).toBe(2);
  expect(errors).toContain(message);
});
