import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { Command, CommanderError } from 'commander';
import { Misuse, Problem } from '../../app/src/commands/problem.ts';
import { createPaint } from '../../app/src/commands/terminal.ts';
import { readExceptions } from './exceptions.ts';
import { gates } from './gates.ts';
import { readPolicy } from './policy.ts';
import { describeMistakes } from './report/mistakes.ts';
import { writeReport } from '../lib/insights.ts';
import { toInsights } from './report/insights.ts';
import { toJUnit } from './report/junit.ts';
import { toMarkdown } from './report/markdown.ts';
import { toSarif } from './report/sarif.ts';
import { describeGate, describeSum } from './report/table.ts';
import { prepareTarget } from './target.ts';
import { exitCode, judge } from './verdict.ts';

const project = resolve(import.meta.dirname, '../..');

interface Options {
  readonly strict: boolean;
  readonly only?: readonly string[];
  readonly image?: string;
  readonly report: string;
}

const command = new Command('make security')
  .description(
    'Run every security gate and write one report: terminal, and reports/security/ as SARIF, JUnit, Markdown, JSON',
  )
  .option('--strict', 'a gate that could not look fails too', false)
  .option('--only <names...>', `only these of: ${gates.map(({ id }) => id).join(', ')}`)
  .option('--image <name>', 'this image: of a registry (by digest), or of the container engine here')
  .option('--report <folder>', 'where the reports go', 'reports/security')
  .addHelpText(
    'after',
    `
A deployed image again, by what is known today:
  make security ARGS="--strict --image <repository>@sha256:… --only trivy-image trivy-image-vulnerabilities"

Exit codes: 0 nothing blocks, 1 something does, 2 misuse, 3 nothing blocks, but with --strict a gate could not look.`,
  )
  .allowExcessArguments(false)
  .exitOverride();

async function main(): Promise<number> {
  const { strict, only: wanted, image, report } = command.parse().opts<Options>();
  const unknown = wanted?.filter((id) => !gates.some((gate) => gate.id === id)) ?? [];
  if (unknown.length > 0)
    throw new Misuse(`There is no gate ${unknown.join(', ')}.`, 'make security ARGS=--help lists them.');
  const [policy, exceptions] = await Promise.all([
    readPolicy(project),
    readExceptions(
      project,
      gates.map(({ id }) => id),
    ),
  ]);
  const paint = createPaint(process.stdout);
  const selected = gates.filter(({ id }) => wanted?.includes(id) ?? true);
  const target = await prepareTarget({ root: project, gates: selected, image }, console.log);
  const verdict = await judge(selected, target, {
    policy,
    exceptions,
    commit: execFileSync('git', ['rev-parse', 'HEAD'], { cwd: project }).toString().trim(),
    now: () => new Date(),
    tell: (gate) => {
      console.log(describeGate(gate, paint));
    },
  });
  const folder = resolve(project, report);
  await mkdir(folder, { recursive: true });
  await Promise.all([
    writeFile(join(folder, 'report.md'), toMarkdown(verdict, await describeMistakes(project))),
    writeFile(join(folder, 'report.sarif'), toSarif(verdict)),
    writeFile(join(folder, 'junit.xml'), toJUnit(verdict)),
    writeFile(join(folder, 'verdict.json'), `${JSON.stringify(verdict, null, 1)}\n`),
    writeReport(folder, toInsights(verdict)),
  ]);
  console.log(`\n${describeSum(verdict)}; ${relative(project, folder)}/report.md`);
  return exitCode(verdict, strict);
}

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof Problem) {
    console.error(`${error.message}\n${error.remedy}`);
    process.exitCode = error.exitCode;
  } else if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    throw error;
  }
}
