import { GetRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { createServer } from 'node:http';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { Problem, reasonOf } from '../../../app/src/commands/problem.ts';
import { closeServer, listenOnLoopback } from '../../../app/src/local/listen.ts';
import { askEvaluator } from '../../lib/iam-evaluator.ts';
import { clientSettings } from '../../lib/terraform/emulated.ts';
import { type Ids, region } from './account.ts';

/** What of a token decides about a role. */
export interface VerifiedToken {
  readonly issuer: string;
  readonly audience: string;
  readonly subject: string;
}

export interface TokenIssuer {
  /** `iss` without its scheme: the name that trust policies use. */
  readonly name: string;
  readonly audience: string;
  /** A signed token with the claims that Bitbucket documents for a step with `oidc: true`. */
  readonly issue: (step: TokenSubject) => Promise<string>;
  /** Rejects unless it is one of ours, for us, and has not expired. */
  readonly verify: (token: string) => Promise<VerifiedToken>;
}

export interface TokenSubject {
  readonly stepUuid: string;
  readonly pipelineUuid: string;
  readonly branch: string;
  readonly deployment: string | undefined;
}

const lifetimeSeconds = 3_600;

/** Braces are part of each UUID, and of the subject. */
const bare = (uuid: string): string => uuid.slice(1, -1);

/** Stands for Bitbucket's OpenID Connect provider: real signatures, with a key that lives as long as the run. */
export async function createTokenIssuer(ids: Ids, workspace: string): Promise<TokenIssuer> {
  const name = `api.bitbucket.org/2.0/workspaces/${workspace}/pipelines-config/identity/oidc`;
  const issuer = `https://${name}`;
  const audience = `ari:cloud:bitbucket::workspace/${bare(ids.workspace)}`;
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), alg: 'RS256' }] });

  return {
    name,
    audience,
    issue: ({ stepUuid, pipelineUuid, branch, deployment }) => {
      const environment = deployment === undefined ? undefined : ids.environments[deployment];
      const subject = [ids.repository, environment, stepUuid].filter((part) => part !== undefined).join(':');
      return new SignJWT({
        stepUuid,
        pipelineUuid,
        repositoryUuid: ids.repository,
        workspaceUuid: ids.workspace,
        branchName: branch,
        ...(environment === undefined ? {} : { deploymentEnvironmentUuid: environment }),
      })
        .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(subject)
        .setIssuedAt()
        .setExpirationTime(`${lifetimeSeconds} s`)
        .sign(privateKey);
    },
    verify: async (token) => {
      const { payload } = await jwtVerify(token, keys, { issuer, audience });
      return { issuer: name, audience, subject: payload.sub ?? '' };
    },
  };
}

/** Whether a role's trust policy lets the bearer of a verified token take the role, by the evaluator of `make roles`. */
async function admits(
  { arn, trust }: AppliedRole,
  { issuer, audience, subject }: VerifiedToken,
): Promise<boolean> {
  const account = arn.split(':')[4] ?? '';
  const { decisions } = await askEvaluator(project, {
    documents: { 'role trust': trust },
    requests: [
      {
        principal: `arn:aws:iam::${account}:oidc-provider/${issuer}`,
        action: 'sts:AssumeRoleWithWebIdentity',
        ...{ resource: arn, account, identity: [], resourcePolicy: 'role trust' },
        context: { [`${issuer}:aud`]: audience, [`${issuer}:sub`]: subject },
        // Claims are keys that no reference lists.
        unlisted: true,
      },
    ],
    actions: [],
  });
  return decisions[0]?.decision === 'Allowed';
}
const project = resolve(import.meta.dirname, '../../..');

export interface TokenExchange {
  /** AWS_ENDPOINT_URL_STS of a step. */
  readonly url: string;
  /** Roles that were taken and refused, in order: `<role> for <subject>`. */
  readonly granted: string[];
  readonly refused: string[];
  readonly stop: () => Promise<void>;
}

/**
 * STS in front of the emulator's: that one gives any role to any token. Here a token must be signed by the issuer, and the trust
 * policy that was applied must admit its audience and subject, before the emulator is asked.
 */
export async function startTokenExchange(emulator: string, issuer: TokenIssuer): Promise<TokenExchange> {
  const granted: string[] = [];
  const refused: string[] = [];
  /** By role and token: a step takes its role with each client that it opens. */
  const known = new Map<string, Promise<boolean>>();

  const refusalOf = async (body: URLSearchParams): Promise<string | undefined> => {
    const role = body.get('RoleArn') ?? '';
    try {
      const given = body.get('WebIdentityToken') ?? '';
      const token = await issuer.verify(given);
      const admission =
        known.get(`${role} ${given}`) ?? roleOf(role, emulator).then((one) => admits(one, token));
      known.set(`${role} ${given}`, admission);
      const isAdmitted = await admission;
      (isAdmitted ? granted : refused).push(`${role} for ${token.subject}`);
      return isAdmitted ? undefined : `The trust policy of ${role} does not admit ${token.subject}`;
    } catch (error) {
      refused.push(`${role}: ${reasonOf(error)}`);
      return `Couldn't verify the identity token: ${reasonOf(error)}`;
    }
  };

  const server = createServer((request, response) => {
    void (async () => {
      const sent = await text(request);
      const body = new URLSearchParams(sent);
      const refusal = body.get('Action') === 'AssumeRoleWithWebIdentity' ? await refusalOf(body) : undefined;
      if (refusal !== undefined) {
        response.writeHead(403, { 'content-type': 'text/xml' }).end(accessDenied(refusal));
        return;
      }
      const headers = Object.entries(request.headers).filter(([name]) => forwarded.includes(name));
      const answer = await fetch(new URL(request.url ?? '/', emulator), {
        method: request.method ?? 'POST',
        headers: Object.fromEntries(headers.map(([name, value]) => [name, String(value)])),
        body: sent,
      });
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/xml' });
      response.end(await answer.text());
    })().catch((error: unknown) => {
      response.writeHead(502).end(reasonOf(error));
    });
  });
  const { url } = await listenOnLoopback(server, 0);
  return {
    url,
    granted,
    refused,
    stop: () => closeServer(server),
  };
}

const forwarded = ['authorization', 'content-type', 'x-amz-date', 'x-amz-security-token'];

interface AppliedRole {
  readonly arn: string;
  readonly trust: unknown;
}

/** As it was applied. */
async function roleOf(arn: string, emulator: string): Promise<AppliedRole> {
  const iam = new IAMClient(clientSettings(emulator, region));
  const { Role: role } = await iam.send(new GetRoleCommand({ RoleName: arn.split('/').at(-1) }));
  iam.destroy();
  if (role?.Arn !== arn) throw new Problem(`The account has no role ${arn}.`, 'make bootstrap makes them.');
  return { arn, trust: JSON.parse(decodeURIComponent(role.AssumeRolePolicyDocument ?? '')) as unknown };
}

const accessDenied = (reason: string): string =>
  `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>${reason.replace(/[<>&]/g, ' ')}</Message></Error><RequestId>local</RequestId></ErrorResponse>`;
