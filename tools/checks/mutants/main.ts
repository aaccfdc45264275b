import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createCommand, runCommand, wholeNumber } from '../../../app/src/commands/command.ts';
import { Misuse } from '../../../app/src/commands/problem.ts';
import { markdownTable } from '../../lib/markdown.ts';
import { output } from '../../lib/processes.ts';
import { draw } from './draw.ts';
import { inBatches, isPlanned, startJudge, type Judge } from './judge.ts';
import { readTable, sumUp, type Mistake, type Outcome } from './table.ts';

/** `make mutants`: makes known mistakes, one at a time, in a copy, and asks whether a check stops each. */
const project = resolve(import.meta.dirname, '../../..');

await runCommand(async (argv) => {
  const command = createCommand(
    'make mutants',
    'Make mistakes on purpose: is each stopped by a check of its own?',
  )
    .option('--only <text...>', 'only mistakes whose name holds one of these texts')
    .option('--seed <text>', 'what half of them are drawn by', 'movies')
    .option(
      '--minutes <number>',
      'end after so many; the same command then goes on where it was',
      wholeNumber(1, 600),
      600,
    )
    .option('--workers <number>', 'so many at a time', wholeNumber(1, 16), 2)
    .option('--list', 'name them, and judge none', false)
    .addHelpText(
      'after',
      '\nThe table: tools/checks/mutants/mistakes.txt.\n\nExit codes: 0 at least 95 % are stopped, 1 fewer are, 2 misuse.',
    )
    .parse(argv, { from: 'user' });
  const { only, seed, list, minutes, workers } = command.opts<{
    only?: readonly string[];
    seed: string;
    list: boolean;
    minutes: number;
    workers: number;
  }>();
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

  const kept = await keepAnswers(names, seed);
  const ends = Date.now() + minutes * 60_000;
  const outcomes = new Map<string, Outcome>(
    mistakes.filter(({ equivalent }) => equivalent !== undefined).map((mistake) => [mistake.id, { mistake }]),
  );
  for (const mistake of mistakes) {
    const outcome = kept.outcomes.get(mistake.id);
    if (outcome !== undefined) outcomes.set(mistake.id, { mistake, ...outcome });
  }
  const tellOf = async (phase: string, mistake: Mistake, outcome: Outcome | undefined): Promise<void> => {
    if (outcome === undefined) return kept.add({ id: mistake.id, phase });
    outcomes.set(mistake.id, outcome);
    const { stopped, otherwise } = outcome;
    console.log(
      `${stopped === undefined ? 'NOT STOPPED' : 'stopped'}  ${mistake.id}${stopped === undefined ? (otherwise ?? '') : `  by ${stopped.check}: ${stopped.sentence}`}`,
    );
    const { mistake: _, ...rest } = outcome;
    await kept.add({ id: mistake.id, ...rest });
  };
  const clean = new Map<string, Promise<boolean>>();
  const judges = await Promise.all(Array.from({ length: workers }, () => startJudge(project, clean)));
  /** Gives each judge the next work until there is none, or the time is over. */
  const share = async <T>(
    works: readonly T[],
    act: (judge: Judge, work: T) => Promise<void>,
  ): Promise<void> => {
    const left = [...works];
    await Promise.all(
      judges.map(async (judge) => {
        for (let work = left.shift(); work !== undefined && Date.now() < ends; work = left.shift())
          await act(judge, work);
      }),
    );
  };
  const open = (phase: string): readonly Mistake[] =>
    mistakes.filter(({ id }) => !outcomes.has(id) && !kept.passed(id, phase));
  try {
    await share(open('quick'), async (judge, mistake) => {
      await tellOf('quick', mistake, await judge.askQuick(mistake));
    });
    for (const [phase, environments, most] of [
      ['prod', ['prod'], 16],
      ['others', ['dev', 'staging'], 16],
      // Who has shown itself in no part of a plan gets a plan of its own.
      ['alone', ['prod'], 1],
    ] as const) {
      const batches = inBatches(open(phase).filter(isPlanned), files, most);
      await share(batches, (judge, batch) =>
        judge.askOnPlans(batch, environments, (mistake, outcome) => tellOf(phase, mistake, outcome)),
      );
    }
    await share(open('late'), async (judge, mistake) => {
      await tellOf('late', mistake, await judge.askLate(mistake));
    });
  } finally {
    await Promise.all(judges.map((judge) => judge.end()));
    await kept.end();
  }
  const left = mistakes.filter(({ id }) => !outcomes.has(id)).length;
  if (left > 0) {
    console.log(`${left} of ${mistakes.length} mistakes are left: the same command goes on with them`);
    return 1;
  }

  const { isGood, lines } = sumUp([...outcomes.values()]);
  console.log(lines.join('\n'));
  // The evidence takes it for the whole.
  if (only !== undefined) return isGood ? 0 : 1;
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const rows = mistakes.map((mistake) => {
    const { stopped } = outcomes.get(mistake.id) ?? {};
    const { equivalent, lives } = mistake;
    return [
      mistake.id,
      equivalent === undefined ? (stopped?.check ?? '**nothing**') : 'equivalent',
      stopped?.sentence ?? equivalent ?? lives ?? '',
    ].map(cell);
  });
  const commit = await output('git', ['rev-parse', 'HEAD'], { cwd: project });
  const folder = join(project, 'reports', 'mutants');
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, 'mutants.md'),
    `# Mistakes made on purpose\n\n${lines.at(-1) ?? ''}, in ${kept.seconds()} s (${kept.processorSeconds()} s of processors), drawn by ${seed}, of commit ${commit}\n\n${markdownTable(['mistake ', 'stopped by ', 'sentence '], rows)}\n`,
  );
  return isGood ? 0 : 1;
});

