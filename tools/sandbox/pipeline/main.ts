import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { Misuse, Problem, reasonOf } from '../../../app/src/commands/problem.ts';
import { cacheDirectory } from '../../lib/terraform/environment.ts';
import { describeRun, describeTable, type Told } from './report.ts';
import type { Scenario } from './scenario.ts';
import { badRelease } from './scenarios/bad-release.ts';
import { brokenCommits } from './scenarios/broken-commits.ts';
import { byHand } from './scenarios/by-hand.ts';
import { changedPlan } from './scenarios/changed-plan.ts';
import { drift } from './scenarios/drift.ts';
import { goodCommit } from './scenarios/good-commit.ts';
import { rescan } from './scenarios/rescan.ts';
import { openWorld } from './world.ts';

const project = resolve(import.meta.dirname, '../../..');
// Not in the project: its tools would look into every clone. Each working copy has a folder of its own.
const home = join(
  cacheDirectory('pipeline-local', process.env),
  createHash('sha256').update(project).digest('hex').slice(0, 8),
);
const scenarios: readonly Scenario[] = [
  goodCommit,
  changedPlan,
  drift,
  rescan,
  byHand,
  badRelease,
  ...brokenCommits,
];
const say = (line: string): void => {
  console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);
};

interface Options {
  readonly only: readonly string[];
  readonly leaveOut: readonly string[];
  readonly oneByOne: boolean;
  readonly keep: boolean;
}

const list = (text: string): readonly string[] => text.split(',').filter((part) => part !== '');

function readOnly(text: string): readonly string[] {
  const ids = list(text);
  const unknown = ids.find((id) => !scenarios.some((scenario) => scenario.id === id));
  if (unknown === undefined) return ids;
  throw new InvalidArgumentError(`There is ${scenarios.map(({ id }) => id).join(', ')}; not ${unknown}.`);
}

function readOptions(): Options {
  return new Command('make pipeline-local')
    .usage('[ARGS="options"]')
    .description(
      'Runs the pipeline of main on this machine, step by step in clean clones, against an emulated account. The manual step is ' +
        'approved by this runner.',
    )
    .option('--only <ids>', 'scenarios, separated by commas (default: all)', readOnly, [])
    .option('--leave-out <steps>', 'beginnings of the names of steps, separated by commas', list, [])
    .option('--one-by-one', 'steps of a parallel one after another: each has the machine to itself', false)
    .option('--keep', 'keep clones and logs of a run in which everything holds', false)
    .addHelpText('after', '\nExit codes: 0 every scenario holds, 1 one does not, 2 misuse.')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .allowExcessArguments(false)
    .parse()
    .opts<Options>();
}

function checkMachine(): void {
  for (const tool of ['crane', 'cosign', 'trivy'])
    if (!existsSync(join(project, '.cache', 'bin', tool)))
      throw new Misuse(`${tool} is not built.`, `make .cache/bin/${tool}`);
}

async function main({ only, leaveOut, oneByOne, keep }: Options): Promise<boolean> {
  checkMachine();
  const chosen = scenarios.filter(({ id }) => only.length === 0 || only.includes(id));
  const missing = chosen.find(({ after }) => after !== undefined && !chosen.some(({ id }) => id === after));
  if (missing?.after !== undefined)
    throw new Misuse(
      `${missing.id} needs what ${missing.after} leaves.`,
      `--only ${missing.after},${missing.id}`,
    );
  const world = await openWorld({
    project,
    home,
    say,
    oneByOne,
    // No base image can be pulled here, perhaps.
    variables: { IMAGE_LOCAL_BASE: '1' },
  });
  const told: Told[] = [];
  try {
    for (const scenario of chosen) {
      say(`${scenario.id}: ${scenario.title}`);
      const before = told.find((one) => one.scenario.id === scenario.after);
      if (before !== undefined && before.played.faults.length > 0) {
        say(`${scenario.id}: not played, for ${before.scenario.id} does not hold`);
        continue;
      }
      const startedAt = Date.now();
      const played = await scenario.play(world, { leftOut: leaveOut, say });
      told.push({ scenario, played, seconds: (Date.now() - startedAt) / 1_000, oneByOne });
    }
  } finally {
    await world.close();
    const reports = join(project, 'reports', 'pipeline-local');
    await mkdir(reports, { recursive: true });
    await writeFile(join(reports, 'report.md'), describeRun(told));
    console.log(`\n${describeTable(told)}\n\nReport: reports/pipeline-local/report.md`);
  }
  const holds = told.every(({ played }) => played.faults.length === 0);
  if (holds && !keep) await rm(join(home, 'runs'), { recursive: true, force: true });
  else console.log(`Clones and logs: ${join(home, 'runs')}`);
  return holds;
}

try {
  process.exitCode = (await main(readOptions())) ? 0 : 1;
} catch (error) {
  console.error(error instanceof Problem ? `\n${error.message}\n${error.remedy}` : reasonOf(error));
  process.exitCode = error instanceof Problem ? error.exitCode : 1;
}
