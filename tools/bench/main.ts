import { cpus } from 'node:os';
import { Option } from 'commander';
import { createCommand, runCommand, wholeNumber } from '../../app/src/commands/command.ts';
import { Misuse } from '../../app/src/commands/problem.ts';
import { median, startIssuer } from './load.ts';
import { compare, judge, memory, start, throttled, type Bench, type Figure } from './measures.ts';
import { buildPrograms } from './processes.ts';
import { scenarios } from './scenarios.ts';

interface Options {
  readonly only: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  readonly against?: string;
  readonly quick: boolean;
}

const others: Readonly<Record<string, (bench: Bench) => Promise<Figure[]>>> = { throttled, start, memory };
const names = [...scenarios.map(({ name }) => name), ...Object.keys(others)];

const command = createCommand(
  'make bench',
  'Measure the service, the commit it started from, and rivals, side by side in one run.',
)
  .addOption(
    new Option('--only <name>', 'only this scenario; may be given again')
      .argParser((name: string, before: readonly string[]) => {
        if (!names.includes(name))
          throw new Misuse(`There is no scenario ${name}.`, `There are: ${names.join(', ')}.`);
        return [...before, name];
      })
      .default([], 'all'),
  )
  .option('--rounds <n>', 'fresh starts of each server; the median is told', wholeNumber(1, 50), 5)
  .option('--seconds <n>', 'of load in each round, after as long to warm up', wholeNumber(1, 600), 4)
  .option('--connections <n>', 'requests under way at the same time', wholeNumber(1, 1_000), 32)
  .option(
    '--quick',
    'one read from the table and one from memory, three rounds: what a pull request runs',
    false,
  )
  .option('--against <commit>', 'compare with this commit instead of the merge base with main')
  .addHelpText('after', `\nScenarios: ${names.join(', ')}\nExit code 1: a bound is missed.`);

const number = (value: number) => (value >= 100 ? value.toFixed(0) : value.toFixed(2));

function line(figure: Figure): string {
  const { text, unit, values, atLeast, atMost } = figure;
  const bound = atLeast !== undefined ? `≥ ${atLeast}` : atMost !== undefined ? `≤ ${atMost}` : '';
  const span = values.length > 1 ? `${number(Math.min(...values))} to ${number(Math.max(...values))}` : '';
  return `| ${text} | ${number(median(values))} ${unit} | ${span} | ${bound} | ${judge(figure) ?? ''} |`;
}

await runCommand(async (argv) => {
  const { against, seconds, connections, quick, ...given } = command
    .parse([...argv], { from: 'user' })
    .opts<Options>();
  const only = quick ? ['table', 'memory-hits'] : given.only;
  const rounds = quick ? 3 : given.rounds;
  const say = (text: string) => process.stderr.write(`${text}\n`);
  const isWanted = (name: string) => only.length === 0 || only.includes(name);
  const programs = scenarios
    .filter(({ name }) => isWanted(name))
    .flatMap(({ subjects }) => subjects.map(({ program }) => program));
  const { start: startServer, missing } = await buildPrograms(
    { programs, ...(against === undefined ? {} : { against }) },
    say,
  );
  const issuer = await startIssuer();
  const bench: Bench = {
    start: startServer,
    token: issuer.token,
    issuer: issuer.settings,
    pace: { rounds, warmUpMs: seconds * 1_000, ms: seconds * 1_000, connections },
    say,
  };
  const figures: Figure[] = [];
  try {
    for (const scenario of scenarios.filter(({ name }) => isWanted(name))) {
      const subjects = scenario.subjects.filter(({ program }) => !missing.has(program));
      figures.push(...(await compare(bench, { ...scenario, subjects })));
    }
    for (const [name, measure] of Object.entries(others))
      if (isWanted(name)) figures.push(...(await measure(bench)));
  } finally {
    await issuer.stop();
  }
  console.log(
    `Node.js ${process.versions.node}, ${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${rounds} rounds\n`,
  );
  console.log('| measured | median | least to most | wanted | |\n|---|---:|---:|---:|---|');
  for (const figure of figures) console.log(line(figure));
  for (const [program, why] of missing) console.log(`\nnot measured: ${program} (${why})`);
  return figures.some((figure) => judge(figure) === 'missed') ? 1 : 0;
});
