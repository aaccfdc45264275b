import {
  CognitoIdentityProviderClient,
  DescribeUserPoolClientCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { Problem } from '../../app/src/commands/problem.ts';
import { readOutputs, type Deployment, type Outputs } from './deployment.ts';

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
