import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import {
  compareCapabilities,
  comparePlans,
  describeDifference,
  reportPlans,
  reviewPlans,
} from '../../tools/checks/plans/changes.ts';
import type { PlannedResource } from '../../tools/checks/plans/costs.ts';

const resource = (address: string, after: unknown, unknown: unknown = {}): PlannedResource => ({
  address,
  mode: 'managed',
  change: { after, after_unknown: unknown },
});

test('what goes or is replaced comes first, then network, identity, data and the rest', () => {
  const names = [
    'aws_ecs_service.api',
    'aws_dynamodb_table.main',
    'aws_kms_key.main',
    'module.vpc.aws_subnet.a',
  ];
  const base = [
    ...names.map((name) => resource(name, { size: 1, name: 'x' })),
    resource('aws_sns_topic.gone', {}),
    resource('aws_dynamodb_table.renamed', { name: 'x' }),
    resource('aws_sqs_queue.same', { size: 1 }),
  ];
  const head = [
    ...names.map((name) => resource(name, { size: 2, name: 'x' })),
    resource('aws_sns_topic.new', {}),
    resource('aws_dynamodb_table.renamed', { name: 'y' }),
    resource('aws_sqs_queue.same', { size: 1 }),
  ];

  expect(comparePlans(base, head).map(describeDifference)).toEqual([
    'aws_dynamodb_table.renamed is replaced: name',
    'aws_sns_topic.gone is removed',
    'module.vpc.aws_subnet.a is changed: size',
    'aws_kms_key.main is changed: size',
    'aws_dynamodb_table.main is changed: size',
    'aws_ecs_service.api is changed: size',
    'aws_sns_topic.new is added',
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

test('costs that change are an annotation, costs that stay are not', () => {
  const [old, now] = [
    { monthly: 10, unknown: {} },
    { monthly: 12.5, unknown: { aws_kms_key: 1 } },
  ];

  const { annotations, data } = reportPlans(
    {},
    [],
    [
      { name: 'dev', old, now },
      { name: 'prod', old, now: old },
    ],
  );

  expect(annotations.map(({ summary }) => summary)).toEqual([
    'Costs of dev: at least 12.50 USD a month before use (+2.50); no price for 1 aws_kms_key',
  ]);
  expect(data.map(({ title, value }) => [title, value]).slice(1)).toEqual([
    ['dev: USD a month, at least', '12.50'],
    ['prod: USD a month, at least', '10.00'],
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
      writeFileSync(
        join(folder, `tests/checks/plan/recorded/${name}.json`),
        JSON.stringify({ inputs: String(size), plan }),
      );
    }
    writeFileSync(join(folder, 'security/modules.lock.json'), JSON.stringify({ modules: {} }));
  };
  mkdirSync(join(folder, 'tests/checks/plan/recorded'), { recursive: true });
  mkdirSync(join(folder, 'security'));
  write(1);
  git('init', '--quiet');
  git('add', '.');
  git('-c', 'user.name=a', '-c', 'user.email=a@example.org', 'commit', '--quiet', '-m', 'base');
  write(4242);

  const report = await reviewPlans(folder, 'HEAD');

  expect(report.details).toBe(
    [
      'dev: 0 removed, 0 replaced, 1 changed, 0 added',
      'staging: 0 removed, 0 replaced, 0 changed, 0 added; what it is made from differs, and no resource does',
      'prod: 0 removed, 0 replaced, 0 changed, 0 added; what it is made from differs, and no resource does',
      'Capabilities of modules: 0 changed',
      ...['dev', 'staging', 'prod'].map(
        (name) => `${name}: at least 0.00 USD a month before use (+0.00); no price for 1 aws_ecs_service`,
      ),
      'Prices: eu-west-1, USD, 2026-11; tasks on demand, endpoints in one zone, no traffic.',
    ].join('\n'),
  );
  expect(report.annotations).toEqual([
    {
      annotation_type: 'CODE_SMELL',
      result: 'PASSED',
      severity: 'LOW',
      summary: 'dev: aws_ecs_service.api is changed: cpu',
      path: 'tests/checks/plan/recorded/dev.json',
    },
  ]);
  expect(JSON.parse(readFileSync(join(folder, 'reports/plans/report.json'), 'utf8'))).toEqual(report);
  await expect(reviewPlans(folder, 'nowhere')).rejects.toThrow('This clone has no commit nowhere.');
  rmSync(folder, { recursive: true });
});