interface Answer extends Omit<Outcome, 'mistake'> {
  readonly id: string;
  /** It was not stopped by what was asked until then. */
  readonly phase?: string;
}
type Line = Answer | { readonly seconds: number; readonly processorSeconds: number };

/** Answers of a run that was interrupted, or ended by its time, hold as long as no file has changed. */
async function keepAnswers(names: readonly string[], seed: string) {
  const hash = createHash('sha256').update(seed);
  for (const name of names)
    if (existsSync(join(project, name))) hash.update(name).update(await readFile(join(project, name)));
  const folder = join(project, '.cache', 'mutants');
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${hash.digest('hex').slice(0, 16)}.jsonl`);
  const lines = (existsSync(file) ? (await readFile(file, 'utf8')).split('\n') : [])
    .filter((text) => text !== '')
    .map((text) => JSON.parse(text) as Line);
  const answers = lines.filter((line) => 'id' in line);
  const sum = (of: 'seconds' | 'processorSeconds'): number =>
    lines.reduce((total, line) => total + ('seconds' in line ? line[of] : 0), 0);
  const startedAt = performance.now();
  const seconds = (): number => Math.round(sum('seconds') + (performance.now() - startedAt) / 1_000);
  const processorSeconds = (): number => Math.round(sum('processorSeconds') + usedByProcessors());
  const add = (line: Line): Promise<void> => appendFile(file, `${JSON.stringify(line)}\n`);
  return {
    outcomes: new Map(
      answers.filter(({ phase }) => phase === undefined).map(({ id, ...outcome }) => [id, outcome]),
    ),
    passed: (id: string, phase: string): boolean =>
      answers.some((answer) => answer.id === id && answer.phase === phase),
    add: async (line: Answer): Promise<void> => {
      answers.push(line);
      await add(line);
    },
    seconds,
    processorSeconds,
    end: () =>
      add({
        seconds: (performance.now() - startedAt) / 1_000,
        processorSeconds: usedByProcessors(),
      }),
  };
}

/** What this process and those that it has waited for took, in seconds; the latter where the system tells it. */
function usedByProcessors(): number {
  const { user, system } = process.cpuUsage();
  const stat = existsSync('/proc/self/stat') ? readFileSync('/proc/self/stat', 'utf8') : '';
  const [children = 0, ofTheirSystem = 0] =
    stat.split(') ').at(-1)?.split(' ').slice(13, 15).map(Number) ?? [];
  return (user + system) / 1_000_000 + (children + ofTheirSystem) / 100;
}
