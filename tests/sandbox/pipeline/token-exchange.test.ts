import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { closeServer, listenOnLoopback } from '../../../app/src/local/listen.ts';
import { startTokenExchange, type TokenExchange } from '../../../tools/sandbox/pipeline/tokens.ts';
import { describeWith, evaluator } from '../../support/requirements.ts';
import { createTokenIssuer, type TokenIssuer } from '../../../tools/sandbox/pipeline/tokens.ts';

const uuid = (n: number): string => `{0000000${n}-0000-4000-8000-000000000000}`;
const ids = { workspace: uuid(1), repository: uuid(2), environments: { dev: uuid(3), prod: uuid(4) } };
const role = 'arn:aws:iam::123456789012:role/movies-api-dev-apply';
const step = { stepUuid: uuid(8), pipelineUuid: uuid(9), branch: 'main' };

let issuer: TokenIssuer;
/** The account: it has one role, and gives its credentials to whoever asks, as the emulator does. */
let account: Server;
let exchange: TokenExchange;
/** What its trust policy says otherwise. */
let changes: object;

const policyFor = (environment: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'AssumeAsApplyStep',
        Effect: 'Allow',
        Action: 'sts:AssumeRoleWithWebIdentity',
        Principal: { Federated: `arn:aws:iam::123456789012:oidc-provider/${issuer.name}` },
        Condition: {
          StringEquals: { [`${issuer.name}:aud`]: issuer.audience },
          StringLike: { [`${issuer.name}:sub`]: `${ids.repository}:${environment}:*` },
        },
        ...changes,
      },
    ],
  });

const take = (token: string, arn = role): Promise<Response> =>
  fetch(exchange.url, {
    method: 'POST',
    body: new URLSearchParams({
      Action: 'AssumeRoleWithWebIdentity',
      RoleArn: arn,
      WebIdentityToken: token,
    }),
  });

describeWith([evaluator], 'roles that are taken by tokens', () => {
  beforeEach(async () => {
    changes = {};
    issuer = await createTokenIssuer(ids, 'local');
    account = createServer((request, response) => {
      void text(request).then((body) => {
        const document = encodeURIComponent(policyFor(ids.environments.dev));
        response.end(
          body.includes('Action=GetRole')
            ? `<R><GetRoleResult><Role><Arn>${role}</Arn><AssumeRolePolicyDocument>${document}</AssumeRolePolicyDocument></Role></GetRoleResult></R>`
            : 'credentials',
        );
      });
    });
    exchange = await startTokenExchange((await listenOnLoopback(account, 0)).url, issuer);
  });

  afterEach(async () => {
    await exchange.stop();
    await closeServer(account);
  });

  test('the token of an environment takes the role that trusts this environment', async () => {
    const answer = await take(await issuer.issue({ ...step, deployment: 'dev' }));

    expect([answer.status, await answer.text()]).toEqual([200, 'credentials']);
    expect(exchange.granted).toEqual([`${role} for ${uuid(2)}:${uuid(3)}:${uuid(8)}`]);
  });

  test.each([
    ['of another environment', () => issuer.issue({ ...step, deployment: 'prod' })],
    ['of a step without a deployment', () => issuer.issue({ ...step, deployment: undefined })],
    [
      'of another issuer',
      async () => (await createTokenIssuer(ids, 'local')).issue({ ...step, deployment: 'dev' }),
    ],
    ['that is none', () => Promise.resolve('none')],
  ])('a token %s does not', async (_, makeToken) => {
    const answer = await take(await makeToken());

    expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining('AccessDenied')]);
    expect(exchange.granted).toEqual([]);
    expect(exchange.refused).toHaveLength(1);
  });

  test('a role that the account has not is refused', async () => {
    const answer = await take(await issuer.issue({ ...step, deployment: 'dev' }), role.replace('dev', 'x'));

    expect(answer.status).toBe(403);
  });

  test.each([
    ['denies', { Effect: 'Deny' }],
    ['allows something else', { Action: 'sts:AssumeRole' }],
    ['trusts another provider', { Principal: { Federated: 'arn:aws:iam::1:oidc-provider/elsewhere' } }],
    [
      'asks for an address that a token has not',
      { Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } },
    ],
    ['is none', { NotResource: '*' }],
  ])('a trust policy that %s admits nobody', async (_, otherwise) => {
    changes = otherwise;
    const answer = await take(await issuer.issue({ ...step, deployment: 'dev' }));

    expect([answer.status, exchange.granted]).toEqual([403, []]);
  });
});
