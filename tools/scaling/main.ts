import { readFileSync, writeFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { docs, publishedStudy } from './publish.ts';

function readOptions(): { check: boolean } {
  return new Command('make scaling ARGS=--')
    .description(
      'Simulates which movies are asked for, with the real cache, and writes hit rates, read units, limits and cost into docs/scaling.md, with its chart.',
    )
    .option('--check', 'write nothing; fail when the docs say something else', false)
    .addHelpText('after', '\nExit status: 0 done, 1 the docs differ (with --check), 2 misuse.')
    .showHelpAfterError('Run it with --help to see all options.')
    .allowExcessArguments(false)
    .exitOverride()
    .parse()
    .opts();
}

try {
  const { check } = readOptions();
  const before = {
    page: readFileSync(docs.page, 'utf8'),
    chart: readFileSync(docs.chart, { flag: 'a+', encoding: 'utf8' }),
  };
  const { page, chart } = await publishedStudy(before.page, (line) => {
    console.error(line);
  });
  const differs = page !== before.page || chart !== before.chart;
  if (check && differs) {
    console.error('docs/scaling.md or its chart is not what is simulated: run `make scaling`.');
    process.exitCode = 1;
  } else if (!check) {
    writeFileSync(docs.page, page);
    writeFileSync(docs.chart, chart);
    console.log(
      differs ? 'Wrote docs/scaling.md and its chart.' : 'docs/scaling.md and its chart are up to date.',
    );
  }
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
