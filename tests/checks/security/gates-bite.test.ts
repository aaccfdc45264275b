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
import {
  edited,
  findingsOf,
  nothing,
  privateKey,
  project,
  projectOf,
  read,
  secret,
  type Files,
  type Mistake,
} from './mistakes.ts';

const checkov = built('python/checkov');
/** A bound on a hang: a scanner starts in seconds, on a busy machine in many. */
jest.setTimeout(300_000);

/** Each mistake in a copy of its own. */
function eachStopped(gate: Gate, requirements: readonly Requirement[], mistakes: readonly Mistake[]): void {
  describeWith(requirements, `the gate ${gate.id}`, () => {
    test.each(mistakes)('stops %s', async (_mistake, rule, files) => {
      const root = await projectOf(files);

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
      const files = mistakes.flatMap(([, , own], index) =>
        Object.entries(own).map(([path, text]) => [`terraform/m${index}/${path}`, text] as const),
      );
      const root = await projectOf(Object.fromEntries(files));
      findings = await findingsOf(gate, { root, ...nothing });
      await rm(root, { recursive: true });
    }, 120_000);

    test.each(mistakes.map(([mistake, rule], index) => [mistake, rule, index] as const))(
      'stops %s',
      (_mistake, rule, index) => {
        const here = findings.filter(({ file }) => file.includes(`/m${index}/`));

        expect(here.map((finding) => finding.rule)).toContain(rule);
      },
    );
  });
}

const hcl = (text: string): Files => ({ 'main.tf': text });
const table = (body: string): Files =>
  hcl(`resource "aws_dynamodb_table" "t" {\n  name = "t"\n  hash_key = "id"\n${body}\n}\n`);
const recovery = 'point_in_time_recovery {\n enabled = true\n }';
const key =
  'server_side_encryption {\n enabled = true\n kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/k"\n }';
