import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { pythonTool, runTool } from '../../../tools/checks/gates/tools.ts';
import type { Json } from '../../../tools/lib/terraform/plan-json.ts';
import { built, describeWith } from '../../support/requirements.ts';
import { project } from './mistakes.ts';

jest.setTimeout(600_000);

const policiesFolder = join(project, 'security', 'policies');

/** What Checkov may be handed for a value: in code as text, in a plan as planned or as unknown. */
const states = ['true', 'false', 'null', 'absent', 'a reference', 'unknown', 'an unknown block'] as const;
type State = (typeof states)[number];

const reference = 'random_id.x.hex';
const key = 'arn:aws:kms:eu-west-1:123456789012:key/k';

/** Each rule on a setting of a resource: what it needs besides, and the states in which it may pass. */
const settings = [
  {
    rule: 'CKV_MOVIES_2',
    type: 'aws_ecs_service',
    block: 'network_configuration',
    name: 'assign_public_ip',
    rest: { subnets: ['s-1'] },
    passes: ['false'],
  },
  {
    rule: 'CKV_MOVIES_3',
    type: 'aws_dynamodb_table',
    block: 'point_in_time_recovery',
    name: 'enabled',
    rest: {},
    passes: ['true'],
  },
  {
    rule: 'CKV_MOVIES_4',
    type: 'aws_dynamodb_table',
    block: '',
    name: 'deletion_protection_enabled',
    rest: {},
    passes: ['true'],
  },
  {
    rule: 'CKV_MOVIES_5',
    type: 'aws_dynamodb_table',
    block: 'server_side_encryption',
    name: 'enabled',
    rest: { kms_key_arn: key },
    passes: ['true'],
  },
] as const;

const labelOf = (rule: string, state: string): string =>
  `${rule}_${state.replaceAll(' ', '_')}`.toLowerCase();
const hcl = (values: Readonly<Record<string, string>>): string =>
  Object.entries(values)
    .map(([name, value]) => `  ${name} = ${value}\n`)
    .join('');
const quoted = (values: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, JSON.stringify(value)]));

function code({ rule, type, block, name, rest }: (typeof settings)[number], state: State): string {
  const value = state === 'a reference' ? reference : state;
  const inside = hcl({ ...quoted(rest), ...(state === 'absent' ? {} : { [name]: value }) });
  const body = block === '' ? inside : `  ${block} {\n${inside}  }\n`;
  return `resource "${type}" "${labelOf(rule, state)}" {\n  name = "n"\n${body}}\n`;
}

interface Planned {
  readonly type: string;
  readonly label: string;
  readonly after: Readonly<Record<string, Json>>;
  readonly unknown?: Readonly<Record<string, Json>>;
  readonly expressions?: object;
}

function planned({ rule, type, block, name, rest }: (typeof settings)[number], state: State): Planned {
  const known = new Map<string, Json>([
    ['true', true],
    ['false', false],
    ['null', null],
  ]).get(state);
  const inside: Readonly<Record<string, Json>> = {
    ...rest,
    ...(known === undefined ? {} : { [name]: known }),
  };
  const wrap = <T>(part: T, whole: T): Record<string, T> | T => (block === '' ? whole : { [block]: part });
  const isBlock = state === 'an unknown block' && block !== '';
  const isUnknown = state === 'unknown' || state === 'a reference' || state === 'an unknown block';
  const expression = { [name]: { references: [reference, 'random_id.x'] } };
  return {
    type,
    label: labelOf(rule, state),
    after: isBlock ? {} : block === '' ? inside : { [block]: [inside] },
    ...(isUnknown && {
      unknown: isBlock
        ? { [block]: true }
        : block === ''
          ? { [name]: true }
          : { [block]: [{ [name]: true }] },
      expressions: wrap<unknown>([expression], expression) as object,
    }),
  };
}

const day = (
  label: string,
  values: Readonly<Record<string, Json>>,
  unknown?: Readonly<Record<string, Json>>,
): Planned => ({
  type: 'aws_cloudwatch_log_group',
  label,
  after: values,
  ...(unknown !== undefined && { unknown, expressions: { retention_in_days: { references: [reference] } } }),
});
const logs: readonly Planned[] = [
  day('pass_kept', { retention_in_days: 30, kms_key_id: key }),
  day('fail_too_short', { retention_in_days: 7, kms_key_id: key }),
  day('fail_for_ever', { kms_key_id: key }),
  day('fail_null', { retention_in_days: null, kms_key_id: key }),
  day('fail_no_key', { retention_in_days: 365 }),
  day('fail_unknown', { kms_key_id: key }, { retention_in_days: true }),
];
const tags = {
  project: 'x',
  environment: 'x',
  deployment: 'x',
  owner: 'x',
  cost_centre: 'x',
  repository: 'x',
  commit: 'x',
};
const topic = (label: string, all: Readonly<Record<string, Json>>): Planned => ({
  type: 'aws_sns_topic',
  label,
  after: { tags_all: all },
});
const topics = [
  topic('pass_all', tags),
  topic('fail_none', {}),
  topic('fail_empty', { ...tags, owner: '' }),
  topic('fail_null', { ...tags, repository: null }),
];

