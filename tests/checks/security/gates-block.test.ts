import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { gates } from '../../../tools/checks/gates/all.ts';
import { checkovPlan } from '../../../tools/checks/gates/checkov.ts';
import { readExceptions } from '../../../tools/checks/gates/exceptions.ts';
import { checked, type Gate, type Target } from '../../../tools/checks/gates/gate.ts';
import { npmAudit, npmSignatures, readSignatures } from '../../../tools/checks/gates/packages.ts';
import { readPolicy } from '../../../tools/checks/gates/policy.ts';
import type { PlanJson } from '../../../tools/lib/terraform/plan-json.ts';
import * as trivy from '../../../tools/checks/gates/trivy.ts';
import { judge, type JudgedFinding } from '../../../tools/checks/gates/verdict.ts';
import { built, describeWith } from '../../support/requirements.ts';
import { startAdvisories } from './advisories.ts';
import { nothing, privateKey, project, secret } from './mistakes.ts';
import { startRegistry, type LoopbackRegistry } from './registry.ts';
import { planOfProd, valuesOf, writeScannable } from './scannable-plan.ts';

/** What blocks under the policy and the exceptions of the project. Rejects when the gate did not look. */
async function blockedBy(gate: Gate, target: Target): Promise<readonly JudgedFinding[]> {
  const ids = gates.map(({ id }) => id);
  const [policy, exceptions] = await Promise.all([readPolicy(project), readExceptions(project, ids)]);
  const options = { policy, exceptions, commit: '', now: () => new Date(), tell: () => undefined };
  const verdict = (await judge([gate], target, options)).gates.find(({ id }) => id === gate.id);
  if (verdict?.verdict === 'not checked') throw new Error(`${gate.id} did not look: ${verdict.note}`);
  return verdict?.findings.filter(({ fate }) => fate === 'blocks') ?? [];
}

const planned = [
  {
    mistake: 'prod planned without point-in-time recovery',
    resource: 'aws_dynamodb_table.main',
    rules: { 'trivy-plan': 'AWS-0024', 'checkov-plan': 'CKV_MOVIES_3' },
    make: (plan: PlanJson) => {
      valuesOf(plan, 'module.movies_table.aws_dynamodb_table')['point_in_time_recovery'] = [
        { enabled: false },
      ];
    },
  },
  {
    mistake: 'prod planned with SSH open to the world',
    resource: 'aws_security_group.service',
    rules: { 'trivy-plan': 'AWS-0107', 'checkov-plan': 'CKV_AWS_24' },
    make: (plan: PlanJson) => {
      valuesOf(plan, 'aws_security_group.service')['ingress'] = [
        { from_port: 22, to_port: 22, protocol: 'tcp', cidr_blocks: ['0.0.0.0/0'], description: 'for a day' },
      ];
    },
  },
] as const;

describe.each([
  { gate: trivy.trivyPlan, requirement: built('bin/trivy') },
  { gate: checkovPlan, requirement: built('python/checkov') },
])('the gate $gate.id', ({ gate, requirement }) => {
  describeWith([requirement], 'on the plan of prod', () => {
    let found: readonly JudgedFinding[] = [];

    beforeAll(async () => {
      const folder = await mkdtemp(join(tmpdir(), 'planned-'));
      const [whole, mistaken] = [await planOfProd(), await planOfProd()];
      for (const { make } of planned) make(mistaken);
      const plans = new Map([
        ['prod', await writeScannable(folder, 'prod', whole)],
        ['mistaken', await writeScannable(folder, 'mistaken', mistaken)],
      ]);
      found = await blockedBy(gate, { ...nothing, root: project, plans });
      await rm(folder, { recursive: true });
    }, 120_000);

    test.each(planned)('blocks $mistake, and not prod as it is', ({ resource, rules }) => {
      const rule = rules[gate.id as keyof typeof rules];
      const here = found.filter(
        (finding) => finding.resource.replace(/\[.*\]$/, '').endsWith(resource) && finding.rule === rule,
      );

      expect(here.map(({ file }) => file)).toEqual(['plan:mistaken']);
    });
  });
});

const app = { 'app/main.js': '"use strict";\n' };
const nobody = ['--user', '65532:65532'];

