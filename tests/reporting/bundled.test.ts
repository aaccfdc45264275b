import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { bundled } from '../support/bundled.ts';

const project = resolve(import.meta.dirname, '../..');
let folder: string;

beforeAll(() => {
  mkdirSync(join(project, '.cache'), { recursive: true });
  folder = mkdtempSync(join(project, '.cache/bundled-'));
});
afterAll(() => {
  const programs = join(project, '.cache/programs');
  for (const made of readdirSync(programs).filter((name) => name.includes(basename(folder))))
    rmSync(join(programs, made), { recursive: true });
  rmSync(folder, { recursive: true });
});

const sources: Readonly<Record<string, string>> = {
  'main.ts':
    "import { word } from './word.ts';\nconsole.log('import.meta.url __filename', word, import.meta.dirname, new URL('x', import.meta.url).pathname);\n",
  'word.ts': "export const word: string = 'first';\n",
};
const write = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
};
const entry = () => relative(project, join(folder, 'main.ts'));
const run = () => execFileSync(process.execPath, [bundled(entry())], { encoding: 'utf8' });

test('a bundle knows the place of its sources, and is made again when one of them is another', () => {
  for (const [name, text] of Object.entries(sources)) write(name, text);
  const first = run();
  const made = bundled(entry());
  const same = bundled(entry());

  write('word.ts', "export const word: string = 'second';\n");
  const second = run();

  expect(first).toBe(`import.meta.url __filename first ${folder} ${join(folder, 'x')}\n`);
  expect(second).toBe(`import.meta.url __filename second ${folder} ${join(folder, 'x')}\n`);
  expect(same).toBe(made);
  expect(bundled(entry())).not.toBe(made);
});

/** A bundle takes any name out of a CommonJS package, Node.js only those that it finds without running it. */
test('what programs import by name from packages, Node.js itself finds there', () => {
  const imports = ['app/src', 'tools']
    .flatMap((root) =>
      readdirSync(join(project, root), { recursive: true, encoding: 'utf8' }).map((file) => join(root, file)),
    )
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [
      ...readFileSync(join(project, file), 'utf8').matchAll(
        /^import (?:\w+, )?\{([^}]*)\} from '([^.'][^']*)';/gm,
      ),
    ])
    .map(([, names = '', from = '']) => ({
      from,
      names: names
        .split(',')
        .map((name) => name.trim().split(' as ')[0])
        .filter((name) => name && !name.startsWith('type ')),
    }));
  const script = `
    const lost = [];
    for (const { from, names } of JSON.parse(process.argv[1])) {
      const found = await import(from);
      lost.push(...names.filter((name) => !(name in found)).map((name) => name + ' of ' + from));
    }
    console.log(JSON.stringify(lost));`;

  const output = execFileSync(
    process.execPath,
    ['--input-type=module', '-e', script, JSON.stringify(imports)],
    { cwd: project, encoding: 'utf8' },
  );

  expect(imports.length).toBeGreaterThan(300);
  expect(JSON.parse(output)).toEqual([]);
});
