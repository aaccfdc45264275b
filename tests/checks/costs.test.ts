import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { costOf, describeCost, type PlannedResource } from '../../tools/checks/plans/costs.ts';
import { environments } from '../../tools/checks/plans/inputs.ts';
import { readRecording } from '../../tools/checks/plans/recording.ts';

const resource = (address: string, after: object = {}): PlannedResource => ({
  address,
  mode: 'managed',
  change: { after },
});
const task = (architecture: string): PlannedResource =>
  resource('aws_ecs_task_definition.main', {
    cpu: '256',
    memory: '512',
    runtime_platform: [{ cpu_architecture: architecture }],
  });

test('tasks, load balancer, NAT and firewall cost what the price list says for a month of 730 hours', () => {
  const cost = costOf([
    task('ARM64'),
    resource('module.service.aws_ecs_service.this[0]', { desired_count: 2 }),
    resource('module.alb.aws_lb.this[0]'),
    resource('module.vpc.aws_nat_gateway.this[0]'),
    resource('module.endpoints.aws_vpc_endpoint.this["logs"]', { vpc_endpoint_type: 'Interface' }),
    resource('module.endpoints.aws_vpc_endpoint.this["s3"]', { vpc_endpoint_type: 'Gateway' }),
    resource('aws_wafv2_web_acl.main', { rule: [{}, {}] }),
    resource('aws_cloudwatch_metric_alarm.one["a.b"]'),
    resource('aws_cloudwatch_metric_alarm.two', { metric_query: [{ metric: [{}] }, { metric: [{}] }, {}] }),
  ]);

  const tasks = 2 * 730 * (0.25 * 0.03238 + 0.5 * 0.00356);
  expect(cost.unknown).toEqual({});
  expect(cost.monthly).toBeCloseTo(tasks + 730 * (0.0252 + 0.048 + 0.011) + 5 + 2 + 0.1 + 0.2, 6);
});

test('what has no price, or is not in the table, is told and never counts as nothing', () => {
  const cost = costOf([
    resource('aws_kms_key.a'),
    resource('aws_kms_key.b'),
    resource('aws_rds_cluster.new'),
    resource('aws_ecs_service.without_a_task'),
  ]);

  expect(describeCost('dev', undefined, cost)).toBe(
    'dev: at least 0.00 USD a month before use; no price for 2 aws_kms_key, 1 aws_rds_cluster, 1 aws_ecs_service',
  );
});

test('an architecture without a price leaves the tasks without one', () => {
  const service = resource('aws_ecs_service.this', { desired_count: 2 });

  expect(costOf([task('RISCV'), service]).unknown).toEqual({ aws_ecs_service: 1 });
});

test('a change is told with its sign', () => {
  const [less, more] = [costOf([]), costOf([resource('aws_lb.main')])];

  expect(describeCost('dev', less, more)).toBe('dev: at least 18.40 USD a month before use (+18.40)');
  expect(describeCost('dev', more, less)).toBe('dev: at least 0.00 USD a month before use (-18.40)');
});

test.each(environments)(
  'of the plan of %s only what is known to have no price here is without one',
  async (name) => {
    const { plan } = await readRecording(process.cwd(), name);

    const { monthly, unknown } = costOf(plan.resource_changes ?? []);

    expect(monthly).toBeGreaterThan(50);
    expect(Object.keys(unknown).sort()).toEqual([
      'aws_cloudwatch_composite_alarm',
      'aws_cloudwatch_dashboard',
      'aws_eip',
      'aws_kms_key',
      'aws_secretsmanager_secret',
    ]);
  },
);

test('the lines of the cost table add up to its sums, and the README names the sum of dev and its lines', () => {
  const page = readFileSync('docs/architecture.md', 'utf8');
  const [, table = ''] = page.split('## What it costs');
  const rows = [...table.matchAll(/^\| (.+?) \| (\S+) \| (\S+) \| (\S+) \|$/gm)]
    .map(([, , ...cells]) => cells.map((cell) => Number(cell.replace(/[*]|–/g, ''))))
    .filter((cells) => cells.every(Number.isFinite));
  const sums = rows.pop();
  const added = rows.reduce((sum, cells) => cells.map((cell, at) => cell + (sum[at] ?? 0)), []);
  const [, sum = '', lines = ''] =
    /and (\d+) USD a month plus logs .*?\((.+?)\)/.exec(readFileSync('README.md', 'utf8')) ?? [];
  const named = [...lines.matchAll(/\d+/g)].map(Number);

  expect(added.map(Math.round)).toEqual(sums);
  expect(Number(sum)).toBe(sums?.[0]);
  expect(named.toSorted((a, b) => a - b)).toEqual(
    rows
      .map(([dev = 0]) => Math.round(dev))
      .filter((dev) => dev > 0)
      .toSorted((a, b) => a - b),
  );
});
