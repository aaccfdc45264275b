import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { PutResourcePolicyCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  AllocateAddressCommand,
  CreateNatGatewayCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
} from '@aws-sdk/client-ec2';
import {
  CreateOpenIDConnectProviderCommand,
  CreateRoleCommand,
  CreateServiceLinkedRoleCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { CreateHostedZoneCommand, GetHostedZoneCommand } from '@aws-sdk/client-route-53';
import { AssumeRoleCommand } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  createClients,
  judgeZones,
  type Clients,
  type Finding,
  type PreflightOptions,
} from '../../tools/release/preflight-checks.ts';
import { describePreflight, preflight } from '../../tools/release/preflight.ts';
import { run } from '../../tools/lib/processes.ts';
import { startEmulator, type Emulator } from '../../tools/sandbox/emulator.ts';
import { bodyOf, createRawClient } from '../sandbox/emulator/client.ts';
import { describeWith, program } from '../support/requirements.ts';

const root = resolve(import.meta.dirname, '../../terraform');
const region = 'eu-west-1';
const now = new Date();
const trust = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }],
});
const image = `123456789012.dkr.ecr.${region}.amazonaws.com/movies-api@sha256:${'0'.repeat(64)}`;
const bitbucket = (more: object) => JSON.stringify({ workspace: 'films', ...more });
const provider = 'https://api.bitbucket.org/2.0/workspaces/films/pipelines-config/identity/oidc';

test('a zone without Fargate is named, and one that is left out is not', () => {
  const tokyo = ['apne1-az4', 'apne1-az3', 'apne1-az1', 'apne1-az2'].map((ZoneId, index) => ({
    ZoneName: `ap-northeast-1${'abcd'[index] ?? ''}`,
    ZoneId,
  }));

  expect(judgeZones('ap-northeast-1', tokyo, [])).toEqual({
    verdict: 'wrong',
    found: 'no Fargate in apne1-az3',
    remedy: expect.stringContaining(`TF_VAR_exclude_zone_ids='["apne1-az3"]'`),
  });
  expect(judgeZones('ap-northeast-1', tokyo, ['apne1-az3'])).toMatchObject({ verdict: 'ok' });
});

