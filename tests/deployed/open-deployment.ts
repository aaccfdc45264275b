import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CognitoIdentityProviderClient,
  DescribeUserPoolClientCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { Problem } from '../../app/src/commands/problem.ts';
import { createControlClient, type Harm, type LocalState } from '../../tools/sandbox/deployment/state.ts';
import { createServingHome } from '../../tools/sandbox/deployment/processes.ts';
import { type Deployment, type Outputs, readOutputs } from './deployment.ts';

/** The deployment that `make verify` or `make verify LOAD=yes` names to the scenarios that it starts. */
export async function openNamedDeployment(env: NodeJS.ProcessEnv): Promise<Deployment> {
  const read = (name: string): string => {
    const value = env[name];
    if (value === undefined) throw new Error(`${name} is not set: run make verify ENV=…`);
    return value;
  };
  const environment = read('VERIFY_ENVIRONMENT');
  /** Where the tasks of this machine are recorded; absent for a deployment on AWS. */
  const home = env['VERIFY_HOME'];
  if (home !== undefined)
    return (await openLocalAccess(home, environment === 'local' ? 'dev' : environment)).deployment;
  const outputs = JSON.parse(await readFile(read('VERIFY_OUTPUTS'), 'utf8')) as Record<string, unknown>;
  return openAwsAccess(environment, outputs, env);
}

interface Client {
  readonly tokenEndpoint: string;
  readonly id: string;
  readonly secret: string;
}

/**
 * A deployment on AWS, from the values of `terraform output`. Tokens come from the machine client of the user pool, whose
 * secret is read with the caller's own credentials and kept nowhere; with an issuer that isn't ours, from the client that
 * the environment names.
 */
export function openAwsAccess(
  environment: string,
  values: Readonly<Record<string, unknown>>,
  env: NodeJS.ProcessEnv,
): Deployment {
  const outputs = readOutputs(values);
  const tokens = new Map<string, Promise<string>>();
  let client: Promise<Client> | undefined;
  return {
    environment,
    url: outputs.url,
    outputs,
    token: (scope) => {
      client ??= findClient(outputs, env);
      const token = tokens.get(scope) ?? client.then((known) => requestToken(known, scope));
      tokens.set(scope, token);
      return token;
    },
  };
}

async function findClient({ cognito, region }: Outputs, env: NodeJS.ProcessEnv): Promise<Client> {
  if (!cognito) return namedClient(env);
  const pools = new CognitoIdentityProviderClient({ region });
  try {
    const { UserPoolClient: found } = await pools.send(
      new DescribeUserPoolClientCommand({
        UserPoolId: cognito.userPoolArn.split('/').at(-1),
        ClientId: cognito.clientId,
      }),
    );
    const { tokenEndpoint, clientId: id } = cognito;
    return { tokenEndpoint, id, secret: found?.ClientSecret ?? '' };
  } finally {
    pools.destroy();
  }
}

function namedClient(env: NodeJS.ProcessEnv): Client {
  const [tokenEndpoint, id, secret] = ['TOKEN_ENDPOINT', 'CLIENT_ID', 'CLIENT_SECRET'].map(
    (name) => env[`VERIFY_${name}`],
  );
  if (tokenEndpoint !== undefined && id !== undefined && secret !== undefined)
    return { tokenEndpoint, id, secret };
  throw new Problem(
    'Tokens for the probes come from an issuer that is not part of this deployment.',
    'Set VERIFY_TOKEN_ENDPOINT, VERIFY_CLIENT_ID and VERIFY_CLIENT_SECRET to a client with both scopes.',
  );
}

async function requestToken({ tokenEndpoint, id, secret }: Client, scope: string): Promise<string> {
  const response = await fetch(tokenEndpoint, {
    method: 'POST',
    signal: AbortSignal.timeout(15_000),
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope }),
  });
  const answer = (await response.json()) as { access_token?: string; error?: string };
  if (answer.access_token === undefined)
    throw new Error(`the issuer gives no token for ${scope}: ${response.status} ${answer.error ?? ''}`);
  return answer.access_token;
}

/** A local deployment: to be asked like one on AWS, and to be harmed. */
export interface LocalAccess {
  readonly deployment: Deployment;
  readonly harm: Harm;
  readonly state: () => Promise<LocalState>;
  /** Address of its control server. */
  readonly control: string;
  /** Folder of the deployment. */
  readonly home: string;
}

/** What a local deployment tells of itself. */
export interface LocalSources {
  /** `dev` unless another one is named. */
  readonly environment?: string;
  readonly url: string;
  readonly endpoint: string;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly state: () => Promise<LocalState>;
  readonly token: (scope: string) => Promise<string>;
  readonly harm: Harm;
  readonly control: string;
  readonly home: string;
}

export const localAccess = ({
  environment = 'dev',
  url,
  endpoint,
  outputs,
  state,
  token,
  harm,
  control,
  home,
}: LocalSources): LocalAccess => ({
  deployment: {
    environment,
    url,
    outputs: readOutputs(outputs),
    endpoint,
    token,
    metricsUrls: async () =>
      (await state()).tasks.filter(({ status }) => status === 'RUNNING').map(({ metricsUrl }) => metricsUrl),
  },
  harm,
  state,
  control,
  home,
});

/** @param home folder of the deployment; `make deploy-local` takes `.cache/local` */
export async function openLocalAccess(home: string, environment = 'dev'): Promise<LocalAccess> {
  const record = await createServingHome(home).find();
  if (!record) throw new Problem('No local deployment serves.', 'Start one: make deploy-local');
  const outputs = JSON.parse(await readFile(join(home, 'outputs.json'), 'utf8')) as Record<string, unknown>;
  const { state, token, harm } = createControlClient(record.control);
  const { url, emulator: endpoint, control } = record;
  return localAccess({ environment, url, endpoint, outputs, state, token, harm, control, home });
}
