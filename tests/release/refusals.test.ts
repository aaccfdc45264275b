import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Problem } from '../../app/src/commands/problem.ts';
import { emulatedAws } from '../../tools/lib/terraform/emulated.ts';
import { createProgress } from '../../tools/lib/progress.ts';
import { backendOf, checkEnvironment, checkRelease } from '../../tools/lib/terraform/service-root.ts';
import { createTerraform, failureOf } from '../../tools/lib/terraform/terraform.ts';
import { findBackend, refuseProduction } from '../../tools/release/account.ts';
import {
  architectureOf,
  checkArchitecture,
  platformOf,
  wantedArchitecture,
} from '../../tools/release/architecture.ts';
import { checkSignature } from '../../tools/release/check.ts';
import { checkReach } from '../../tools/release/reach.ts';
import { readSettings } from '../../tools/release/settings.ts';

const root = resolve(import.meta.dirname, '../../terraform');
const digest = `movies-api@sha256:${'0'.repeat(64)}`;
const image = `123456789012.dkr.ecr.eu-west-1.amazonaws.com/${digest}`;

test('a release of an environment with tfvars, by digest, is accepted', () => {
  expect(() => {
    checkRelease(root, { environment: 'dev', image: digest });
  }).not.toThrow();
});

test.each([
  ['an image by tag', { environment: 'dev', image: 'movies-api:1.0' }, /names an image by a tag/],
  ['a short digest', { environment: 'dev', image: 'movies-api@sha256:00' }, /names an image by a tag/],
  ['no image', { environment: 'dev', image: '' }, /No image is named/],
  ['an environment without tfvars', { environment: 'attic', image: digest }, /no environment attic/],
  ['the workspace default', { environment: 'default', image: digest }, /no environment default/],
  ['a path for an environment', { environment: '../x', image: digest }, /no environment/],
  ['no environment', { environment: '', image: digest }, /No environment is named/],
])('%s is refused before anything starts', (_, release, message) => {
  expect(() => {
    checkRelease(root, release);
  }).toThrow(message);
});

test('destroying prod is refused, although prod exists', () => {
  expect(() => {
    checkEnvironment(root, 'prod');
    refuseProduction('prod');
  }).toThrow('prod is never destroyed');
});

test.each([
  ['Saved plan is stale', /a stale plan is never applied/],
  ['Error acquiring the state lock', /terraform force-unlock <ID as above>$/],
  ['No valid credential sources found', /aws sso login/],
  ['api error NotEmulated: x', /emulator lacks this action/],
  ['something new', /run the same command again/],
])('a failure of Terraform with "%s" comes with its remedy', (said, remedy) => {
  expect(failureOf('apply', `\nError: ${said}\n\n  on main.tf line 3\n`)).toMatchObject({
    message: `terraform apply failed:\n  Error: ${said}\n    on main.tf line 3`,
    remedy: expect.stringMatching(remedy),
  });
});

test('a Terraform that was killed says nothing: that it may have left its lock is said for it', () => {
  expect(failureOf('plan', '\n').remedy).toMatch(/killed.*"When the state is locked"/);
});

describe('what Terraform itself says of a plan', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'terraform-'));
    const fake = '#!/bin/sh\necho "~ aws_lb.main"\necho "Error: no" >&2\n[ "$EXIT" = 0 ] || exit "$EXIT"\n';
    await writeFile(join(folder, 'terraform'), fake, { mode: 0o755 });
  });
  afterAll(() => rm(folder, { recursive: true }));

  const plan = async (EXIT: string, isShown: boolean) => {
    const said: string[] = [];
    const progress = createProgress((line) => said.push(line), Date.now);
    const env = { PATH: `${folder}:${process.env['PATH'] ?? ''}`, EXIT };
    const terraform = createTerraform(folder, { env, progress, isShown });
    const result = await terraform
      .plan({ out: 'x', variables: {} })
      .catch((error: unknown) => (error instanceof Problem ? error.message : error));
    return { result, isPassedOn: said.includes('~ aws_lb.main') };
  };

  test.each([
    ['changes', '2', true, true],
    ['no change', '0', true, false],
    ['a failure', '1', false, 'terraform plan failed:\n  Error: no'],
  ])('is passed on where it is wanted, and %s are told apart', async (_what, exit, isShown, result) => {
    expect(await plan(exit, isShown)).toEqual({ result, isPassedOn: isShown });
  });
});

