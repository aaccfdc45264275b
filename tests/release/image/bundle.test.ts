import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Plugin } from 'esbuild';
import { bundle } from '../../../tools/lib/bundle.ts';

const projectRoot = resolve(import.meta.dirname, '../../..');
const source = { version: '0.0.0', commit: '0123456789abcdef', epoch: 1_700_000_000 };
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(projectRoot, 'tests/release/image/exchanged-'));
  await writeFile(join(folder, 'stranger.ts'), 'export const createDynamoRepository = () => undefined;\n');
});
afterAll(() => rm(folder, { recursive: true }));

const exchange = (): Plugin => ({
  name: 'exchange',
  setup: (build) => {
    build.onResolve({ filter: /\/repository\.ts$/ }, () => ({ path: join(folder, 'stranger.ts') }));
  },
});
const build = (exchanged: readonly string[]) =>
  bundle({ projectRoot, out: '.cache/bundle-test', source, plugins: [exchange()], exchanged });

test('a plugin brings no development code into a bundle, unless its folder is named', async () => {
  await expect(build([])).rejects.toThrow(
    /development code in the bundle: tests\/release\/image\/exchanged-.*stranger\.ts/,
  );
  await expect(build([`${relative(projectRoot, folder)}/`])).resolves.toMatchObject({
    files: expect.any(Number),
  });
});

test('a bundle imports none of Node’s modules, one of which would load all of fetch at each start', async () => {
  await build([`${relative(projectRoot, folder)}/`]);
  const out = join(projectRoot, '.cache/bundle-test');
  const files = (await readdir(out)).filter((name) => name.endsWith('.js'));

  // A long text goes on in the next line.
  const code = (await Promise.all(files.map((name) => readFile(join(out, name), 'utf8')))).map((text) =>
    text.replaceAll('\\\n', ''),
  );

  expect(files).toEqual(['health-check.js', 'main.js', 'service.js']); // outside-probe.mjs is no start of the service
  expect(
    code.filter((text) => /\bimport\s*[({*"']|^import\b/m.test(text.replace(/(["'`]).*?\1/g, ''))),
  ).toEqual([]);
  expect(
    code.filter((text) => text.includes('require("node:http")') || text.includes('require("http")')),
  ).toHaveLength(2);
});

test('a bundle keeps the names of functions, in lines that a stack trace can point at', async () => {
  await build([`${relative(projectRoot, folder)}/`]);

  const code = await readFile(join(projectRoot, '.cache/bundle-test/service.js'), 'utf8');

  expect(code).toMatch(/\bfunction createPlainReads\(/);
  expect(code.length / code.split('\n').length).toBeLessThan(200);
});
