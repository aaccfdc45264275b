import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { createPaint } from '../../app/src/local/terminal.ts';
import { readSource } from '../build/source.ts';
import { nodeVersion } from '../node/node.ts';
import { openBench, type Pace } from './bench.ts';
import { describeResult } from './report/table.ts';
import { isMet, type BenchResult, type Section } from './result.ts';
import { scenarios } from './scenarios/all.ts';

interface Options {
  readonly only: readonly string[];
  readonly rounds?: number;
  readonly quick: boolean;
  readonly json?: string;
}

const projectRoot = fileURLToPath(new URL('../../', import.meta.url));
const thorough: Pace = { rounds: 5, warmUpSeconds: 2, seconds: 2 };
const quick: Pace = { rounds: 3, warmUpSeconds: 1, seconds: 1 };
const names = scenarios.map(({ name }) => name);
const usual = scenarios.filter(({ onDemand }) => onDemand !== true).map(({ name }) => name);

function readOptions(): Options {
  return new Command('make bench ARGS=--')
    .description(
      'Measures the service and what one would use instead, side by side, and prints how many times as fast it is.',
    )
    .addOption(
      new Option('--only <scenarios>', `comma-separated, of: ${names.join(', ')}`)
        .argParser(known)
        .default(usual, `all but ${names.filter((name) => !usual.includes(name)).join(', ')}`),
    )
    .addOption(
      new Option('--rounds <n>', 'fresh starts of each server, 1 to 50 (default: 5, quick: 3)').argParser(
        rounds,
      ),
    )
    .option('--quick', 'fewer and shorter rounds', false)
    .option('--json <file>', 'write the result there as well')
    .addHelpText(
      'after',
      '\nExit status: 0 measured and every target met, 1 a target missed or not measured, 2 misuse.',
    )
    .showHelpAfterError('Run it with --help to see all options.')
    .allowExcessArguments(false)
    .exitOverride()
    .parse()
    .opts<Options>();
}

function known(text: string): string[] {
  const asked = text.split(',').map((name) => name.trim());
  const unknown = asked.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new InvalidArgumentError(`There is no scenario ${unknown.join(', ')}.`);
  return asked;
}

function rounds(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= 50) return number;
  throw new InvalidArgumentError('It must be a whole number from 1 to 50.');
}

async function measure({ only, rounds, quick: isQuick }: Options): Promise<BenchResult> {
  const pace = { ...(isQuick ? quick : thorough), ...(rounds === undefined ? {} : { rounds }) };
  const startedAt = performance.now();
  const bench = await openBench(pace, (line) => {
    console.error(`${Math.round((performance.now() - startedAt) / 1_000)} s  ${line}`);
  });
  const sections: Section[] = [];
  try {
    for (const { name, title, measures, run } of scenarios.filter(({ name }) => only.includes(name))) {
      sections.push({ scenario: name, title, measures, ...(await run(bench)) });
    }
  } finally {
    await bench.close();
  }
  return {
    takenAt: new Date().toISOString(),
    node: nodeVersion,
    machine: `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${bench.pinning}`,
    loadGenerator: bench.load.name,
    rounds: pace.rounds,
    commit: readSource(projectRoot, process.env).commit,
    sections,
  };
}

try {
  const options = readOptions();
  const result = await measure(options);
  console.log(describeResult(result, createPaint(process.stdout)));
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
  const claims = result.sections.flatMap((section) => section.claims);
  process.exitCode = claims.some((claim) => isMet(claim) === false) ? 1 : 0;
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
