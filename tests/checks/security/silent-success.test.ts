import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { checkovHcl, readCheckovReport } from '../../../tools/checks/gates/checkov.ts';
import { countCommits, gitleaksHistory, readLeaks } from '../../../tools/checks/gates/gitleaks.ts';
import { readHadolint } from '../../../tools/checks/gates/hadolint.ts';
import { readAudit, readSignatures } from '../../../tools/checks/gates/packages.ts';
import { moduleLock, readTflint, tflint } from '../../../tools/checks/gates/terraform.ts';
import {
  readImageVulnerabilities,
  readMisconfigurations,
  readResults,
  trivyConfiguration,
} from '../../../tools/checks/gates/trivy.ts';
import { enrichPlan } from '../../../tools/checks/plans/enrich.ts';
import { built, describeWith } from '../../support/requirements.ts';
import { nothing, project, projectOf } from './mistakes.ts';

const same = (path: string): string => path;
const run = (code: number, stdout: string, stderr = '') => ({ code, stdout, stderr });
const unparsed = {
  results: { failed_checks: [], parsing_errors: ['a.tf'] },
  summary: { parsing_errors: 1, resource_count: 4 },
};
const trivyError = 'ERROR [terraform parser] Error parsing file file_path="main.tf" err="main.tf:2: Invalid"';
const noDatabase = 'FATAL\tFatal error run error: init error: DB error';
const noSystem = '{"Metadata":{"OS":{"Family":"none"}},"Results":[]}';
const badDockerfile = '[{"code":"DL1000","level":"error","line":1,"message":"unexpected F"}]';
const badHcl = '{"issues":[],"errors":[{"message":"bad HCL"}]}';
const noPackage = '{"vulnerabilities":{},"metadata":{"dependencies":{"total":0}}}';
const checkov = (report: unknown) => readCheckovReport(report, same);
const leaks = (said: ReturnType<typeof run>) => readLeaks(said, () => '');

/** What a tool says while it looks at nothing, who reads it, and the reason that must be given. */
const cases: readonly (readonly [string, () => unknown, string])[] = [
  ['Checkov exits 0 on a file that it can not parse', () => checkov(unparsed), "can't parse a.tf"],
  [
    'Checkov prints a bare summary for an empty folder',
    () => checkov({ passed: 0, failed: 0 }),
    'nothing to look at',
  ],
  ['Checkov gives an empty list', () => checkov([]), 'nothing to look at'],
  [
    'Trivy exits 0 on HCL that it can not parse',
    () => readResults(run(0, '{"Results":[]}', trivyError)),
    "can't parse main.tf",
  ],
  ['Trivy applies no check', () => readMisconfigurations(run(0, '{"Results":[]}'), same), 'applied no check'],
  ['Trivy has no vulnerability database', () => readResults(run(1, '', noDatabase)), 'DB error'],
  [
    'Trivy does not know the operating system of an image',
    () => readImageVulnerabilities(run(0, noSystem)),
    'no operating system',
  ],
  [
    'Trivy says nothing of the operating system of an image',
    () => readImageVulnerabilities(run(0, '{"Metadata":{},"Results":[]}')),
    'no operating system',
  ],
  [
    'hadolint does not find the Dockerfile',
    () => readHadolint(run(1, '', 'hadolint: Dockerfile: does not exist')),
    'no report',
  ],
  ['hadolint can not parse the Dockerfile', () => readHadolint(run(1, badDockerfile)), "can't parse"],
  [
    'gitleaks fails with the code that it has for leaks',
    () => leaks(run(1, '[]', 'fatal: not a repository')),
    'not a repository',
  ],
  ['tflint can not read the code', () => readTflint(run(1, badHcl), 'm'), 'bad HCL'],
  [
    'npm audit meets a registry without advisories',
    () => readAudit(run(1, '{"message":"405 Method Not Allowed","error":{}}')),
    '405',
  ],
  ['npm audit knows no package', () => readAudit(run(0, noPackage)), 'no advisories'],
  [
    'npm audit signatures has no trust root',
    () => readSignatures(run(1, '{"error":{"code":"ENOTFOUND"}}')),
    'not verified',
  ],
];

