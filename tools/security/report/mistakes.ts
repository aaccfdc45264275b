import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One mistake that was made on purpose, and the gate that stopped it. */
export interface StoppedMistake {
  readonly mistake: string;
  readonly gate: string;
  readonly rule: string;
  readonly message: string;
}

export const mistakesFile = join('reports', 'security', 'mistakes.json');

/** The table of which gate stops what, from the last run of tests/security/mistakes. */
export async function describeMistakes(root: string): Promise<string> {
  const text = await readFile(join(root, mistakesFile), 'utf8').catch(() => undefined);
  if (text === undefined)
    return '## Proof that the gates bite\n\nNot run yet: `npm test -- tests/security`.\n';
  const mistakes = JSON.parse(text) as readonly StoppedMistake[];
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
