import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { createCommand, runCommand } from '../../app/src/commands/command.ts';
import { Misuse, reasonOf } from '../../app/src/commands/problem.ts';
import { createPaint } from '../../app/src/commands/terminal.ts';
import { writeReport } from '../lib/insights.ts';
import { findInitialisedRoots } from '../lib/module-releases.ts';
import { output } from '../lib/processes.ts';
import { findImage } from '../lib/registry.ts';
import { gates } from './gates/all.ts';
import { readExceptions } from './gates/exceptions.ts';
import type { Gate, Target } from './gates/gate.ts';
import { readPolicy } from './gates/policy.ts';
import { describeGate, describeSum, toInsights, toMarkdown } from './gates/reports.ts';
import { exitCode, judge } from './gates/verdict.ts';
import { digestInputs, environments } from './plans/inputs.ts';
import { planEnvironments } from './plans/live.ts';

const project = resolve(import.meta.dirname, '../..');

interface Options {
  readonly strict: boolean;
  readonly only?: readonly string[];
  readonly image?: string;
  readonly report: string;
}

const command = createCommand(
  'make security',
  'Run every security gate and write one report: terminal, and reports/security/ as Markdown and JSON',
)
  .option(
    '--strict',
    'a gate that could not look fails too (as with STRICT=1)',
    process.env['STRICT'] === '1',
  )
  .option('--only <names...>', `only these of: ${gates.map(({ id }) => id).join(', ')}`)
  .option('--image <name>', 'this image: of a registry (by digest), or of the container engine here')
  .option('--report <folder>', 'where the reports go', 'reports/security')
  .addHelpText(
    'after',
    `
A deployed image again, by what is known today:
  make security ARGS="--strict --image <repository>@sha256:… --only trivy-image trivy-image-vulnerabilities"

Exit codes: 0 nothing blocks, 1 something does, 2 misuse, 3 nothing blocks, but with --strict a gate could not look.`,
  );

/** What the gates look at: the project, its plans (made here unless they are fresh), its modules, its image; only what they need is made. */
async function prepareTarget(selected: readonly Gate[], image: string | undefined): Promise<Target> {
  const isNeeded = (part: 'plans' | 'image'): boolean =>
    selected.some(({ needs = [] }) => needs.includes(part));
  const unneeded = { missing: 'no gate asked for it' };
  const copy = join(project, '.cache', 'plans', 'tree');
  return {
    root: project,
    plans: isNeeded('plans') ? await plan() : unneeded,
    // Where Terraform works: the project's own roots, and the copy that the plans are made in.
    initialised: [
      ...(await findInitialisedRoots(join(project, 'terraform'))),
      ...(existsSync(copy) ? await findInitialisedRoots(copy) : []),
    ],
    image: isNeeded('image') ? await findImage(project, image) : unneeded,
  };
}

async function plan(): Promise<Target['plans']> {
  try {
    await planEnvironments(project, console.log);
    const inputs = await digestInputs(project);
    return new Map(
      environments.map((name) => [name, join(project, '.cache', 'plans', `${name}-${inputs}.json`)]),
    );
  } catch (error) {
    return { missing: `the environments can't be planned: ${reasonOf(error)}` };
  }
}

await runCommand(async (argv) => {
  const { strict, only: wanted, image, report } = command.parse(argv, { from: 'user' }).opts<Options>();
  const ids = gates.map(({ id }) => id);
  const unknown = wanted?.filter((id) => !ids.includes(id)) ?? [];
  if (unknown.length > 0)
    throw new Misuse(`There is no gate ${unknown.join(', ')}.`, 'make security ARGS=--help lists them.');
  const [policy, exceptions] = await Promise.all([readPolicy(project), readExceptions(project, ids)]);
  const paint = createPaint(process.stdout);
  const selected = gates.filter(({ id }) => wanted?.includes(id) ?? true);
  const target = await prepareTarget(selected, image);
  const verdict = await judge(selected, target, {
    policy,
    exceptions,
    commit: await output('git', ['rev-parse', 'HEAD'], { cwd: project }),
    now: () => new Date(),
    tell: (gate) => {
      console.log(describeGate(gate, paint));
    },
  });
  const folder = resolve(project, report);
  await mkdir(folder, { recursive: true });
  await Promise.all([
    writeFile(join(folder, 'report.md'), toMarkdown(verdict)),
    writeFile(join(folder, 'verdict.json'), `${JSON.stringify(verdict, null, 1)}\n`),
    writeReport(folder, toInsights(verdict)),
  ]);
  console.log(`\n${describeSum(verdict)}; ${relative(project, folder)}/report.md`);
  if (verdict.gates.some((gate) => gate.verdict === 'blocked'))
    console.log(
      'Change what a gate names, or enter it in security/exceptions.yaml: with a reason, what protects instead, an owner and an end.',
    );
  // Of a machine without internet: pipeline-local names those that ask a service there. They are told as not checked all the same.
  return exitCode(verdict, strict, (process.env['UNREACHABLE_GATES'] ?? '').split(','));
});
