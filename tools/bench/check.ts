import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { baselineOf, confirm, holds, judge, scenarioOf, suspects, type Baseline } from './baseline.ts';
import { measure } from './measure.ts';
import { guarded, onlyOption, quick, roundsOption } from './options.ts';
import { describeJudgement, reportJudgements } from './report/judgements.ts';

interface Options {
  readonly only: readonly string[];
  readonly rounds?: number;
  readonly baseline: string;
  readonly store: boolean;
  readonly burdenUs?: number;
  readonly report: string;
}

const project = join(import.meta.dirname, '../..');
function readOptions(): Options {
  return new Command('make bench CHECK=yes ARGS=--')
    .description(
      'Measures a smaller form of `make bench` and compares each ratio with what is stored. The load is autocannon everywhere, so that figures of any machine can be compared.',
    )
    .addOption(onlyOption(guarded))
    .addOption(roundsOption())
    .option('--baseline <file>', 'what to compare with', join(import.meta.dirname, 'baseline.json'))
    .option('--store', 'store what is measured instead of comparing it', false)
    .addOption(
      new Option(
        '--burden-us <n>',
        'let the service waste CPU time on each request, to see the check fail',
      ).argParser(microseconds),
    )
    .option(
      '--report <file>',
      'a report for Code Insights (npm run insights)',
      join(project, 'reports/bench/report.json'),
    )
    .addHelpText(
      'after',
      '\nExit status: 0 nothing is worse than stored, 1 something is, or could not be compared, 2 misuse.',
    )
    .showHelpAfterError('Run it with --help to see all options.')
    .allowExcessArguments(false)
    .exitOverride()
    .parse()
    .opts<Options>();
}

function microseconds(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0 && number <= 100_000) return number;
  throw new InvalidArgumentError('It must be a whole number from 1 to 100,000.');
}

/** What is stored about these scenarios. */
function readBaseline(file: string, only: readonly string[]): Baseline {
  if (!existsSync(file)) return { commit: '', node: '', claims: {} };
  const stored = JSON.parse(readFileSync(file, 'utf8')) as Baseline;
  const asked = Object.entries(stored.claims).filter(([id]) => only.includes(scenarioOf(id)));
  return { ...stored, claims: Object.fromEntries(asked) };
}

async function check({ only, rounds, baseline, store, burdenUs, report }: Options): Promise<boolean> {
  const run = (scenarios: readonly string[]) =>
    measure({
      only: scenarios,
      pace: { ...quick, onlyTargets: true, ...(rounds === undefined ? {} : { rounds }) },
      portableLoad: true,
      ...(burdenUs === undefined ? {} : { burdenUs }),
    });
  const compared = async (scenarios: readonly string[]) =>
    judge(readBaseline(baseline, scenarios), await run(scenarios));
  if (store) {
    write(baseline, baselineOf(await run(only)));
    console.log(`Stored in ${baseline}.`);
    return true;
  }
  const first = await compared(only);
  const worse = suspects(first);
  if (worse.length > 0) console.error(`Measuring again what seems worse: ${worse.join(', ')}`);
  const judgements = worse.length > 0 ? confirm(first, await compared(worse)) : first;
  for (const judgement of judgements) console.log(describeJudgement(judgement));
  write(report, reportJudgements(judgements));
  return holds(judgements);
}

function write(file: string, content: unknown): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
}

try {
  if (!(await check(readOptions()))) {
    console.error(
      'Find what costs it (make bench ARGS="--only …"), or store the new ratios with a reason: --store.',
    );
    process.exitCode = 1;
  }
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
