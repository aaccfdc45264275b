import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import {
  compareCapabilities,
  comparePlans,
  type PlannedResource,
} from '../../tools/pipeline/plan-changes.ts';
import { reviewPlans } from '../../tools/pipeline/reviewed-plans.ts';

const resource = (address: string, after: unknown, unknown: unknown = {}): PlannedResource => ({
  address,
  mode: 'managed',
  change: { after, after_unknown: unknown },
});

test('plans differ by what is added, removed and changed, told by attribute', () => {
  const base = [resource('a', { size: 1, name: 'x' }), resource('gone', {}), resource('same', { size: 1 })];
  const head = [resource('a', { size: 2, name: 'x' }), resource('new', {}), resource('same', { size: 1 })];

  expect(comparePlans(base, head)).toEqual([
    { kind: 'changed', address: 'a', attributes: ['size'] },
    { kind: 'removed', address: 'gone', attributes: [] },
    { kind: 'added', address: 'new', attributes: [] },
  ]);
});

test('a value that becomes known only at the apply is a difference', () => {
  const base = [resource('a', { arn: 'x' })];
  const head = [resource('a', {}, { arn: true })];

  expect(comparePlans(base, head)).toEqual([{ kind: 'changed', address: 'a', attributes: ['arn'] }]);
});

test('data that is only read is no difference', () => {
  expect(comparePlans([], [{ ...resource('data.x', {}), mode: 'data' }])).toEqual([]);
});

test('a module that can do more is told, a new version that can do the same is not', () => {
  const base = { alb: { '1.0.0': { capabilities: { '.': ['resource aws_lb', 'resource aws_old'] } } } };
  const head = { alb: { '1.0.1': { capabilities: { '.': ['resource aws_lb', 'provisioner local-exec'] } } } };

  expect(compareCapabilities(base, head)).toEqual([
    'new: alb: provisioner local-exec',
    'gone: alb: resource aws_old',
  ]);
});

test('the change since a commit is reported, without a value', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'plan-changes-'));
  const git = (...args: readonly string[]): string => execFileSync('git', args, { cwd: folder }).toString();
  const write = (size: number): void => {
    for (const name of ['dev', 'staging', 'prod']) {
      const plan = {
        resource_changes: [resource('aws_ecs_service.api', { cpu: name === 'dev' ? size : 1 })],
      };
      writeFileSync(join(folder, `tests/plan/recorded/${name}.json`), JSON.stringify({ plan }));
    }
    writeFileSync(join(folder, 'security/modules.lock.json'), JSON.stringify({ modules: {} }));
  };
  mkdirSync(join(folder, 'tests/plan/recorded'), { recursive: true });
  mkdirSync(join(folder, 'security'));
  write(1);
  git('init', '--quiet');
  git('add', '.');
  git('-c', 'user.name=a', '-c', 'user.email=a@example.org', 'commit', '--quiet', '-m', 'base');
  write(4242);

  const report = await reviewPlans(folder, 'HEAD');

  expect(report.details).toBe(
    'dev: 0 added, 1 changed, 0 removed\nstaging: 0 added, 0 changed, 0 removed\nprod: 0 added, 0 changed, 0 removed\nCapabilities of modules: 0 changed',
  );
  expect(report.annotations).toEqual([
    {
      annotation_type: 'CODE_SMELL',
      result: 'PASSED',
      severity: 'LOW',
      summary: 'dev: aws_ecs_service.api is changed: cpu',
      path: 'tests/plan/recorded/dev.json',
    },
  ]);
  expect(JSON.parse(readFileSync(join(folder, 'reports/plans/report.json'), 'utf8'))).toEqual(report);
  await expect(reviewPlans(folder, 'nowhere')).rejects.toThrow('This clone has no commit nowhere.');
  rmSync(folder, { recursive: true });
});
