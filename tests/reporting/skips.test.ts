import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { program, usable } from '../support/requirements.ts';

/** The end of what a test run of `kinds-of-skip.ts` prints, from the first summary on, and its exit code. */
function runWith(settings: NodeJS.ProcessEnv): { readonly code: number | null; readonly summary: string } {
  const args = ['test', '--silent', '--', '--testMatch', '<rootDir>/tests/reporting/kinds-of-skip.ts'];
  const { status, stdout } = spawnSync('npm', args, {
    env: {
      ...process.env,
      CI: undefined,
      DRILLS: '',
      STRICT: '',
      TESTS: '',
      KEEP_DEPLOYMENT: '1',
      ...settings,
    },
    encoding: 'utf8',
  });
  return {
    code: status,
    summary: stdout.slice(stdout.search(/^(Skipped|Left|Took)/m)).replace(/[\d.]+ s$/m, '…'),
  };
}

test('what the machine lacks is counted as a skip, what is left to make test DRILLS=all is only named', () => {
  expect(runWith({})).toEqual({
    code: 0,
    summary: [
      'Skipped, with the reason:',
      '  2 × what takes a tool [skipped: tool is not installed: ask somebody]',
      '  1 × what no step can have [skipped: no container here]',
      '  1 × what is asked on AWS [skipped: AWS alone]',
      '',
      'Left to `make test DRILLS=all`:',
      '  1 × and long',
      '  1 × what takes long',
      '',
      'Took …',
      '2 passed, 0 failed, 4 skipped',
      '',
    ].join('\n'),
  });
});

test('STRICT=1 fails on what the machine lacks, not on what is left to make test DRILLS=all or asked elsewhere', () => {
  const { code, summary } = runWith({ STRICT: '1' });

  expect(code).toBe(1);
  expect(summary).toMatch(/\nLeft to `make test DRILLS=all`:\n {2}1 × and long\n {2}1 × what takes long\n/);
  expect(summary).toMatch(/2 passed, 2 failed, 1 skipped\n$/);
});

test('STRICT=1 excuses in a pipeline step what no step can have, by name, and nothing else', () => {
  const { code, summary } = runWith({ STRICT: '1', CI: 'true' });

  expect(code).toBe(1);
  expect(summary).toContain('  1 × what no step can have [skipped: no container here]\n');
  expect(summary).toMatch(/2 passed, 1 failed, 2 skipped\n$/);
});

test('make test DRILLS=all leaves nothing', () => {
  expect(runWith({ DRILLS: 'all' }).summary).toMatch(
    /2 × what takes a tool[^]*\n4 passed, 0 failed, 4 skipped\n$/,
  );
});

test('make test TESTS=fast names what it leaves to make test, which needs more than Node.js', () => {
  expect(runWith({ TESTS: 'fast' })).toEqual({
    code: 0,
    summary: [
      'Left to `make test`:',
      '  2 × what takes a tool',
      '  1 × what no step can have',
      '  1 × what is asked on AWS',
      '  2 × what takes a tool that is there',
      '',
      'Left to `make test DRILLS=all`:',
      '  1 × what takes long',
      '',
      'Took …',
      '1 passed, 0 failed, 0 skipped',
      '',
    ].join('\n'),
  });
});

test('what waits for minutes begins first, also in a clone that has not seen it run', () => {
  // Without Jest's cache it knows no times, as there.
  const args = ['test', '--silent', '--', '--listTests', '--no-cache'];
  const { status, stdout, stderr } = spawnSync('npm', args, { encoding: 'utf8' });

  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.any(String) });
  expect(stdout.split('\n')[0]).toMatch(/\/tests\/deployed\/local-deployment\.test\.ts$/);
});

const folder = mkdtempSync(join(tmpdir(), 'requirements-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const script = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
};

test('a program that is there and fails is missing, with what it said', () => {
  const broken = script(
    'broken',
    'echo "warning" >&2; echo "default OCI runtime \\"runc\\" not found" >&2; exit 125',
  );

  expect(program(broken, 'make tools').missing()).toBe(
    `${broken} does not work here (default OCI runtime "runc" not found): make tools`,
  );
});

test('a program that is not there is missing', () => {
  expect(program('no-such-program', 'ask somebody').missing()).toBe(
    'no-such-program is not installed: ask somebody',
  );
});

test('what works is there, and is used once', () => {
  let uses = 0;
  const tool = usable('tool', 'make tools', () => (uses += 1));

  expect([tool.missing(), tool.missing(), uses]).toEqual([undefined, undefined, 1]);
});
