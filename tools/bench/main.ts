import { Command, CommanderError } from 'commander';
import { createPaint } from '../../app/src/commands/terminal.ts';
import { measure } from './measure.ts';
import { onlyOption, quick, roundsOption, thorough } from './options.ts';
import { publish, recorded, record, report } from './publish.ts';
import { describeResult } from './report/table.ts';
import { isMet, type BenchResult } from './result.ts';
import { scenarios } from './scenarios/all.ts';

interface Options {
  readonly only: readonly string[];
  readonly rounds?: number;
  readonly quick: boolean;
  readonly record: boolean;
  readonly publish: boolean;
}

const usual = scenarios.filter(({ onDemand }) => onDemand !== true).map(({ name }) => name);

function readOptions(): Options {
  return new Command('make bench ARGS=--')
    .description(
      'Measures the service and what one would use instead, side by side, and prints how many times as fast it is. Table on standard output; JSON and chart in reports/bench.',
    )
    .addOption(onlyOption(usual))
    .addOption(roundsOption())
    .option('--quick', 'fewer and shorter rounds', false)
    .option('--record', 'keep the result as the published one, and publish it', false)
    .option('--publish', 'measure nothing: write table and chart of the docs from what is recorded', false)
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

function result({ only, rounds, quick: isQuick, record: isKept }: Options): Promise<BenchResult> {
  return measure({
    only,
    pace: { ...(isQuick ? quick : thorough), ...(rounds === undefined ? {} : { rounds }) },
    onSection: (section) => {
      if (isKept) record({ sections: [section] });
    },
  });
}

try {
  const options = readOptions();
  const shown = options.publish ? recorded() : await result(options);
  console.log(describeResult(shown, createPaint(process.stdout)));
  if (!options.publish) report(shown);
  if (options.record || options.publish) publish();
  const claims = shown.sections.flatMap((section) => section.claims);
  process.exitCode = claims.some((claim) => isMet(claim) === false) ? 1 : 0;
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