test.each(cases)('%s: not checked, never clean', (_name, look, reason) => {
  expect(look).toThrow(reason);
});

test('no commit read is no clean history', () => {
  expect(countCommits(run(0, '[]', 'INF 0 commits scanned.'))).toBe(0);
  expect(countCommits(run(0, '[]', 'INF 96 commits scanned.'))).toBe(96);
});

test.each([tflint, moduleLock, gitleaksHistory].map((gate) => [gate.id, gate] as const))(
  '%s does not pass where there is nothing to look at',
  async (_id, gate) => {
    const root = await projectOf({});

    await expect(gate.run({ root, ...nothing })).rejects.toThrow();

    await rm(root, { recursive: true });
  },
);

const broken = { 'terraform/main.tf': 'resource "aws_s3_bucket" "b" {\n  bucket = \n}\n' };
describeWith([built('python/checkov'), built('bin/trivy')], 'the real scanners on broken HCL', () => {
  test.each([checkovHcl, trivyConfiguration].map((gate) => [gate.id, gate] as const))(
    '%s says that it could not look',
    async (_id, gate) => {
      const root = await projectOf(broken);

      await expect(gate.run({ root, ...nothing })).rejects.toThrow(/parse/);

      await rm(root, { recursive: true });
    },
    60_000,
  );
});

describeWith([built('bin/gitleaks')], 'the history of a shallow clone', () => {
  test('is not checked', async () => {
    const { execFileSync } = await import('node:child_process');
    const root = await mkdtemp(join(tmpdir(), 'shallow-'));
    const git = (cwd: string, ...args: string[]) =>
      execFileSync('git', ['-C', cwd, '-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
        stdio: 'ignore',
      });
    await cp(join(project, 'LICENSE'), join(root, 'a', 'LICENSE'));
    git(join(root, 'a'), 'init');
    git(join(root, 'a'), 'add', '.');
    git(join(root, 'a'), 'commit', '-m', 'one');
    git(join(root, 'a'), 'commit', '--allow-empty', '-m', 'two');
    git(root, 'clone', '--depth', '1', `file://${root}/a`, 'b');

    await expect(gitleaksHistory.run({ root: join(root, 'b'), ...nothing })).rejects.toThrow(
      'no full history',
    );

    await rm(root, { recursive: true });
  });
});

test('a plan for the scanners holds no null in what is planned, and names what unknown values come from', () => {
  const plan = {
    resource_changes: [
      {
        address: 'aws_cloudwatch_log_group.a',
        mode: 'managed' as const,
        type: 'aws_cloudwatch_log_group',
        name: 'a',
        change: {
          actions: ['create' as const],
          after: { name: 'a', tags: null },
          after_unknown: { kms_key_id: true, arn: true },
        },
      },
    ],
    configuration: {
      root_module: {
        resources: [
          {
            address: 'aws_cloudwatch_log_group.a',
            expressions: { kms_key_id: { references: ['aws_kms_key.main.arn', 'aws_kms_key.main'] } },
          },
        ],
      },
    },
  };

  expect(enrichPlan(plan).resource_changes[0]?.change.after).toEqual({
    name: 'a',
    kms_key_id: 'aws_kms_key.main.id',
  });
});

test('what Checkov finds names the statement and the argument that it looked at', () => {
  const check = {
    check_id: 'CKV_AWS_356',
    check_name: 'No "*" as a resource',
    resource: 'aws_iam_policy_document.execution',
    file_path: 'a.tf',
    check_result: { evaluated_keys: ['statement/[1]/actions'] },
  };

  const outcome = readCheckovReport(
    { results: { failed_checks: [check] }, summary: { resource_count: 1 } },
    same,
  );

  expect(outcome).toMatchObject({
    findings: [{ message: 'No "*" as a resource (it looked at statement[1].actions, counted from 0)' }],
  });
});