const given = {
  STATE_BUCKET: 'b',
  STATE_REGION: 'eu-west-1',
  STATE_KMS_KEY_ARN: 'k',
  STATE_KEY: 'films/terraform.tfstate',
};
const settings = { bucket: 'b', region: 'eu-west-1', kms_key_id: 'k', key: 'films/terraform.tfstate' };
const fromBootstrap = () => Promise.resolve({ backend_config: settings });

test.each([
  ['what the environment names', given, settings],
  ['what bootstrap put out, of another project, too', {}, settings],
  [
    'the usual key, where the project has its usual name',
    { ...given, STATE_KEY: '' },
    { bucket: 'b', region: 'eu-west-1', kms_key_id: 'k' },
  ],
])('the backend is %s', async (_what, env, backend) => {
  expect(await findBackend(env, fromBootstrap)).toEqual(backend);
});

test.each([
  ['STATE_KEY', { TF_VAR_project: 'films', STATE_KEY: '' }],
  ['STATE_REGION', { STATE_REGION: '' }],
  ['STATE_BUCKET', { STATE_BUCKET: undefined }],
])('a pipeline without %s is refused, and never falls back to another state', async (missing, changes) => {
  await expect(findBackend({ ...given, ...changes }, fromBootstrap)).rejects.toThrow(
    `${missing} is not set, and other variables STATE_… are.`,
  );
});

test('an account without bootstrap is told to run it', () => {
  expect(() => backendOf({})).toThrow('terraform/bootstrap has no outputs here');
});

test('nothing of a real account reaches a local deployment', () => {
  const person = {
    PATH: '/bin',
    AWS_PROFILE: 'prod',
    AWS_SESSION_TOKEN: 'secret',
    AWS_ENDPOINT_URL_DYNAMODB: 'https://elsewhere',
    TF_VAR_account_id: '999999999999',
    TF_WORKSPACE: 'prod',
    STATE_BUCKET: 'real',
  };

  expect(emulatedAws(person, 'http://127.0.0.1:1', 'eu-west-1')).toEqual({
    PATH: '/bin',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
    AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'eu-west-1',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
  });
});

describe('a signature', () => {
  const check = (environment: string, key: string | undefined) => {
    const calls: string[][] = [];
    const asked = (...call: [string, string]) => {
      calls.push(call);
      return Promise.resolve();
    };
    const never = () => Promise.reject(new Error('is not asked for'));
    const provenances = async (...call: [string, string]) => {
      await asked(...call);
      return [];
    };
    const verifying = { verify: asked, verifySbom: asked, provenances };
    const cosign = { ...verifying, sign: never, attest: never };
    const env = key === undefined ? {} : { SIGNING_KEY: key };
    const deployed = { environment, image };
    return { calls, result: checkSignature(deployed, { project: root, env, cosign, say: () => undefined }) };
  };

  test('is asked for, of the image, its bill of materials and its provenance', async () => {
    const { result, calls } = check('prod', 'awskms:///alias');

    await expect(result).rejects.toThrow('there is no statement');
    expect(calls).toEqual(Array.from({ length: 3 }, () => [image, 'awskms:///alias']));
  });

  test('is left out on purpose, outside of prod', async () => {
    const { result, calls } = check('dev', 'none');

    await expect(result).resolves.toBeUndefined();
    expect(calls).toEqual([]);
  });

  test.each([
    ['has no key', 'dev', undefined, 'SIGNING_KEY is not set'],
    ['is left out in prod', 'prod', 'none', 'prod takes signed images only'],
  ] as const)('that %s is refused', async (_what, environment, key, message) => {
    await expect(check(environment, key).result).rejects.toThrow(message);
  });
});

