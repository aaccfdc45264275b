import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One mistake that was made on purpose, and the gate that stopped it. */
export interface StoppedMistake {
  readonly mistake: string;
  readonly gate: string;
  readonly rule: string;
  readonly message: string;
}

/** One file for each test file that makes mistakes: they run at the same time. */
export const mistakesFolder = join('reports', 'security', 'mistakes');

/** The table of which gate stops what, from the last run of tests/checks/security/mistakes. */
export async function describeMistakes(root: string): Promise<string> {
  const folder = join(root, mistakesFolder);
  const files = await readdir(folder).catch(() => []);
  if (files.length === 0)
    return '## Proof that the gates bite\n\nNot run yet: `npm test -- tests/checks/security`.\n';
  const texts = await Promise.all(files.sort().map((file) => readFile(join(folder, file), 'utf8')));
  const mistakes = texts.flatMap((text) => JSON.parse(text) as readonly StoppedMistake[]);
  const cell = (part: string): string => part.replaceAll('|', '\\|');
  return [
    '## Proof that the gates bite',
    '',
    `${mistakes.length} mistakes were made on purpose in copies, and each was stopped:`,
    '',
    '| mistake | stopped by | rule | what the gate says |',
    '| --- | --- | --- | --- |',
    ...mistakes.map(
      ({ mistake, gate, rule, message }) => `| ${[mistake, gate, rule, message].map(cell).join(' | ')} |`,
    ),
    '',
  ].join('\n');
}