const recoveryOff = edited(
  'modules/movies-table/main.tf',
  /(point_in_time_recovery \{\s*enabled\s*= )true/,
  '$1false',
);
const publicTask =
  'resource "aws_ecs_service" "s" {\n name = "s"\n network_configuration {\n subnets = ["subnet-1"]\n assign_public_ip = true\n }\n}\n';
const openForSsh =
  'resource "aws_security_group" "s" {\n name = "s"\n description = "s"\n ingress {\n description = "all"\n from_port = 22\n to_port = 22\n protocol = "tcp"\n cidr_blocks = ["0.0.0.0/0"]\n }\n}\n';
const openLog = 'resource "aws_cloudwatch_log_group" "l" {\n name = "l"\n}\n';
allStopped(
  checkovHcl,
  [checkov],
  [
    ['point-in-time recovery switched off', 'CKV_MOVIES_3', hcl(recoveryOff)],
    ['a table that anybody may delete', 'CKV_MOVIES_4', table(`${recovery}\n${key}`)],
    ["a table under AWS's own key", 'CKV_MOVIES_5', table(recovery)],
    ['a task with a public address', 'CKV_MOVIES_2', hcl(publicTask)],
    ['a log kept for ever, without a key', 'CKV_MOVIES_6', hcl(openLog)],
    ['a security group opened to the world for SSH', 'CKV_AWS_24', hcl(openForSsh)],
  ],
);

allStopped(
  trivyConfiguration,
  [built('bin/trivy')],
  [['a bucket that anybody may read', 'AWS-0087', hcl('resource "aws_s3_bucket" "b" {\n bucket = "b"\n}\n')]],
);

const dockerfile = (from: string | RegExp, to: string): Files => ({
  Dockerfile: edited('Dockerfile', from, to),
});
const throughShell = dockerfile('CMD ["/app/main.js"]', 'CMD node /app/main.js');
eachStopped(
  hadolint,
  [built('python/hadolint')],
  [
    ['root in the Dockerfile', 'DL3002', dockerfile('USER 65532:65532', 'USER root')],
    ['a start through a shell, which swallows signals', 'DL3025', throughShell],
  ],
);
eachStopped(
  checkovDockerfile,
  [checkov],
  [['an image without a health check', 'CKV_DOCKER_2', dockerfile(/^HEALTHCHECK.*$/m, '')]],
);

const withKey = `const key = '${secret}';
`;
eachStopped(
  gitleaksTree,
  [built('bin/gitleaks')],
  [
    ['an AWS key in a TypeScript file', 'aws-access-token', { 'app/src/client.ts': withKey }],
    [
      'an AWS key among the invented ones of the abuse suite',
      'aws-access-token',
      { 'tests/app/abuse/tokens.test.ts': withKey },
    ],
    ['a private key beside the code', 'private-key', { 'app/key.pem': privateKey }],
  ],
);
eachStopped(
  trivySecrets,
  [built('bin/trivy')],
  [['a private key beside the code, for a second opinion', 'private-key', { 'app/other.pem': privateKey }]],
);

describeWith([built('bin/gitleaks')], `the gate ${gitleaksHistory.id}`, () => {
  test('stops a secret that a later commit removed', async () => {
    const root = await projectOf({ 'app/src/client.ts': withKey });
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

const undescribed = {
  'modules/m/terraform.tf': read('modules/rotated-secret/terraform.tf'),
  'modules/m/variables.tf': 'variable "secret" {\n  type = string\n}\n',
};
eachStopped(
  tflint,
  [built('bin/tflint')],
  // A rule that is on by no default.
  [['a variable that nobody describes', 'terraform_documented_variables', undescribed]],
);

const packages = (entry: object): Files => ({
  'package-lock.json': JSON.stringify({ packages: { 'node_modules/new': { version: '1.0.0', ...entry } } }),
});
const ofShipped = 'licence-of-shipped-package';
const sspl = packages({ dev: true, license: 'SSPL-1.0' });
eachStopped(
  licences,
  [],
  [
    ['a shipped package under the AGPL', ofShipped, packages({ license: 'AGPL-3.0-only' })],
    ['a shipped package without a licence', ofShipped, packages({})],
    ['a tool under a licence that nobody allowed', 'licence-of-tool', sspl],
  ],
);
const fromStranger = { integrity: 'sha512-x', resolved: 'git+ssh://git@example.com/a.git' };
eachStopped(
  lockIntegrity,
  [],
  [
    ['a package without a hash', 'no-integrity', packages({})],
    ['a package under a hash that can be forged', 'no-integrity', packages({ integrity: 'sha1-x' })],
    ['a package from a stranger', 'foreign-source', packages(fromStranger)],
  ],
);

const lockWith = (from: string | RegExp, to: string): Files => ({
  'terraform/terraform.tf': '',
  'terraform/.terraform.lock.hcl': edited('terraform/.terraform.lock.hcl', from, to),
});
const withoutUnpacked = lockWith(/^ *"h1:.*\n/m, '');
eachStopped(
  providers,
  [],
  [
    ["a changed byte in a provider's checksum", 'provider-checksums', lockWith('zh:054b', 'zh:154b')],
    ['a provider that is not compared where it is unpacked', 'no-unpacked-checksum', withoutUnpacked],
    ['a provider raised in passing', 'unreviewed-provider', lockWith('5.100.0', '5.100.1')],
    ['a root without a lock file', 'no-provider-lock', { 'terraform/terraform.tf': '' }],
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
    ...silencers.map((words): Mistake => {
      const silencer = words.join('');
      return [
        `a finding silenced by ${silencer}`,
        'inline-suppression',
        { 'terraform/main.tf': `# ${silencer}\n` },
      ];
    }),
    ...ignoreFiles
      .split(' ')
      .map((file): Mistake => [`a scanner silenced by ${file}`, 'ignore-file', { [file]: '\n' }]),
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
