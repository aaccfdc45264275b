import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Problem } from '../../app/src/commands/problem.ts';
import { environments } from './plan-inputs.ts';
import { writeReport, type Report } from '../lib/insights.ts';
import { costOf, type PlannedResource } from './costs.ts';
import { compareCapabilities, comparePlans, reportPlans, type Lock } from './plan-changes.ts';

const run = promisify(execFile);
const maxBytes = 256 * 1024 * 1024;
const lockFile = 'security/modules.lock.json';

interface RecordedPlan {
  readonly plan: { readonly resource_changes?: readonly PlannedResource[] };
}

/** Compares the recorded plans and the module lock with those of commit `base`, and writes reports/plans/report.json. */
export async function reviewPlans(project: string, base: string): Promise<Report> {
  const { stdout } = await run('git', ['rev-parse', '--verify', '--quiet', `${base}^{commit}`], {
    cwd: project,
  }).catch(() => {
    throw new Problem(`This clone has no commit ${base}.`, 'Fetch it, or name another one with BASE=….');
  });
  const commit = stdout.trim();
  const read = async <T>(path: string, empty: T): Promise<readonly [T, T]> =>
    [
      JSON.parse((await show(project, commit, path)) ?? JSON.stringify(empty)) as T,
      JSON.parse(await readFile(join(project, path), 'utf8')) as T,
    ] as const;
  const plans = await Promise.all(
    environments.map(async (name) => {
      const [old, now] = await read<RecordedPlan>(`tests/checks/plan/recorded/${name}.json`, { plan: {} });
      return { name, old: old.plan.resource_changes ?? [], now: now.plan.resource_changes ?? [] };
    }),
  );
  const [oldLock, lock] = await read<{ readonly modules: Lock }>(lockFile, { modules: {} });
  const capabilities = compareCapabilities(oldLock.modules, lock.modules);
  const report = reportPlans(
    Object.fromEntries(plans.map(({ name, old, now }) => [name, comparePlans(old, now)])),
    capabilities,
    plans.map(({ name, old, now }) => ({
      name,
      ...(old.length > 0 ? { old: costOf(old) } : {}),
      now: costOf(now),
    })),
  );
  await writeReport(join(project, 'reports', 'plans'), report);
  return report;
}

/** A file as it was at a commit; undefined when it wasn't there. */
async function show(project: string, commit: string, path: string): Promise<string | undefined> {
  const { stdout: names } = await run('git', ['ls-tree', '--name-only', commit, '--', path], {
    cwd: project,
  });
  if (names.trim() === '') return undefined;
  return (await run('git', ['show', `${commit}:${path}`], { cwd: project, maxBuffer: maxBytes })).stdout;
}

if (process.argv[1] === import.meta.filename) {
  const [, , base = ''] = process.argv;
  try {
    const { details, annotations } = await reviewPlans(process.cwd(), base === '' ? 'HEAD~1' : base);
    console.log([...annotations.map(({ summary }) => summary), '', details].join('\n'));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    console.error(`${error.message}\n${error.remedy}`);
    process.exitCode = error.exitCode;
  }
}