describeWith([program('python3', 'install Python 3.10 or newer')], 'make preflight', () => {
  let emulator: Emulator;
  let admin: Clients;
  let servers: readonly string[];
  let zones: Readonly<Record<'public' | 'private', string>>;

  type Keys = NonNullable<Parameters<typeof createClients>[0]['credentials']>;
  const anybody: Keys = { accessKeyId: 'test', secretAccessKey: 'test' };
  const clientsOf =
    (credentials: Keys) =>
    (wanted: string): Clients =>
      createClients({ region: wanted, endpoint: emulator.url, credentials });

  /** Credentials of a session of a role that has these statements. */
  const sessionOf = async (name: string, ...statements: readonly object[]): Promise<Keys> => {
    const { Role } = await admin.iam.send(
      new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument: trust }),
    );
    const document = JSON.stringify({ Version: '2012-10-17', Statement: statements });
    await admin.iam.send(
      new PutRolePolicyCommand({ RoleName: name, PolicyName: 'own', PolicyDocument: document }),
    );
    const { Credentials } = await admin.sts.send(
      new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: 'a-person' }),
    );
    return {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    };
  };
  const all = { Effect: 'Allow', Action: '*', Resource: '*' };

  const named = { TF_VAR_allowed_cidrs: '["203.0.113.0/24"]', TF_VAR_plain_http: 'tokens in clear' };
  const ask = (
    env: NodeJS.ProcessEnv,
    options: Partial<PreflightOptions> = {},
  ): Promise<readonly Finding[]> =>
    preflight({
      root,
      environment: 'dev',
      image: '',
      env: { ...named, ...env },
      now,
      clients: clientsOf(anybody),
      resolveNameServers: () => Promise.resolve(servers),
      builtFor: () => Promise.resolve('amd64'),
      ...options,
    });
  const found = async (check: string, ...asked: Parameters<typeof ask>): Promise<readonly Finding[]> =>
    (await ask(...asked)).filter((one) => one.check === check);

  beforeAll(async () => {
    emulator = await startEmulator(0);
    admin = clientsOf(anybody)(region);
    const create = async (Name: string, PrivateZone: boolean): Promise<string> => {
      const { HostedZone } = await admin.route53.send(
        new CreateHostedZoneCommand({ Name, CallerReference: Name, HostedZoneConfig: { PrivateZone } }),
      );
      return HostedZone?.Id?.replace('/hostedzone/', '') ?? '';
    };
    zones = { public: await create('example.com', false), private: await create('example.org', true) };
    const { DelegationSet } = await admin.route53.send(new GetHostedZoneCommand({ Id: zones.public }));
    servers = DelegationSet?.NameServers ?? [];
  }, 300_000);

  afterAll(async () => {
    for (const client of Object.values(admin)) client.destroy();
    await emulator.stop();
  });

  test.each<[scenario: string, env: NodeJS.ProcessEnv, code: number, last: RegExp]>([
    ['nothing wrong', {}, 0, / 0 wrong, .* Nothing was changed\.$/],
    ['a region that is not allowed', { TF_VAR_region: 'us-east-1' }, 1, / 1 wrong, /],
  ])('with %s the program ends with the exit code that a pipeline reads', async (_, env, code, last) => {
    const given = { ...named, ...env, AWS_ENDPOINT_URL: emulator.url };
    const credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };

    const ended = await run(process.execPath, ['tools/release/main.ts', 'preflight', '--env', 'dev'], {
      env: { PATH: process.env['PATH'], ...credentials, ...given },
    });

    expect(ended).toMatchObject({ code, stderr: '' });
    expect(ended.stdout.trim()).toMatch(last);
  });

  const domain = 'movies.example.com';
  const elsewhere = { IMAGE_REPOSITORY: '999999999999.dkr.ecr.eu-west-1.amazonaws.com/x' };
  const nowhere = 'arn:aws:iam::123456789012:oidc-provider/x';
  const disabled = { region: 'eu-central-2', allowed_regions: '["eu-central-2"]' };
  const foreign = { bitbucket: bitbucket({ oidc_provider_arn: nowhere }) };
  /** Names in small letters are inputs of Terraform. */
  test.each<[scenario: string, check: string, env: NodeJS.ProcessEnv, cause: RegExp, remedy: RegExp]>([
    ['another account', 'account', { account_id: '9'.repeat(12) }, /_account_id names 9{12}/, /AWS_PROFILE/],
    ["another account's repository", 'account', elsewhere, /IMAGE_REPOSITORY names/, /unset/],
    [
      'a region that is not allowed',
      'region',
      { region: 'us-east-1' },
      /not among allowed_regions/,
      /TF_VAR_allowed_regions='\["us-east-1"\]'/,
    ],
    [
      'a session of another region',
      'region',
      { AWS_REGION: 'us-east-1' },
      /AWS_REGION is us-east-1/,
      /TF_VAR_region=us-east-1/,
    ],
    ['a region that is not enabled', 'region', disabled, /not enabled/, /enable-region/],
    ['a region with two zones', 'zones', { region: 'us-west-1' }, /offers 2 zones/, /three zones/],
    [
      'no domain, and no word for plain HTTP',
      'domain',
      { plain_http: undefined },
      /tokens would travel in clear/,
      /TF_VAR_domain_name/,
    ],
    [
      'a domain without a zone',
      'domain',
      { domain_name: domain },
      /neither zone nor certificate/,
      /TF_VAR_hosted_zone_id/,
    ],
    [
      'a zone that is not there',
      'domain',
      { domain_name: domain, hosted_zone_id: 'Z0000000000' },
      /no zone Z0000000000/,
      /list-hosted-zones/,
    ],
    ['no named network', 'networks', { allowed_cidrs: '[]' }, /names no network/, /TF_VAR_allowed_cidrs/],
    ['a runner outside', 'networks', { RUNNER_CIDRS: '198.51.100.7' }, /not 198\.51\.100\.7/, /RUNNER_CIDRS/],
    [
      'a pipeline whose runner nobody named',
      'networks',
      { bitbucket: bitbucket({}) },
      /RUNNER_CIDRS does not say/,
      /runs-on/,
    ],
    ['a provider that is not there', 'OIDC provider', foreign, /is not in this account/, /oidc_provider_arn/],
  ])('%s is wrong, with its cause and its remedy', async (_, check, env, cause, remedy) => {
    const inputs = Object.entries(env).map(([name, value]) => [
      /^[a-z]/.test(name) ? `TF_VAR_${name}` : name,
      value,
    ]);

    expect(await found(check, Object.fromEntries(inputs) as NodeJS.ProcessEnv)).toEqual([
      { check, verdict: 'wrong', found: expect.stringMatching(cause), remedy: expect.stringMatching(remedy) },
    ]);
  });

  test('prod without a domain is wrong', async () => {
    expect(await found('domain', {}, { environment: 'prod' })).toMatchObject([
      { verdict: 'wrong', found: expect.stringContaining('speaks TLS only') },
    ]);
  });

  test.each([
    ['a private zone', 'private', 'movies.example.org', [], /private zone/],
    ['a zone of another name', 'public', 'movies.example.net', [], /does not hold movies\.example\.net/],
    ['a zone that nobody delegated', 'public', 'movies.example.com', [], /asks nobody for example\.com/],
    [
      'a zone beside the delegated one',
      'public',
      'movies.example.com',
      ['ns.elsewhere.net'],
      /asks ns\.elsewhere\.net/,
    ],
  ] as const)('%s is wrong for a domain', async (_, zone, domain, told, cause) => {
    const env = { TF_VAR_domain_name: domain, TF_VAR_hosted_zone_id: zones[zone] };

    expect(await found('domain', env, { resolveNameServers: () => Promise.resolve(told) })).toMatchObject([
      { verdict: 'wrong', found: expect.stringMatching(cause) },
    ]);
  });

  test('an image for another processor is wrong, and one that nobody can read is not checked', async () => {
    const unread = { image, builtFor: () => Promise.reject(new Error('no registry')) };

    expect(
      await found('architecture', {}, { image, builtFor: () => Promise.resolve('arm64') }),
    ).toMatchObject([{ verdict: 'wrong', found: expect.stringContaining('built for arm64') }]);
    expect(await found('architecture', {}, unread)).toMatchObject([{ verdict: 'not checked' }]);
  });

  test('environments that want different processors are wrong', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'preflight-'));
    await cp(join(root, 'environments'), join(folder, 'environments'), { recursive: true });
    await cp(join(root, 'variables.tf'), join(folder, 'variables.tf'));
    const dev = join(folder, 'environments/dev.tfvars');
    await writeFile(dev, (await readFile(dev, 'utf8')).replace('"X86_64"', '"ARM64"'));

    expect(await found('architecture', {}, { root: folder })).toMatchObject([
      { verdict: 'wrong', found: expect.stringContaining('dev ARM64, prod X86_64') },
    ]);
    await rm(folder, { recursive: true });
  });

  test('a provider that another repository made is wrong, until it is shared', async () => {
    const { OpenIDConnectProviderArn: arn } = await admin.iam.send(
      new CreateOpenIDConnectProviderCommand({ Url: provider, ThumbprintList: ['0'.repeat(40)] }),
    );

    expect(await found('OIDC provider', { TF_VAR_bitbucket: bitbucket({}) })).toMatchObject([
      { verdict: 'wrong', remedy: expect.stringContaining(`"oidc_provider_arn": "${arn ?? ''}"`) },
    ]);
    expect(
      await found('OIDC provider', { TF_VAR_bitbucket: bitbucket({ oidc_provider_arn: arn }) }),
    ).toMatchObject([{ verdict: 'ok' }]);
  });

  test('each quota that is used up is wrong, with what is used and the command that asks for more', async () => {
    const place = 'eu-west-3';
    const { ec2, logs, ...others } = clientsOf(anybody)(place);
    const vpcs = await Promise.all(
      [1, 2, 3, 4].map((n) => ec2.send(new CreateVpcCommand({ CidrBlock: `10.${n}.0.0/16` }))),
    );
    const { Subnet } = await ec2.send(
      new CreateSubnetCommand({
        VpcId: vpcs[0]?.Vpc?.VpcId,
        CidrBlock: '10.1.0.0/24',
        AvailabilityZone: `${place}a`,
      }),
    );
    const addresses = await Promise.all([1, 2, 3, 4, 5].map(() => ec2.send(new AllocateAddressCommand({}))));
    for (const { AllocationId } of addresses) {
      await ec2.send(new CreateNatGatewayCommand({ SubnetId: Subnet?.SubnetId, AllocationId }));
    }
    for (const policyName of 'abcdefghi')
      await logs.send(new PutResourcePolicyCommand({ policyName, policyDocument: '{}' }));
    const Dimensions = Object.entries({
      Service: 'Fargate',
      Type: 'Resource',
      Resource: 'vCPU',
      Class: 'Standard/Spot',
    }).map(([Name, Value]) => ({ Name, Value }));
    const metrics: CloudWatchClient = others.cloudwatch;
    await metrics.send(
      new PutMetricDataCommand({
        Namespace: 'AWS/Usage',
        MetricData: [
          { MetricName: 'ResourceCount', Dimensions, Value: 5, Timestamp: new Date(now.getTime() - 600_000) },
        ],
      }),
    );

    const quotas = await found('quota', { TF_VAR_region: place });

    expect(quotas.map(({ verdict, found: told }) => `${verdict}: ${told}`)).toEqual([
      'ok: Fargate vCPU: 0 of 6 used, up to 0 more needed',
      'wrong: Fargate Spot vCPU: 5 of 6 used, up to 2 more needed',
      'wrong: elastic addresses: 5 of 5 used, up to 1 more needed',
      'wrong: VPCs: 5 of 5 used, up to 1 more needed',
      'wrong: NAT gateways in a zone: 5 of 5 used, up to 1 more needed',
      'wrong: log resource policies: 9 of 10 used, up to 2 more needed',
    ]);
    expect(quotas[1]?.remedy).toContain(
      '--service-code fargate --quota-code L-36FBB829 --region eu-west-3 --desired-value 7',
    );
  });

  test('prod at its most takes more vCPU than a new account is granted', async () => {
    expect(await found('quota', {}, { environment: 'prod' })).toContainEqual(
      expect.objectContaining({
        verdict: 'wrong',
        found: 'Fargate vCPU: 0 of 6 used, up to 8 more needed',
      }),
    );
  });

  test('what an environment that is deployed holds already is not needed again', async () => {
    const place = 'eu-north-1';
    const { ec2 } = clientsOf(anybody)(place);
    await ec2.send(
      new CreateVpcCommand({
        CidrBlock: '10.0.0.0/16',
        TagSpecifications: [{ ResourceType: 'vpc', Tags: [{ Key: 'Name', Value: 'movies-api-dev' }] }],
      }),
    );

    expect((await found('quota', { TF_VAR_region: place })).map(({ found: told }) => told)).toContain(
      'VPCs: 2 of 5 used, up to 0 more needed',
    );
  });

  describe('what the caller and the organisation allow', () => {
    test('a role that may not make what a first deployment begins with is wrong', async () => {
      const keys = await sessionOf('no-keys', all, {
        Effect: 'Deny',
        Action: ['kms:Create*', 'iam:CreateServiceLinkedRole'],
        Resource: '*',
      });

      const findings = await ask({}, { clients: clientsOf(keys) });

      expect(findings).toContainEqual({
        check: 'permissions',
        verdict: 'wrong',
        found: 'the caller may not kms:CreateKey',
        remedy: expect.stringContaining('administrator rights'),
      });
      expect(findings).toContainEqual({
        check: 'service-linked roles',
        verdict: 'wrong',
        found: expect.stringMatching(/mrk\.kms\.amazonaws\.com, and the caller may not make them/),
        remedy: expect.stringContaining('for service in backup.amazonaws.com ecs.amazonaws.com'),
      });
    });

    test('who can be simulated by nobody is told so', async () => {
      expect(await found('permissions', {})).toMatchObject([{ verdict: 'not checked' }]);
    });

    test('an account that fits is ok in every line, and only asked', async () => {
      const keys = await sessionOf('administrator', all);
      for (const AWSServiceName of ['ecs.amazonaws.com', 'wafv2.amazonaws.com'])
        await admin.iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName }));
      const env = { TF_VAR_domain_name: 'movies.example.com', TF_VAR_hosted_zone_id: zones.public };

      const findings = await ask(env, { clients: clientsOf(keys), image });

      expect(findings.filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
      expect(findings).toHaveLength(15);
      expect(describePreflight(findings)).toMatch(/15 ok, 0 wrong, 0 not checked\. Nothing was changed\.$/);
      const asked = emulator.calls
        .requests()
        .filter(({ caller }) => caller.endsWith(':role/administrator'))
        .map(({ action }) => action.split('.')[1] ?? '');
      expect(asked.length).toBeGreaterThan(10);
      expect(asked.filter((one) => !/^(Get|List|Describe|Simulate)/.test(one))).toEqual([]);
    });

    test('what the organisation forbids is wrong, and told apart from what the caller may not', async () => {
      const keys = await sessionOf('member', all);
      const organizations = (action: string, body: object): Promise<unknown> =>
        createRawClient(emulator.url)
          .json('organizations', `AWSOrganizationsV20161128.${action}`, body)
          .then(bodyOf);
      await organizations('CreateOrganization', { FeatureSet: 'ALL' });
      const {
        Roots: [top],
      } = (await organizations('ListRoots', {})) as { Roots: [{ Id: string }] };
      await organizations('EnablePolicyType', { RootId: top.Id, PolicyType: 'SERVICE_CONTROL_POLICY' });
      const Content = JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Deny', Action: 'ec2:CreateInternetGateway', Resource: '*' }],
      });
      const { Policy } = (await organizations('CreatePolicy', {
        Content,
        Name: 'no-internet',
        Description: 'closed',
        Type: 'SERVICE_CONTROL_POLICY',
      })) as { Policy: { PolicySummary: { Id: string } } };
      await organizations('AttachPolicy', { PolicyId: Policy.PolicySummary.Id, TargetId: top.Id });

      expect(await found('permissions', {}, { clients: clientsOf(keys) })).toEqual([
        {
          check: 'permissions',
          verdict: 'wrong',
          found: 'the organisation forbids ec2:CreateInternetGateway',
          remedy: expect.stringContaining('service control policies'),
        },
      ]);
    });
  });
});
