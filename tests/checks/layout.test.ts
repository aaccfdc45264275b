import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';

jest.setTimeout(120_000);

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

/** A file that imports a type of another, by the rule that it breaks. Each in a tree of its own name. */
const mistakes = {
  'app-stands-alone': [['app/stands.ts', 'tools/lib/stands.ts']],
  'local-is-not-deployed': [['app/src/deployed.ts', 'app/src/local/database.ts']],
  'rooms-stand-apart': [
    ['tools/release/apart.ts', 'tools/sandbox/apart.ts'],
    ['tools/bench/deep/apart.ts', 'tools/checks/apart.ts'],
  ],
  'lib-is-below-the-rooms': [['tools/lib/below.ts', 'tools/release/below.ts']],
  'tests-are-not-imported': [['tools/checks/imported.ts', 'tests/imported.ts']],
  'no-circles': [
    ['app/circle.ts', 'app/round.ts'],
    ['app/round.ts', 'app/circle.ts'],
  ],
} as const;

describe('an import of a type alone breaks', () => {
  const root = mkdtempSync(join(tmpdir(), 'layout-'));
  let stdout = '';
  beforeAll(() => {
    const write = (file: string, text: string): void => {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
    };
    write('tsconfig.json', '{}');
    const imports = Object.values(mistakes).flat();
    for (const [, to] of imports) write(to, 'export type T = 1;\n');
    for (const [from, to] of imports) {
      const up = '../'.repeat(from.split('/').length - 1);
      write(from, `import type { T } from '${up}${to}';\nexport type U = T;\n`);
    }
    ({ stdout } = cruise(root, '.'));
  });
  afterAll(() => {
    rmSync(root, { recursive: true });
  });

  test.each(Object.entries(mistakes))('%s', (rule, imports) => {
    const [[from]] = imports;

    expect(stdout).toMatch(new RegExp(`error ${rule}: (${imports.map(([file]) => file).join('|')}) `));
    expect(stdout).toContain(`error ${rule}: ${from}`);
  });
});
