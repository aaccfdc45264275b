import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createCommand, runCommand } from '../../../app/src/commands/command.ts';
import { Misuse } from '../../../app/src/commands/problem.ts';
import { markdownTable } from '../../lib/markdown.ts';
import { output } from '../../lib/processes.ts';
import { draw } from './draw.ts';
import { inBatches, startJudge } from './judge.ts';
import { readTable, sumUp, type Outcome } from './table.ts';

/** `make mutants`: makes known mistakes, one at a time, in a copy, and asks whether a check stops each. */
const project = resolve(import.meta.dirname, '../../..');
const workers = 2;

await runCommand(async (argv) => {
  const command = createCommand(
    'make mutants',
    'Make mistakes on purpose: is each stopped by a check of its own?',
  )
    .option('--only <text...>', 'only mistakes whose name holds one of these texts')
    .option('--seed <text>', 'what half of them are drawn by', 'movies')
    .option('--list', 'name them, and judge none', false)
    .addHelpText(
      'after',
      '\nThe table: tools/checks/mutants/mistakes.txt.\n\nExit codes: 0 at least 95 % are stopped, 1 fewer are, 2 misuse.',
    )
    .parse(argv, { from: 'user' });
  const { only, seed, list } = command.opts<{ only?: readonly string[]; seed: string; list: boolean }>();
  const names = (await output('git', ['ls-files'], { cwd: project })).split('\n');
  const read = async (file: string): Promise<[string, string]> => [
    file,
    await readFile(join(project, file), 'utf8'),
  ];
  const files = new Map(
    await Promise.all(
      names.filter((name) => /\.(tf|tfvars|ya?ml|ts|json)$|^(Docker|Make)file$/.test(name)).map(read),
    ),
  );
  const [, table] = await read('tools/checks/mutants/mistakes.txt');
  const mistakes = readTable(table, files, draw(seed, files)).filter(
    ({ id }) => only?.some((text) => id.includes(text)) ?? true,
  );
  if (mistakes.length === 0)
    throw new Misuse(`No mistake is called like ${only?.join(' or ') ?? 'this'}.`, 'Name them: --list.');
  if (list) {
    console.log([...mistakes.map(({ id }) => id), `${mistakes.length} mistakes`].join('\n'));
    return 0;
  }

  const startedAt = performance.now();
  const commit = await output('git', ['rev-parse', 'HEAD'], { cwd: project });
  const batches = inBatches(mistakes.filter(({ equivalent }) => equivalent === undefined));
  const outcomes: Outcome[] = mistakes
    .filter(({ equivalent }) => equivalent !== undefined)
    .map((mistake) => ({ mistake }));
  const clean = new Map<string, Promise<boolean>>();
  const work = async (): Promise<void> => {
    const judge = await startJudge(project, clean);
    try {
      for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
        if (batch.length > 1) await judge.planTogether(batch);
        for (const mistake of batch) {
          const outcome = await judge.judge(mistake);
          outcomes.push(outcome);
          const { stopped } = outcome;
          console.log(
            `${stopped === undefined ? 'NOT STOPPED' : 'stopped'}  ${mistake.id}${stopped === undefined ? '' : `  by ${stopped.check}: ${stopped.sentence}`}`,
          );
        }
      }
    } finally {
      await judge.end();
    }
  };
  await Promise.all(Array.from({ length: workers }, work));

  const { isGood, lines } = sumUp(outcomes);
  console.log(lines.join('\n'));
  // The evidence takes it for the whole.
  if (only !== undefined) return isGood ? 0 : 1;
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const rows = mistakes.map((mistake) => {
    const { stopped } = outcomes.find((outcome) => outcome.mistake === mistake) ?? {};
    const { equivalent, lives } = mistake;
    return [
      mistake.id,
      equivalent === undefined ? (stopped?.check ?? '**nothing**') : 'equivalent',
      stopped?.sentence ?? equivalent ?? lives ?? '',
    ].map(cell);
  });
  const folder = join(project, 'reports', 'mutants');
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, 'mutants.md'),
    `# Mistakes made on purpose\n\n${lines.at(-1) ?? ''}, in ${Math.round((performance.now() - startedAt) / 1_000)} s, of commit ${commit}\n\n${markdownTable(['mistake ', 'stopped by ', 'sentence '], rows)}\n`,
  );
  return isGood ? 0 : 1;
});