describeWith([built('bin/crane'), built('bin/trivy')], `the gate ${trivy.trivyImage.id}`, () => {
  let registry: LoopbackRegistry;
  const blocked = async (...image: Parameters<LoopbackRegistry['push']>) => {
    const reference = await registry.push(...image);
    return blockedBy(trivy.trivyImage, {
      ...nothing,
      root: project,
      image: { name: reference, place: { reference } },
    });
  };

  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(() => registry.stop());

  test('lets an image pass that runs as nobody and holds no secret', async () => {
    expect(await blocked('good', app, nobody)).toEqual([]);
  });

  test.each([
    { mistake: 'an image that runs as root', rule: 'DS-0002', files: app, settings: ['--user', 'root'] },
    {
      mistake: 'a private key in a layer of the image',
      rule: 'private-key',
      files: { ...app, 'app/key.pem': privateKey },
      settings: nobody,
    },
    {
      mistake: "an AWS key in the image's environment",
      rule: 'aws-access-key-id',
      files: app,
      settings: [...nobody, '--env', `AWS_ACCESS_KEY_ID=${secret}`],
    },
  ])('blocks $mistake', async ({ rule, files, settings }) => {
    const found = await blocked(rule.toLowerCase(), files, settings);

    expect(found.map((finding) => finding.rule)).toEqual([rule]);
  });
});

describe(`the gate ${npmAudit.id}, with a registry that knows an advisory`, () => {
  let root: string;
  const { npm_config_registry: registryBefore, npm_config_cache: cacheBefore } = process.env;
  const restore = (name: string, before: string | undefined): void => {
    if (before === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = before;
  };

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'audited-'));
    for (const file of ['package.json', 'package-lock.json']) await cp(join(project, file), join(root, file));
  });
  afterEach(async () => {
    restore('npm_config_registry', registryBefore);
    restore('npm_config_cache', cacheBefore);
    await rm(root, { recursive: true });
  });

  const audited = async (severity: string, versions: string): Promise<readonly JudgedFinding[]> => {
    const advisory = { id: 1, url: 'https://example.com/1', title: 'Open redirect', severity };
    const registry = await startAdvisories({ express: [{ ...advisory, vulnerable_versions: versions }] });
    process.env['npm_config_registry'] = registry.url;
    // npm keeps what it worked out of an advisory.
    process.env['npm_config_cache'] = join(root, '.npm');
    return blockedBy(npmAudit, { ...nothing, root }).finally(registry.stop);
  };

  test('blocks a package of the lock file, and what brings it', async () => {
    const found = await audited('high', '<=99');

    expect(found.map(({ resource }) => resource)).toContain('express-openapi-validator');
    expect(found.find(({ resource }) => resource === 'express')?.message).toContain('Open redirect');
    expect(new Set(found.map(({ rule }) => rule))).toEqual(new Set(['vulnerable-package']));
  });

  test.each([
    ['of moderate severity', 'moderate', '<=99'],
    ['for versions that are not locked', 'high', '<1.0.0'],
  ])('lets an advisory pass %s', async (_what, severity, versions) => {
    expect(await audited(severity, versions)).toEqual([]);
  });
});

/** The gate, given what its tool answers where it has its database: a report in the tool's published format. */
const answered = (gate: Gate, read: () => ReturnType<typeof readSignatures>): Gate => ({
  ...gate,
  run: () => Promise.resolve(read()),
});
const reported = (report: object, code = 0) => ({ code, stdout: JSON.stringify(report), stderr: '' });

test.each([
  [trivy.trivyVulnerabilities, trivy.readVulnerabilities],
  [trivy.trivyImageVulnerabilities, trivy.readImageVulnerabilities],
])(
  'the judgement of $id blocks what is high, and leaves what is medium as advice',
  async (gate, readFindings) => {
    const of = (Severity: string) => ({
      VulnerabilityID: `CVE-2026-${Severity}`,
      PkgName: 'express',
      InstalledVersion: '5.0.0',
      FixedVersion: '5.0.1',
      Severity,
      Title: 'Open redirect',
    });
    const Results = [
      {
        Target: 'package-lock.json',
        Class: 'lang-pkgs',
        Type: 'npm',
        Vulnerabilities: [of('HIGH'), of('MEDIUM')],
      },
    ];
    const report = reported({ SchemaVersion: 2, Metadata: { OS: { Family: 'debian' } }, Results });

    const found = await blockedBy(
      answered(gate, () => checked('packages', readFindings(report))),
      {
        ...nothing,
        root: project,
      },
    );

    expect(found).toMatchObject([{ rule: 'CVE-2026-HIGH', message: 'express 5.0.0: Open redirect' }]);
  },
);

test(`the judgement of ${npmSignatures.id} blocks a package whose signature is wrong, and one without`, async () => {
  const report = reported(
    {
      invalid: [{ code: 'EINTEGRITYSIGNATURE', name: 'express', version: '5.0.0' }],
      missing: [{ name: 'yaml', version: '2.0.0' }],
    },
    1,
  );

  const found = await blockedBy(
    answered(npmSignatures, () => readSignatures(report)),
    {
      ...nothing,
      root: project,
    },
  );

  expect(found.map(({ message }) => message)).toEqual([
    'express 5.0.0: invalid signature',
    'yaml 2.0.0: missing signature',
  ]);
});
