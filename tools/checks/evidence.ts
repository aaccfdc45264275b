import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { runCommand } from '../../app/src/commands/command.ts';
import { Misuse } from '../../app/src/commands/problem.ts';
import type { Verdict } from './gates/verdict.ts';

/** `npm run evidence`: fills the last column of docs/security.md from the last report of `make security`. */
const project = resolve(import.meta.dirname, '../..');
const document = join(project, 'docs', 'security.md');

/**
 * Rewrites the last cell of each row that names gates as `gate:<id>`. A row without a gate is proven by tests: the column then
 * says which command tells.
 */
export function fillResults(text: string, { gates, commit, finishedAt }: Verdict): string {
  const results = new Map(gates.map(({ id, verdict }) => [id, verdict]));
  return text
    .split('\n')
    .map((line) => {
      const named = [...line.matchAll(/gate:([a-z-]+)/g)].map(([, id = '']) => id);
      if (!line.startsWith('| ') || named.length === 0) return line;
      const cell = named.map((id) => `${id} ${results.get(id) ?? 'not run'}`).join(', ');
      return `${line.slice(0, line.lastIndexOf('|', line.length - 2))}| ${cell} |`;
    })
    .join('\n')
    .replace(/<!-- results: .* -->/, `<!-- results: commit ${commit}, ${finishedAt} -->`);
}

if (process.argv[1] === import.meta.filename)
  await runCommand(async () => {
    const report = join(project, 'reports', 'security', 'verdict.json');
    const text = await readFile(report, 'utf8').catch(() => {
      throw new Misuse('There is no report of the gates yet.', 'Run `make security` first.');
    });
    const verdict = JSON.parse(text) as Verdict;
    await writeFile(document, fillResults(await readFile(document, 'utf8'), verdict));
    console.log('Filled the results in docs/security.md');
  });