describe('one setting', () => {
  let own: string;
  const variable = 'variable "architecture" {\n  type    = string\n  default = "ARM64"\n}\n';
  const write = (environment: string, text: string) =>
    writeFile(join(own, 'environments', `${environment}.tfvars`), text);
  beforeAll(async () => {
    own = await mkdtemp(join(tmpdir(), 'root-'));
    await mkdir(join(own, 'environments'));
    await writeFile(join(own, 'variables.tf'), `variable "other" {\n  default = "X"\n}\n\n${variable}`);
    await write('dev', 'owner = "x"\n');
    await write('prod', 'owner = "x"\n# architecture = "X86_64"\n');
  });
  afterAll(() => rm(own, { recursive: true }));

  test('decides what the image is built for: tfvars, then TF_VAR_architecture, then the default', async () => {
    expect(await wantedArchitecture(own, {})).toBe('ARM64');
    expect(await wantedArchitecture(own, { TF_VAR_architecture: 'X86_64' })).toBe('X86_64');
    await write('dev', 'architecture = "X86_64"\n');
    expect(await architectureOf(own, 'dev', { TF_VAR_architecture: 'ARM64' })).toBe('X86_64');
    await expect(wantedArchitecture(own, {})).rejects.toThrow(
      'want different processors: dev X86_64, prod ARM64',
    );
    await write('dev', 'architecture = "SPARC"\n');
    await expect(architectureOf(own, 'dev', {})).rejects.toThrow('The architecture of dev is SPARC.');
  });

  test('of the project is one that all environments share', async () => {
    expect(['ARM64', 'X86_64']).toContain(await wantedArchitecture(root, {}));
    expect([platformOf('ARM64'), platformOf('X86_64')]).toEqual(['linux/arm64', 'linux/amd64']);
  });

  test.each([
    ['amd64', 'ARM64'],
    ['arm64', 'X86_64'],
    ['', 'X86_64'],
    ['x86_64', 'X86_64'],
  ] as const)('refuses an image of %j where tasks run on %s, with what to do', (built, wanted) => {
    expect(() => {
      checkArchitecture(image, built, wanted);
    }).toThrow(
      expect.objectContaining({
        message: expect.stringContaining(`its tasks run on ${wanted}`),
        remedy: expect.stringContaining('Build it again with `make image`'),
      }),
    );
  });

  test('lets an image of the same processor pass', () => {
    expect(() => {
      checkArchitecture(image, 'arm64', 'ARM64');
      checkArchitecture(image, 'amd64', 'X86_64');
    }).not.toThrow();
  });
});

describe("where a step's probes come from", () => {
  let own: string;
  beforeAll(async () => {
    own = await mkdtemp(join(tmpdir(), 'root-'));
    await mkdir(join(own, 'environments'));
    await copyFile(join(root, 'environments/prod.tfvars'), join(own, 'environments/prod.tfvars'));
    await writeFile(join(own, 'environments/dev.tfvars'), 'environment = "dev"\n');
    await copyFile(join(root, 'variables.tf'), join(own, 'variables.tf'));
  });
  afterAll(() => rm(own, { recursive: true }));
  const step = { BITBUCKET_BUILD_NUMBER: '1' };
  const office = 'TF_VAR_allowed_cidrs';
  const check = async (environment: string, env: NodeJS.ProcessEnv) => {
    checkReach(await readSettings(own, environment, env), environment, env);
  };

  test.each([
    ['outside of Bitbucket', 'dev', {}],
    ['where everybody is let in', 'prod', step],
    ['inside', 'dev', { ...step, RUNNER_CIDRS: '203.0.113.7/32', [office]: '["203.0.113.0/24"]' }],
    ['twice inside', 'dev', { ...step, RUNNER_CIDRS: '10.0.0.1, 10.0.0.2', [office]: '["10.0.0.0/8"]' }],
  ])('%s is fine', async (_where, environment, env) => {
    await expect(check(environment, env)).resolves.toBeUndefined();
  });

  test.each([
    ['nowhere that is said', { ...step, [office]: '["203.0.113.0/24"]' }, 'RUNNER_CIDRS does not say'],
    ['nobody is let in', step, 'lets in nobody'],
    [
      'outside',
      { ...step, RUNNER_CIDRS: '198.51.100.7', [office]: '["203.0.113.0/24"]' },
      'and not 198.51.100.7 of RUNNER_CIDRS',
    ],
    [
      'more than is let in',
      { ...step, RUNNER_CIDRS: '203.0.112.0/22', [office]: '["203.0.113.0/24"]' },
      'and not 203.0.112.0/22 of RUNNER_CIDRS',
    ],
  ])('%s is refused before anything is deployed', async (_where, env, message) => {
    await expect(check('dev', env)).rejects.toThrow(
      expect.objectContaining({ exitCode: 2, message: expect.stringContaining(message) }),
    );
  });
});
