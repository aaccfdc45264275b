import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { project } from './mistakes.ts';

const unreachable = `127.0.0.1:1/movies-api@sha256:${'0'.repeat(64)}`;

describe('make security', () => {
  let report: string;

  beforeAll(async () => {
    report = await mkdtemp(join(tmpdir(), 'security-'));
  });
  afterAll(() => rm(report, { recursive: true }));

  const security = (...args: readonly string[]): Promise<{ code: number; output: string }> =>
    new Promise((done) => {
      const program = [resolve('tools/checks/security.ts'), '--report', report, ...args];
      // Of the tests that this one runs in, STRICT is not meant for the gates that it starts.
      const env = { ...process.env, STRICT: '' };
      const child = execFile('node', program, { cwd: project, env }, (_error, stdout, stderr) => {
        done({ code: child.exitCode ?? -1, output: `${stdout}${stderr}` });
      });
    });

  test('goes on where an image could not be looked at, and says so', async () => {
    const { code, output } = await security('--only', 'trivy-image', '--image', unreachable);

    expect(output).toContain('0 blocked, 1 not checked');
    expect(code).toBe(0);
    expect(await readFile(join(report, 'report.md'), 'utf8')).toContain('**not checked**');
  }, 60_000);

  test('ends with 3 there with --strict', async () => {
    const { code } = await security('--strict', '--only', 'trivy-image', '--image', unreachable);

    expect(code).toBe(3);
  }, 60_000);

  test('ends with 0 where all was looked at, even with --strict', async () => {
    const { code, output } = await security('--strict', '--only', 'lock-integrity');

    expect(output).toContain('0 blocked, 0 not checked');
    expect(code).toBe(0);
  }, 60_000);

  test.each([
    ['a gate that does not exist', ['--only', 'clairvoyance'], 'no gate clairvoyance'],
    ['an option that does not exist', ['--quick'], "unknown option '--quick'"],
  ])('%s is misuse', async (_what, args, message) => {
    const { code, output } = await security(...args);

    expect(output).toContain(message);
    expect(code).toBe(2);
  });
});