const planOf = (resources: readonly Planned[]): object => {
  const common = ({ type, label }: Planned) => ({
    address: `${type}.${label}`,
    mode: 'managed',
    type,
    name: label,
    provider_name: 'registry.terraform.io/hashicorp/aws',
  });
  return {
    format_version: '1.2',
    terraform_version: '1.11.4',
    planned_values: {
      root_module: {
        resources: resources.map((one) => ({ ...common(one), schema_version: 0, values: one.after })),
      },
    },
    resource_changes: resources.map((one) => ({
      ...common(one),
      change: { actions: ['create'], before: null, after: one.after, after_unknown: one.unknown ?? {} },
    })),
    configuration: {
      root_module: {
        resources: resources.map((one) => ({ ...common(one), expressions: one.expressions ?? {} })),
      },
    },
  };
};

interface Check {
  readonly check_id: string;
  readonly resource: string;
  readonly file_path: string;
}
interface Report {
  readonly results: { readonly passed_checks: readonly Check[] };
}

test('every policy of ours is tried here', () => {
  const sources = readdirSync(policiesFolder).filter((file) => file.endsWith('.py'));
  const texts = sources.map((file) => readFileSync(join(policiesFolder, file), 'utf8'));
  const written = texts.flatMap((text) => text.match(/CKV_MOVIES_\d(?="[,)])/g) ?? []).sort();

  expect(written).toEqual([...settings.map(({ rule }) => rule), 'CKV_MOVIES_6', 'CKV_MOVIES_7']);
});

describeWith([built('python/checkov')], 'a policy passes only on the real value', () => {
  let folder: string;
  let passed: ReadonlySet<string>;

  // Once for all: it takes Checkov seconds to start.
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'policies-'));
    const written = states.filter((state) => !state.includes('unknown'));
    const text = settings.flatMap((setting) => written.map((state) => code(setting, state)));
    await writeFile(join(folder, 'main.tf'), text.join('\n'));
    const all = [
      ...settings.flatMap((setting) => states.map((state) => planned(setting, state))),
      ...logs,
      ...topics,
    ];
    await writeFile(join(folder, 'plan.json'), JSON.stringify(planOf(all)));
    const { stdout } = await runTool(
      await pythonTool('checkov'),
      [
        ...['--directory', folder, '--framework', 'terraform', 'terraform_plan', '--check', 'CKV_MOVIES_*'],
        ...['--output', 'json', '--compact', '--skip-download'],
        ...['--external-checks-dir', policiesFolder],
      ],
      { cwd: project, env: { LOG_LEVEL: 'ERROR', PYTHONDONTWRITEBYTECODE: '1' } },
    );
    passed = new Set(
      (JSON.parse(stdout) as readonly Report[]).flatMap(({ results }) =>
        results.passed_checks.map(
          (check) => `${check.check_id} ${check.file_path.slice(1)} ${check.resource}`,
        ),
      ),
    );
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each(settings.flatMap((setting) => ['main.tf', 'plan.json'].map((file) => ({ ...setting, file }))))(
    '$rule on $file',
    ({ rule, type, passes, file }) => {
      const passing = states.filter((state) => passed.has(`${rule} ${file} ${type}.${labelOf(rule, state)}`));

      expect(passing).toEqual(passes);
    },
  );

  test.each([
    ['CKV_MOVIES_6', logs],
    ['CKV_MOVIES_7', topics],
  ])('%s on a plan', (rule, resources) => {
    const passing = resources.filter(({ type, label }) => passed.has(`${rule} plan.json ${type}.${label}`));

    expect(passing.map(({ label }) => label)).toEqual(
      resources.map(({ label }) => label).filter((label) => label.startsWith('pass_')),
    );
  });
});

const made = JSON.stringify(
  JSON.parse(readFileSync(join(project, 'tests/checks/plan/recorded/prod.json'), 'utf8')),
);
const looksAt = (policy: string): readonly string[] =>
  [...policy.matchAll(/supported_resources=\[([^\]]*)\]/g)].flatMap(([, list = '']) =>
    [...list.matchAll(/"([^"]+)"/g)].map(([, type = '']) => type),
  );
/** A rule about what no plan makes passes for ever, and says nothing. */
const unseen = (policy: string): readonly string[] =>
  looksAt(policy).filter((type) => !made.includes(`"type":"${type.replace(/\*$/, '')}`));

const policies = readdirSync(policiesFolder).filter((name) =>
  readFileSync(join(policiesFolder, name), 'utf8').includes('supported_resources'),
);

test.each(policies)('the rule %s looks at a resource that the plan of prod makes', (name) => {
  const policy = readFileSync(join(policiesFolder, name), 'utf8');

  expect(looksAt(policy).length).toBeGreaterThan(0);
  expect(unseen(policy)).toEqual([]);
});
