import { execFileSync } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, expect, jest, test } from '@jest/globals';
import { checkovDockerfile, checkovHcl } from '../../../tools/checks/gates/checkov.ts';
import type { Gate } from '../../../tools/checks/gates/gate.ts';
import { gitleaksHistory, gitleaksTree } from '../../../tools/checks/gates/gitleaks.ts';
import { hadolint } from '../../../tools/checks/gates/hadolint.ts';
import { licences, lockIntegrity } from '../../../tools/checks/gates/packages.ts';
import { suppressions } from '../../../tools/checks/gates/suppressions.ts';
import { moduleLock, providers, tflint } from '../../../tools/checks/gates/terraform.ts';
import { trivyConfiguration, trivySecrets } from '../../../tools/checks/gates/trivy.ts';
import { lock } from '../../../tools/checks/modules.ts';
import { built, describeWith, type Requirement } from '../../support/requirements.ts';
import { createRoot, createWorkplace, gardenFiles, writeFiles } from '../modules/fixture.ts';
import { edited, findingsOf, nothing, project, projectOf, read, type Mistake } from './mistakes.ts';

const checkov = built('python/checkov');
/** A bound on a hang: a scanner starts in seconds, on a busy machine in many. */
jest.setTimeout(300_000);

/** Each mistake in a copy of its own. */
function eachStopped(gate: Gate, requirements: readonly Requirement[], mistakes: readonly Mistake[]): void {
  describeWith(requirements, `the gate ${gate.id}`, () => {
    test.each(mistakes)('stops $mistake', async ({ rule, files }) => {
      const root = await projectOf(await files());

      const findings = await findingsOf(gate, { root, ...nothing });

      await rm(root, { recursive: true });
      expect(findings.map((finding) => finding.rule)).toContain(rule);
    });
  });
}

/** All mistakes in one run, each in a folder of its own: a scanner takes seconds to start. */
function allStopped(gate: Gate, requirements: readonly Requirement[], mistakes: readonly Mistake[]): void {
  describeWith(requirements, `the gate ${gate.id}`, () => {
    let findings: Awaited<ReturnType<typeof findingsOf>> = [];

    beforeAll(async () => {
      const files = await Promise.all(
        mistakes.map(async (mistake, index) =>
          Object.entries(await mistake.files()).map(
            ([path, text]) => [`terraform/m${index}/${path}`, text] as const,
          ),
        ),
      );
      const root = await projectOf(Object.fromEntries(files.flat()));
      findings = await findingsOf(gate, { root, ...nothing });
      await rm(root, { recursive: true });
    }, 120_000);

    test.each(mistakes.map((mistake, index) => ({ ...mistake, index })))(
      'stops $mistake',
      ({ rule, index }) => {
        const here = findings.filter(({ file }) => file.includes(`/m${index}/`));

        expect(here.map((finding) => finding.rule)).toContain(rule);
      },
    );
  });
}

const table =
  (body: string): Mistake['files'] =>
  () =>
    Promise.resolve({
      'main.tf': `resource "aws_dynamodb_table" "t" {\n  name = "t"\n  hash_key = "id"\n${body}\n}\n`,
    });
const recovery = 'point_in_time_recovery {\n enabled = true\n }';
const key =
  'server_side_encryption {\n enabled = true\n kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/k"\n }';
