import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { createCommand, runCommand, wholeNumber } from '../../../app/src/commands/command.ts';
import { Misuse } from '../../../app/src/commands/problem.ts';
import { cacheDirectory } from '../../lib/terraform/environment.ts';
import { openConfinement } from './confinement.ts';
import { type Played, type Scenario, scenarios } from './scenarios.ts';
import { openWorld } from './world.ts';

const project = resolve(import.meta.dirname, '../../..');
// Not in the project: its tools would look into every clone. Each working copy has a folder of its own.
const home = join(
  cacheDirectory('pipeline-local', process.env),
  createHash('sha256').update(project).digest('hex').slice(0, 8),
);
const say = (line: string): void => {
  console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);
};

interface Options {
  readonly only: readonly string[];
  readonly confined?: true;
  readonly cold?: true;
  readonly slowness: number;
}

const list = (text: string): readonly string[] => text.split(',').filter((part) => part !== '');

function chosenScenarios(only: readonly string[]): typeof scenarios {
  const unknown = only.filter((id) => !scenarios.some((scenario) => scenario.id === id));
  if (unknown.length > 0)
    throw new Misuse(
      `There is no scenario ${unknown.join(', ')}.`,
      `There is ${scenarios.map(({ id }) => id).join(', ')}.`,
    );
  const chosen = scenarios.filter(({ id }) => only.length === 0 || only.includes(id));
  const missing = chosen.find(({ after }) => after !== undefined && !chosen.some(({ id }) => id === after));
  if (missing?.after !== undefined)
    throw new Misuse(
      `${missing.id} needs what ${missing.after} leaves.`,
      `--only ${missing.after},${missing.id}`,
    );
  return chosen;
}

async function playScenarios({ only, confined, cold, slowness }: Options): Promise<number> {
  const chosen = chosenScenarios(only);
  for (const tool of ['crane', 'cosign', 'trivy'])
    if (!existsSync(join(project, '.cache', 'bin', tool)))
      throw new Misuse(`${tool} is not built.`, `make .cache/bin/${tool}`);
  const confinement = confined ? await openConfinement(dirname(home), say) : undefined;
  // No base image can be pulled here, perhaps, and no advisory be asked for.
  const UNREACHABLE_GATES = 'trivy-vulnerabilities,trivy-image-vulnerabilities,npm-audit,npm-signatures';
  const variables = { IMAGE_LOCAL_BASE: '1', UNREACHABLE_GATES, LOCAL_PORT: process.env['LOCAL_PORT'] };
  const isCold = cold === true;
  const world = await openWorld({ project, home, say, confinement, isCold, slowness, variables });
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
      const played = await scenario.play(world, say);
      told.push({ scenario, played, seconds: (Date.now() - startedAt) / 1_000 });
    }
  } finally {
    await world.close();
    const reports = join(project, 'reports', 'pipeline-local');
    await mkdir(reports, { recursive: true });
    const report = describeRun(told);
    await writeFile(join(reports, 'report.md'), report);
    console.log(`\n${report}\nReport: reports/pipeline-local/report.md`);
  }
  const holds = told.every(({ played }) => played.faults.length === 0);
  if (holds) await rm(join(home, 'runs'), { recursive: true, force: true });
  else console.log(`Clones and logs: ${join(home, 'runs')}`);
  return holds ? 0 : 1;
}

const program = createCommand(
  'make pipeline-local',
  'Runs the pipeline of main on this machine, step by step in clean clones, against an emulated account. The manual step is ' +
    'approved by this runner.',
)
  .usage('[ARGS="options"]')
  .option('--only <ids>', 'scenarios, separated by commas (default: all)', list, [])
  .option(
    '--confined',
    "each step in a file system with what the pipeline's image has (root on Linux, debootstrap)",
  )
  .option('--cold', 'caches begin empty, but for the archives of tools/install/toolchain.json')
  .option('--slowness <n>', 'let a step take n times its limit here', wholeNumber(1, 20), 1)
  .addHelpText('after', '\nExit codes: 0 every scenario holds, 1 one does not, 2 misuse.');

await runCommand((argv) => {
  program.parse(argv, { from: 'user' });
  return playScenarios(program.opts<Options>());
});

interface Told {
  readonly scenario: Pick<Scenario, 'id' | 'title'>;
  readonly played: Played;
  readonly seconds: number;
}

/** The whole run: each scenario with its outcome, what was seen, and the time of each step. */
function describeRun(told: readonly Told[]): string {
  return ['# The pipeline, run on this machine', '', ...told.flatMap(describe)].join('\n');
}

function describe({ scenario, played: { steps, facts, faults }, seconds }: Told): readonly string[] {
  return [
    `## ${scenario.id}: ${scenario.title}`,
    '',
    `**${verdictOf(faults)}**, ${duration(seconds)}`,
    '',
    ...[...facts, ...faults].map((line) => `- ${line}`),
    '',
    '| step | outcome | time | of processors | line that failed |',
    '|---|---|---|---|---|',
    ...steps.map(({ name, outcome, seconds: took, processorSeconds, line }) => {
      const [time, busy] = [took, processorSeconds ?? 0].map((one) => (one === 0 ? '' : duration(one)));
      return `| ${name} | ${outcome} | ${time ?? ''} | ${busy ?? ''} | ${line === undefined ? '' : `\`${line}\``} |`;
    }),
    '',
  ];
}

function verdictOf(faults: readonly string[]): string {
  return faults.length > 0 ? 'FAILED' : 'holds';
}

function duration(exactly: number): string {
  const seconds = Math.round(exactly);
  const rest = String(seconds % 60).padStart(2, '0');
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${rest} s`;
}
