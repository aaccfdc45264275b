import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { program, usable } from '../support/requirements.ts';

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