allStopped(
  checkovHcl,
  [checkov],
  [
    {
      mistake: 'point-in-time recovery switched off',
      rule: 'CKV_MOVIES_3',
      files: async () => ({
        'main.tf': await edited(
          'modules/movies-table/main.tf',
          /(point_in_time_recovery \{\s*enabled\s*= )true/,
          '$1false',
        ),
      }),
    },
    { mistake: 'a table that anybody may delete', rule: 'CKV_MOVIES_4', files: table(`${recovery}\n${key}`) },
    { mistake: "a table under AWS's own key", rule: 'CKV_MOVIES_5', files: table(recovery) },
    {
      mistake: 'a task with a public address',
      rule: 'CKV_MOVIES_2',
      files: () =>
        Promise.resolve({
          'main.tf':
            'resource "aws_ecs_service" "s" {\n name = "s"\n network_configuration {\n subnets = ["subnet-1"]\n assign_public_ip = true\n }\n}\n',
        }),
    },
    {
      mistake: 'a log kept for ever, without a key',
      rule: 'CKV_MOVIES_6',
      files: () =>
        Promise.resolve({ 'main.tf': 'resource "aws_cloudwatch_log_group" "l" {\n name = "l"\n}\n' }),
    },
    {
      mistake: 'a security group opened to the world for SSH',
      rule: 'CKV_AWS_24',
      files: () =>
        Promise.resolve({
          'main.tf':
            'resource "aws_security_group" "s" {\n name = "s"\n description = "s"\n ingress {\n description = "all"\n from_port = 22\n to_port = 22\n protocol = "tcp"\n cidr_blocks = ["0.0.0.0/0"]\n }\n}\n',
        }),
    },
  ],
);

allStopped(
  trivyConfiguration,
  [built('bin/trivy')],
  [
    {
      mistake: 'a bucket that anybody may read',
      rule: 'AWS-0087',
      files: () => Promise.resolve({ 'main.tf': 'resource "aws_s3_bucket" "b" {\n bucket = "b"\n}\n' }),
    },
  ],
);

const dockerfile =
  (from: string | RegExp, to: string): Mistake['files'] =>
  async () => ({
    Dockerfile: await edited('Dockerfile', from, to),
  });

eachStopped(
  hadolint,
  [built('python/hadolint')],
  [
    { mistake: 'root in the Dockerfile', rule: 'DL3002', files: dockerfile('USER 65532:65532', 'USER root') },
    {
      mistake: 'a start through a shell, which swallows signals',
      rule: 'DL3025',
      files: dockerfile('CMD ["/app/main.js"]', 'CMD node /app/main.js'),
    },
  ],
);

eachStopped(
  checkovDockerfile,
  [checkov],
  [
    {
      mistake: 'an image without a health check',
      rule: 'CKV_DOCKER_2',
      files: dockerfile(/^HEALTHCHECK.*$/m, ''),
    },
  ],
);

// Put together here, so that this file holds no secret itself.
const secret = ['AKIA', 'Q3EGRIIXYZ7ABCDE'].join('');
const privateKey = [
  '-----BEGIN RSA',
  ' PRIVATE KEY-----\n',
  'MIIEpAIBAAKCAQEA7'.repeat(20),
  '\n-----END RSA',
  ' PRIVATE KEY-----\n',
].join('');
eachStopped(
  gitleaksTree,
  [built('bin/gitleaks')],
  [
    {
      mistake: 'an AWS key in a TypeScript file',
      rule: 'aws-access-token',
      files: () => Promise.resolve({ 'app/src/client.ts': `const key = '${secret}';\n` }),
    },
    {
      mistake: 'an AWS key among the invented ones of the abuse suite',
      rule: 'aws-access-token',
      files: () => Promise.resolve({ 'tests/app/abuse/tokens.test.ts': `const key = '${secret}';\n` }),
    },
    {
      mistake: 'a private key beside the code',
      rule: 'private-key',
      files: () =>
        Promise.resolve({
          'app/key.pem': privateKey,
        }),
    },
  ],
);

eachStopped(
  trivySecrets,
  [built('bin/trivy')],
  [
    {
      mistake: 'a private key beside the code, for a second opinion',
      rule: 'private-key',
      files: () => Promise.resolve({ 'app/other.pem': privateKey }),
    },
  ],
);

describeWith([built('bin/gitleaks')], `the gate ${gitleaksHistory.id}`, () => {
  test('stops a secret that a later commit removed', async () => {
    const root = await projectOf({ 'app/src/client.ts': `const key = '${secret}';\n` });
    const git = (...args: string[]) =>
      execFileSync('git', ['-C', root, '-c', 'user.name=t', '-c', 'user.email=t@t', ...args]);
    git('init', '-q');
    git('add', '.');
    git('commit', '-qm', 'one');
    git('rm', '-q', 'app/src/client.ts');
    git('commit', '-qm', 'two');

    const findings = await findingsOf(gitleaksHistory, { root, ...nothing });

    await rm(root, { recursive: true });
    expect(findings).toMatchObject([{ rule: 'aws-access-token', severity: 'critical' }]);
  });
});

test(`the gate ${moduleLock.id} stops a changed byte of a module`, async () => {
  const workplace = await createWorkplace();
  const root = await createRoot(join(workplace.directory, 'root'), gardenFiles);
  const lockPath = join(workplace.directory, 'security', 'modules.lock.json');
  await mkdir(dirname(lockPath));
  await lock({ ...workplace, lockPath }, [root]);
  const target = { ...nothing, root: workplace.directory, initialised: [root] };
  const before = await findingsOf(moduleLock, target);
  await writeFiles(join(root, '.terraform', 'modules', 'garden'), { 'README.md': '# A gardeN\n' });

  const findings = await findingsOf(moduleLock, target);

  await workplace.remove();
  expect(before).toEqual([]);
  expect(findings).toMatchObject([{ rule: 'unreviewed-module', severity: 'critical' }]);
  expect(findings[0]?.message).toContain('README.md');
});

eachStopped(
  tflint,
  [built('bin/tflint')],
  [
    {
      mistake: 'a variable that nothing uses',
      rule: 'terraform_unused_declarations',
      files: async () => ({
        'modules/m/terraform.tf': await read('modules/rotated-secret/terraform.tf'),
        'modules/m/variables.tf': 'variable "forgotten" {\n  type = string\n description = "x"\n}\n',
      }),
    },
  ],
);

const packages =
  (entry: object): Mistake['files'] =>
  () =>
    Promise.resolve({ 'package-lock.json': JSON.stringify({ packages: { 'node_modules/new': entry } }) });
eachStopped(
  licences,
  [],
  [
    {
      mistake: 'a shipped package under the AGPL',
      rule: 'licence-of-shipped-package',
      files: packages({ version: '1.0.0', license: 'AGPL-3.0-only' }),
    },
    {
      mistake: 'a shipped package without a licence',
      rule: 'licence-of-shipped-package',
      files: packages({ version: '1.0.0' }),
    },
    {
      mistake: 'a tool under a licence that nobody allowed',
      rule: 'licence-of-tool',
      files: packages({ version: '1.0.0', dev: true, license: 'SSPL-1.0' }),
    },
  ],
);

eachStopped(
  lockIntegrity,
  [],
  [
    { mistake: 'a package without a hash', rule: 'no-integrity', files: packages({ version: '1.0.0' }) },
    {
      mistake: 'a package under a hash that can be forged',
      rule: 'no-integrity',
      files: packages({ version: '1.0.0', integrity: 'sha1-x' }),
    },
    {
      mistake: 'a package from a stranger',
      rule: 'foreign-source',
      files: packages({
        version: '1.0.0',
        integrity: 'sha512-x',
        resolved: 'git+ssh://git@example.com/a.git',
      }),
    },
  ],
);

const lockWith =
  (from: string | RegExp, to: string): Mistake['files'] =>
  async () => ({
    'terraform/terraform.tf': '',
    'terraform/.terraform.lock.hcl': await edited('terraform/.terraform.lock.hcl', from, to),
  });
eachStopped(
  providers,
  [],
  [
    {
      mistake: "a changed byte in a provider's checksum",
      rule: 'provider-checksums',
      files: lockWith('zh:054b', 'zh:154b'),
    },
    {
      mistake: 'a provider that is not compared where it is unpacked',
      rule: 'no-unpacked-checksum',
      files: lockWith(/^ *"h1:.*\n/m, ''),
    },
    {
      mistake: 'a provider raised in passing',
      rule: 'unreviewed-provider',
      files: lockWith('5.100.0', '5.100.1'),
    },
    {
      mistake: 'a root without a lock file',
      rule: 'no-provider-lock',
      files: () => Promise.resolve({ 'terraform/terraform.tf': '' }),
    },
  ],
);

// Put together here, so that this file silences nothing itself.
const silencers = [
  ['checkov', ':skip=CKV_AWS_18:later'],
  ['bridgecrew', ':skip=CKV_AWS_18:later'],
  ['cortex', ':skip=CKV_AWS_18:later'],
  ['trivy', ':ignore:AWS-0089'],
  ['tfsec', ':ignore:aws-s3-enable-bucket-logging'],
  ['tflint', '-ignore: terraform_unused_declarations'],
  ['tflint', '-ignore-file: terraform_unused_declarations'],
  ['gitleaks', ':allow'],
  ['hadolint', ' ignore=DL3002'],
  ['hadolint', ' global  ignore = DL3002'],
] as const;
const ignoreFiles =
  '.trivyignore .trivyignore.yaml trivy.yaml trivy-secret.yaml app/trivy-secret.yml .gitleaksignore .gitleaks.toml gitleaks.toml .hadolint.yaml .checkov.yml .checkov.baseline .tflint.hcl modules/m/.tflint.json .tfsec/config.json';
eachStopped(
  suppressions,
  [],
  [
    ...silencers.map((words) => ({
      mistake: `a finding silenced by ${words.join('')}`,
      rule: 'inline-suppression',
      files: () => Promise.resolve({ 'terraform/main.tf': `# ${words.join('')}\n` }),
    })),
    ...ignoreFiles.split(' ').map((file) => ({
      mistake: `a scanner silenced by ${file}`,
      rule: 'ignore-file',
      files: () => Promise.resolve({ [file]: '\n' }),
    })),
  ],
);

describeWith([checkov], 'the words of the pinned Checkov', () => {
  test('are all known to the gate', async () => {
    const pattern = execFileSync(
      join(project, '.cache/python/checkov/bin/python'),
      ['-c', 'import checkov.common.comment.enum as e; print(e.COMMENT_REGEX.pattern)'],
      { encoding: 'utf8' },
    );
    const words = pattern.match(/\w+:skip=/g) ?? [];

    expect(words.length).toBeGreaterThan(1);
    for (const word of words) {
      const root = await projectOf({ 'terraform/main.tf': `# ${word}CKV_AWS_18\n` });
      expect(await findingsOf(suppressions, { root, ...nothing })).toHaveLength(1);
      await rm(root, { recursive: true });
    }
  });
});
