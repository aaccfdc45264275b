import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { compileExceptions, writeFiles } from '../../tools/security/compiled/compiled.ts';
import type { Exception } from '../../tools/security/exceptions.ts';
import type { Gate, Target } from '../../tools/security/finding.ts';
import { goTool, pythonTool, runTool } from '../../tools/security/run-tool.ts';
import { checkovHcl } from '../../tools/security/scanners/checkov.ts';
import { gitleaksHistory, gitleaksTree } from '../../tools/security/scanners/gitleaks.ts';
import { hadolint } from '../../tools/security/scanners/hadolint.ts';
import { tflint } from '../../tools/security/scanners/tflint.ts';
import { trivyConfiguration, trivySecrets } from '../../tools/security/scanners/trivy.ts';
import { judge } from '../../tools/security/verdict.ts';
import { describeWith, type Requirement } from '../support/requirements.ts';
import { edited, nothing, project, projectOf, read } from './mistakes.ts';

const today = new Date('2026-06-15T12:00:00Z');
const policy = { blockFrom: {}, licences: { shipped: [], tools: [] }, providers: [] };
const built = (path: string): Requirement => ({
  name: path,
  missing: () =>
    existsSync(join(project, '.cache', path)) ? undefined : `.cache/${path} is not there: make tools`,
});

const blank: Exception = {
  gate: [],
  rule: [],
  resource: ['*'],
  where: ['*'],
  reason: 'It is "known".',
  owner: 'team',
  expires: '2027-05-31',
  control: 'none',
};

/** The exceptions as files in `<root>/exceptions`, after the gate has run. */
async function compile(
  gate: Gate,
  target: Target,
  words: Partial<Exception>,
): Promise<(name: string) => string> {
  const exception: Exception = { ...blank, gate: [gate.id], ...words };
  const verdict = await judge([gate], target, {
    policy,
    exceptions: [exception],
    commit: 'c0ffee',
    now: () => today,
    tell: () => undefined,
  });
  expect(verdict.gates[0]).toMatchObject({ id: gate.id, verdict: 'blocked' });
  await writeFiles(join(target.root, 'exceptions'), compileExceptions([exception], verdict, today));
  return (name) => join(target.root, 'exceptions', name);
}

/** Whether each of the words stands in what a scanner says. */
const said = (text: string, ...words: readonly string[]): readonly boolean[] =>
  words.map((word) => text.includes(word));

const roots: string[] = [];
afterEach(() => Promise.all(roots.splice(0).map((root) => rm(root, { recursive: true }))));
async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await projectOf(files);
  roots.push(root);
  return root;
}

const program = async (path: string, root: string, ...args: readonly string[]): Promise<string> => {
  const { stdout, stderr } = await runTool(path, args, { cwd: root });
  return `${stdout}${stderr}`;
};

interface ByHand {
  readonly scanner: string;
  readonly needs: string;
  readonly gate: Gate;
  /** Two findings of one rule: about `known`, which is excepted, and about `new`. */
  readonly files: () => Promise<Readonly<Record<string, string>>>;
  readonly words: Partial<Exception>;
  /** Runs the scanner as a person would, with the compiled file or without. */
  readonly run: (root: string, compiled?: (name: string) => string) => Promise<string>;
  readonly known: string;
  readonly new: string;
}

const logGroup = (name: string): string =>
  `resource "aws_cloudwatch_log_group" "${name}" {\n name = "${name}"\n}\n`;
// Put together here, so that this file holds no secret itself.
const key = ['AKIA', 'Q3EGRIIXYZ7ABCDE'].join('');
const pem = [
  '-----BEGIN RSA',
  ' PRIVATE KEY-----\n',
  'MIIEpAIBAAKCAQEA7'.repeat(20),
  '\n-----END RSA',
  ' PRIVATE KEY-----\n',
].join('');
const twoSecrets = () => ({ 'known.pem': pem, 'new.pem': pem });
const twoKeys = { 'known.ts': `const key = '${key}';\n`, 'new.ts': `const key = '${key}';\n` };

