import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readSlo } from '../slo/objectives.ts';
import { terraformEnvironment } from '../terraform/environment.ts';

export interface MetricOptions {
  readonly id: string;
  readonly stat: string;
  readonly visible: boolean;
  readonly yAxis: 'left' | 'right';
  readonly label?: string;
}

/** `[namespace, name, dimension, value, …, options]`, or an expression. */
export type MetricRow =
  readonly [{ readonly expression: string; readonly label: string }] | readonly [...string[], MetricOptions];

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html */
export interface Widget {
  readonly type: 'metric' | 'log';
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: {
    readonly title: string;
    readonly view: 'timeSeries' | 'singleValue' | 'table';
    readonly start?: string;
    readonly metrics?: readonly MetricRow[];
    readonly annotations?: {
      readonly horizontal: readonly { readonly label: string; readonly value: number }[];
    };
  };
}

export interface Definition {
  readonly widgets: readonly Widget[];
}

const run = promisify(execFile);
const name = 'movies-api';

/** The dashboard as `modules/observability` makes it: Terraform itself is asked, with no provider and no account behind it. */
export async function readDefinition(project: string): Promise<Definition> {
  const environment = await terraformEnvironment();
  const folder = await mkdtemp(join(tmpdir(), 'dashboard-'));
  try {
    await cp(join(project, 'modules/observability'), folder, {
      recursive: true,
      filter: (path) => !/\/(tests|\.terraform)$/.test(path),
    });
    await writeFile(
      join(folder, 'dashboard.tftest.json'),
      JSON.stringify(await testOf(join(project, 'docs/slo.yaml'))),
    );
    const terraform = (...args: string[]) =>
      run('terraform', [`-chdir=${folder}`, ...args], { env: environment.env, maxBuffer: 2 ** 27 });
    await terraform('init', '-backend=false', '-input=false');
    const { stdout } = await terraform('test', '-test-directory=.', '-json', '-verbose');
    return parseDefinition(stdout);
  } finally {
    await rm(folder, { recursive: true });
    await environment.stop();
  }
}

/** A plan of the module alone, with a mocked provider: everything that the dashboard says is known then. */
async function testOf(slo: string): Promise<object> {
  return {
    mock_provider: {
      aws: [
        {
          mock_data: {
            aws_region: [{ defaults: { name: 'eu-west-1' } }],
            aws_iam_policy_document: [{ defaults: { json: '{"Version":"2012-10-17","Statement":[]}' } }],
          },
        },
      ],
    },
    variables: {
      name,
      slo: await readSlo(slo),
      load_balancer: { arn_suffix: `app/${name}/0`, target_group_arn_suffix: 'targetgroup/api/0' },
      service: {
        cluster_name: name,
        service_name: name,
        maximum_tasks: 4,
        log_group_name: `/${name}/api`,
      },
      zones: [],
      table: { name, indexes: [] },
      web_acl_name: name,
      runbook_url: 'https://example.com/runbook.md',
      log_retention_days: 30,
      kms_key_arn: 'arn:aws:kms:eu-west-1:123456789012:key/0',
      monthly_budget_usd: 100,
      cost_tag: { key: 'environment', value: 'dev' },
    },
    run: { dashboard: [{ command: 'plan' }] },
  };
}

interface Change {
  readonly type: string;
  readonly change: { readonly after: { readonly dashboard_body?: string } };
}

function parseDefinition(output: string): Definition {
  const messages = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { test_plan?: { resource_changes: readonly Change[] } });
  const changes = messages.flatMap(({ test_plan: plan }) => plan?.resource_changes ?? []);
  const body = changes.find(({ type }) => type === 'aws_cloudwatch_dashboard')?.change.after.dashboard_body;
  if (body === undefined) throw new Error(`Terraform planned no dashboard: ${output.slice(-2_000)}`);
  return JSON.parse(body) as Definition;
}
