import { relative } from 'node:path';
import { NotChecked, checked, type Finding, type Gate, type Outcome } from './gate.ts';
import { goTool, listFiles, parseOutput, runTool, withCopy, type Run } from './tools.ts';

interface Leak {
  readonly RuleID: string;
  readonly Description: string;
  readonly File: string;
  readonly StartLine: number;
  readonly Commit: string;
}

/** Errors and leaks both exit with 1 unless leaks get a code of their own. */
const leaksFound = 42;
const shared = [
  '--no-banner',
  '--no-color',
  '--redact',
  '--ignore-gitleaks-allow',
  '--gitleaks-ignore-path',
  '/dev/null',
];
const reporting = ['--report-format', 'json', '--report-path', '-', '--exit-code', String(leaksFound)];

export function readLeaks(run: Run, place: (leak: Leak) => string): readonly Finding[] {
  if (run.code !== 0 && run.code !== leaksFound) {
    throw new NotChecked(`gitleaks failed (exit ${run.code}): ${run.stderr.trim().split('\n').at(-1) ?? ''}`);
  }
  return (parseOutput('gitleaks', run) as readonly Leak[]).map((leak) => ({
    rule: leak.RuleID,
    severity: 'critical',
    resource: place(leak),
    file: place(leak),
    line: leak.StartLine,
    message: leak.Description,
  }));
}

/** A copy of the files that belong to the project: without it, what git ignores would be scanned too. */
async function scanTree(root: string): Promise<Outcome> {
  const tool = goTool('gitleaks');
  const files = await listFiles(root);
  if (files.length === 0) throw new NotChecked('there are no files');
  return withCopy(root, files, async (copy) => {
    const run = await runTool(tool, ['dir', copy, ...shared, ...reporting], { cwd: copy });
    return checked(
      `${files.length} files`,
      readLeaks(run, ({ File }) => relative(copy, File)),
    );
  });
}

export const gitleaksTree: Gate = {
  id: 'gitleaks-tree',
  title: 'secrets in the files',
  run: ({ root }) => scanTree(root),
};

/** How many commits were read, from what gitleaks logs; without a repository it exits with 0 all the same. */
export function countCommits({ stderr }: Run): number {
  return Number(/(\d+) commits scanned/.exec(stderr)?.[1] ?? 0);
}

export const gitleaksHistory: Gate = {
  id: 'gitleaks-history',
  title: 'secrets in any commit',
  run: async ({ root }) => {
    const tool = goTool('gitleaks');
    const shallow = await runTool('git', ['rev-parse', '--is-shallow-repository'], { cwd: root });
    if (shallow.code !== 0) throw new NotChecked('this is not a git repository');
    if (shallow.stdout.trim() === 'true')
      throw new NotChecked('this clone has no full history (git fetch --unshallow)');
    const run = await runTool(tool, ['git', root, ...shared, ...reporting], { cwd: root });
    const findings = readLeaks(run, ({ File, Commit }) => `${File}@${Commit}`);
    if (countCommits(run) === 0) throw new NotChecked('gitleaks read no commit');
    return checked(`${countCommits(run)} commits`, findings);
  },
};
