import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';

const project = resolve(import.meta.dirname, '../..');
const cruise = (cwd: string, ...folders: string[]) =>
  spawnSync(
    process.execPath,
    [
      join(project, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs'),
      ...['--config', join(project, 'dependency-cruiser.config.js'), '--output-type', 'err', ...folders],
    ],
    { cwd, encoding: 'utf8' },
  );

test('no room imports what it may not, and nothing imports itself in a circle', () => {
  const { status, stdout } = cruise(project, 'app', 'tools', 'tests');

  expect(stdout).toMatch(/no dependency violations found \(\d{3,} modules/);
  expect(status).toBe(0);
});

const scratch = mkdtempSync(join(tmpdir(), 'layout-'));
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

test.each([
  ['app-stands-alone', { 'app/a.ts': 'tools/lib/b.ts' }],
  ['rooms-stand-apart', { 'tools/release/a.ts': 'tools/sandbox/b.ts' }],
  ['rooms-stand-apart', { 'tools/bench/deep/a.ts': 'tools/checks/b.ts' }],
  ['lib-is-below-the-rooms', { 'tools/lib/a.ts': 'tools/release/b.ts' }],
  ['tests-are-not-imported', { 'tools/checks/a.ts': 'tests/b.ts' }],
  ['no-circles', { 'app/a.ts': 'app/b.ts', 'app/b.ts': 'app/a.ts' }],
])('%s: an import of a type alone breaks it', (rule, imports: Readonly<Record<string, string>>) => {
  const root = mkdtempSync(join(scratch, 'tree-'));
  writeFileSync(join(root, 'tsconfig.json'), '{}');
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  for (const [, to = ''] of Object.entries(imports)) write(to, 'export type T = 1;\n');
  for (const [from, to] of Object.entries(imports)) {
    const up = '../'.repeat(from.split('/').length - 1);
    write(from, `import type { T } from '${up}${to}';\nexport type U = T;\n`);
  }

  const { status, stdout } = cruise(root, '.');

  expect(stdout).toContain(`error ${rule}:`);
  expect(status).toBeGreaterThan(0);
});
