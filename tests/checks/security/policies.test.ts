import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { pythonTool, runTool } from '../../../tools/checks/run-tool.ts';
import { built, describeWith } from '../../support/requirements.ts';
import { project } from './mistakes.ts';

const fixtures = join(project, 'tests', 'checks', 'security', 'policies');
const rules = Array.from({ length: 8 }, (_, index) => `CKV_MOVIES_${index + 1}`);

interface Check {
  readonly check_id: string;
  readonly resource: string;
  readonly file_path: string;
}
interface Report {
  readonly results: { readonly passed_checks: readonly Check[]; readonly failed_checks: readonly Check[] };
}

test('every policy of ours has fixtures, and every fixture a policy', async () => {
  const sources = (await readdir(join(project, 'security', 'policies'))).filter((file) =>
    file.endsWith('.py'),
  );
  const texts = await Promise.all(
    sources.map((file) => readFile(join(project, 'security', 'policies', file), 'utf8')),
  );
  const written = texts.flatMap((text) => text.match(/CKV_MOVIES_\d(?="[,)])/g) ?? []).sort();
  const tried = (await readdir(fixtures)).map((file) => file.replace(/\..*/, '')).sort();

  expect(written).toEqual(rules);
  expect(tried).toEqual(rules);
});

describeWith([built('python/checkov')], 'the policy', () => {
  let reports: readonly Report[];

  // Once for all: it takes Checkov seconds to start.
  beforeAll(async () => {
    const { stdout } = await runTool(
      await pythonTool('checkov'),
      [
        ...[
          '--directory',
          fixtures,
          '--framework',
          'terraform',
          'terraform_plan',
          '--check',
          rules.join(','),
        ],
        ...['--output', 'json', '--compact', '--skip-download'],
        ...['--external-checks-dir', join(project, 'security', 'policies')],
      ],
      { cwd: project, env: { LOG_LEVEL: 'ERROR', PYTHONDONTWRITEBYTECODE: '1' } },
    );
    reports = JSON.parse(stdout) as readonly Report[];
  }, 240_000);

  const resourcesOf = (rule: string, fate: keyof Report['results']): readonly string[] =>
    reports
      .flatMap(({ results }) => results[fate])
      .filter(({ check_id, file_path }) => check_id === rule && file_path.startsWith(`/${rule}.`))
      .map(({ resource }) => resource.split('.').at(-1) ?? '')
      .sort();
  const named = async (rule: string, beginning: string): Promise<readonly string[]> => {
    const [file = ''] = (await readdir(fixtures)).filter((name) => name.startsWith(rule));
    const text = await readFile(join(fixtures, file), 'utf8');
    return [...new Set(text.match(new RegExp(`(?<=["])${beginning}_\\w+(?=")`, 'g')))].sort();
  };

  test.each(rules)('%s lets pass what is named so, and stops the rest', async (rule) => {
    const [good, bad] = [await named(rule, 'pass'), await named(rule, 'fail')];

    expect(good.length * bad.length).toBeGreaterThan(0);
    expect(resourcesOf(rule, 'passed_checks')).toEqual(good);
    expect(resourcesOf(rule, 'failed_checks')).toEqual(bad);
  });
});
