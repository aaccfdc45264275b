import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
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

const task = (memory: number, lifecycle: string): string => `resource "aws_ecs_task_definition" "main" {
  memory = ${memory}
  lifecycle {
    ${lifecycle}
  }
}

variable "size" {
  description = "${lifecycle}"
  type        = number
}
`;

/** A commit with plans and HCL, and what the working tree makes of it. */
async function review(changes: Readonly<Record<string, string>>): ReturnType<typeof reviewPlans> {
  const folder = mkdtempSync(join(tmpdir(), 'plan-changes-'));
  const git = (...args: readonly string[]): string => execFileSync('git', args, { cwd: folder }).toString();
  const write = (files: Readonly<Record<string, string>>): void => {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
  };
  try {
    write(Object.fromEntries(['dev', 'staging', 'prod'].map((name) => [recorded(name), plan(1)])));
    write({
      'security/modules.lock.json': '{"modules":{}}',
      'docs/slo.yaml': 'a: 1',
      'terraform/task.tf': task(1, 'create_before_destroy = true'),
      'terraform/terraform.tf': 'terraform {\n  backend "s3" {\n    use_lockfile = true\n  }\n}\n',
    });
    git('init', '--quiet');
    git('add', '.');
    git('-c', 'user.name=a', '-c', 'user.email=a@example.org', 'commit', '--quiet', '-m', 'base');
    write(changes);
    const report = await reviewPlans(folder, 'HEAD');
    expect(JSON.parse(readFileSync(join(folder, 'reports/plans/report.json'), 'utf8'))).toEqual(report);
    await expect(reviewPlans(folder, 'nowhere')).rejects.toThrow('This clone has no commit nowhere.');
    return report;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
const recorded = (name: string): string => `tests/checks/plan/recorded/${name}.json`;
const plan = (memory: number): string =>
  JSON.stringify({ plan: { resource_changes: [resource('aws_ecs_task_definition.main', { memory })] } });

test('the change since a commit is reported, without a value', async () => {
  const report = await review({
    [recorded('dev')]: plan(4242),
    'terraform/task.tf': task(4242, 'create_before_destroy = true'),
  });

  expect(report.details).toBe(
    [
      'dev: 0 removed, 0 replaced, 1 changed, 0 added',
      'staging: 0 removed, 0 replaced, 0 changed, 0 added',
      'prod: 0 removed, 0 replaced, 0 changed, 0 added',
      'Capabilities of modules: 0 changed',
      ...['dev', 'staging', 'prod'].map((name) => `${name}: at least 0.00 USD a month before use (+0.00)`),
      'Prices: eu-west-1, USD, 2026-11; tasks on demand, endpoints in one zone, no traffic.',
    ].join('\n'),
  );
  expect(report.annotations).toEqual([
    {
      annotation_type: 'CODE_SMELL',
      result: 'PASSED',
      severity: 'LOW',
      summary: 'dev: aws_ecs_task_definition.main is changed: memory',
      path: 'tests/checks/plan/recorded/dev.json',
    },
  ]);
});

test('what no planned value shows is named by its place, beside what one shows', async () => {
  const { annotations } = await review({
    [recorded('prod')]: plan(2),
    'docs/slo.yaml': 'a: 2',
    'terraform/task.tf': task(2, 'ignore_changes = [container_definitions]'),
    'terraform/terraform.tf': 'terraform {\n  backend "s3" {\n    use_lockfile = false\n  }\n}\n',
  });

  const hidden = 'Changed where no planned value shows it:';
  expect(annotations.map(({ summary }) => summary)).toEqual([
    `${hidden} docs/slo.yaml`,
    `${hidden} terraform/task.tf: aws_ecs_task_definition.main.lifecycle`,
    `${hidden} terraform/terraform.tf: terraform.backend`,
    'prod: aws_ecs_task_definition.main is changed: memory',
  ]);
});