const scanners: readonly ByHand[] = [
  {
    scanner: 'Checkov',
    needs: 'python/checkov/pins.txt',
    gate: checkovHcl,
    files: () => Promise.resolve({ 'terraform/main.tf': logGroup('known') + logGroup('new') }),
    words: { rule: ['CKV_AWS_158'], resource: ['*.known'] },
    run: async (root, compiled) =>
      program(
        await pythonTool('checkov'),
        root,
        ...['-d', 'terraform', '--compact', '--quiet', '--skip-download', '--check', 'CKV_AWS_158'],
        ...(compiled === undefined ? [] : ['--baseline', compiled('checkov-hcl.baseline.json')]),
      ),
    known: 'aws_cloudwatch_log_group.known',
    new: 'aws_cloudwatch_log_group.new',
  },
  {
    scanner: 'Trivy on settings',
    needs: 'bin/trivy',
    gate: trivyConfiguration,
    files: () => Promise.resolve({ 'terraform/main.tf': logGroup('known') + logGroup('new') }),
    words: { rule: ['AWS-0017'], resource: ['*.known'] },
    run: (root, compiled) =>
      program(
        goTool('trivy'),
        root,
        ...['config', '--skip-check-update', '--skip-version-check', '--format', 'json', '--quiet'],
        ...(compiled === undefined ? [] : ['--ignore-policy', compiled('trivy-configuration.rego')]),
        'terraform',
      ),
    known: '"Resource": "aws_cloudwatch_log_group.known"',
    new: '"Resource": "aws_cloudwatch_log_group.new"',
  },
  {
    scanner: 'Trivy on secrets',
    needs: 'bin/trivy',
    gate: trivySecrets,
    files: () => Promise.resolve(twoSecrets()),
    words: { rule: ['private-key'], resource: ['known.pem'] },
    run: (root, compiled) =>
      program(
        goTool('trivy'),
        root,
        ...['fs', '--scanners', 'secret', '--skip-version-check', '--format', 'sarif', '--quiet'],
        ...(compiled === undefined ? [] : ['--ignorefile', compiled('trivy-secrets.trivyignore.yaml')]),
        '.',
      ),
    known: '"uri": "known.pem"',
    new: '"uri": "new.pem"',
  },
  {
    scanner: 'gitleaks on files',
    needs: 'bin/gitleaks',
    gate: gitleaksTree,
    files: () => Promise.resolve(twoKeys),
    words: { rule: ['aws-access-token'], resource: ['known.ts'] },
    run: (root, compiled) =>
      program(
        goTool('gitleaks'),
        root,
        ...['dir', '.', '--no-banner', '--report-format', 'json', '--report-path', '-'],
        ...(compiled === undefined
          ? []
          : ['--gitleaks-ignore-path', compiled('gitleaks-tree.gitleaksignore')]),
      ),
    known: '"File": "known.ts"',
    new: '"File": "new.ts"',
  },
  {
    scanner: 'hadolint',
    needs: 'python/hadolint/pins.txt',
    gate: hadolint,
    files: async () => ({
      Dockerfile: (await edited('Dockerfile', 'USER 65532:65532', 'USER root')).replace(
        'CMD ["/app/main.js"]',
        'CMD node /app/main.js',
      ),
    }),
    words: { rule: ['DL3002'] },
    run: async (root, compiled) =>
      program(
        await pythonTool('hadolint'),
        root,
        ...(compiled === undefined ? [] : ['--config', compiled('hadolint.yaml')]),
        'Dockerfile',
      ),
    known: 'DL3002',
    new: 'DL3025',
  },
  {
    scanner: 'tflint',
    needs: 'bin/tflint',
    gate: tflint,
    files: async () => ({
      'modules/m/terraform.tf': await read('modules/rotated-secret/terraform.tf'),
      'modules/m/main.tf': 'variable "forgotten" {}\n',
    }),
    words: { rule: ['terraform_unused_declarations'], resource: ['modules/m'] },
    run: (root, compiled) =>
      program(
        goTool('tflint'),
        root,
        ...['--chdir=modules/m', '--format=compact'],
        `--config=${compiled?.('tflint-modules-m.hcl') ?? join(project, 'security', 'tflint.hcl')}`,
      ),
    known: 'terraform_unused_declarations',
    new: 'terraform_typed_variables',
  },
];

describe.each(scanners)('$scanner by hand', ({ needs, gate, files, words, run, ...texts }) => {
  describeWith([built(needs)], 'with what the exceptions were compiled into', () => {
    test('says what its gate says, and without it everything', async () => {
      const root = await folderOf(await files());
      const compiled = await compile(gate, { root, ...nothing }, words);

      const [bare, silenced] = [await run(root), await run(root, compiled)];

      expect(said(bare, texts.known, texts.new)).toEqual([true, true]);
      expect(said(silenced, texts.known, texts.new)).toEqual([false, true]);
    }, 240_000);
  });
});

describeWith([built('bin/gitleaks')], 'gitleaks by hand in the history', () => {
  test('is silent about the commit that is excepted, and about no other', async () => {
    const root = await folderOf({ 'a.ts': twoKeys['known.ts'] });
    const git = (...args: string[]) =>
      execFileSync('git', ['-C', root, '-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
        encoding: 'utf8',
      }).trim();
    git('init', '-q');
    git('add', 'a.ts');
    git('commit', '-qm', 'one');
    const known = git('rev-parse', 'HEAD');
    await writeFile(join(root, 'a.ts'), `${twoKeys['known.ts']}// again\nconst other = '${key}';\n`);
    git('commit', '-qam', 'two');
    const compiled = await compile(
      gitleaksHistory,
      { root, ...nothing },
      {
        rule: ['aws-access-token'],
        resource: [`a.ts@${known}`],
      },
    );
    const options = ['git', '.', '--no-banner', '--report-format', 'json', '--report-path', '-'];

    const bare = await program(goTool('gitleaks'), root, ...options);
    const silenced = await program(
      goTool('gitleaks'),
      root,
      ...options,
      ...['--gitleaks-ignore-path', compiled('gitleaks-history.gitleaksignore')],
    );

    expect(said(bare, known, git('rev-parse', 'HEAD'))).toEqual([true, true]);
    expect(said(silenced, known, git('rev-parse', 'HEAD'))).toEqual([false, true]);
  });
});

describe('what the exceptions are compiled into', () => {
  const only = (exception: Partial<Exception>) =>
    compileExceptions(
      [{ ...blank, gate: ['trivy-plan'], rule: ['AWS-0053'], ...exception }],
      { commit: '', finishedAt: '', gates: [] },
      today,
    );

  test('silences one environment where the exception names one', () => {
    const files = only({ where: ['plan:dev'] });

    expect(files['trivy-plan-dev.rego']).toContain('AWS-0053');
    expect(files['trivy-plan.rego']).not.toContain('AWS-0053');
  });

  test('leaves out what has expired', () => {
    expect(only({ expires: '2026-06-14' })['trivy-plan.rego']).not.toContain('AWS-0053');
    expect(only({ expires: '2026-06-15' })['trivy-plan.rego']).toContain('AWS-0053');
  });
});
