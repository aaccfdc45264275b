import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { closeServer, listenOnLoopback } from '../../../app/src/local/listen.ts';
import { reasonOf } from '../../../app/src/commands/problem.ts';
import type { TokenIssuer } from './token-issuer.ts';
import { admits } from './trust-policy.ts';

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

  const refusalOf = async (body: URLSearchParams): Promise<string | undefined> => {
    const role = body.get('RoleArn') ?? '';
    try {
      const token = await issuer.verify(body.get('WebIdentityToken') ?? '');
      const isAdmitted = admits(await trustPolicyOf(role, emulator), token);
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

/** As it was applied; `{}` where the account has no such role. */
async function trustPolicyOf(arn: string, emulator: string): Promise<string> {
  const query = { Action: 'GetRole', Version: '2010-05-08', RoleName: arn.split('/').at(-1) ?? '' };
  const response = await fetch(emulator, {
    method: 'POST',
    headers: {
      authorization:
        'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=none',
    },
    body: new URLSearchParams(query),
  });
  const answer = await response.text();
  const read = (name: string): string => new RegExp(`<${name}>([^<]*)<`).exec(answer)?.[1] ?? '';
  return read('Arn') === arn
    ? decodeURIComponent(read('AssumeRolePolicyDocument')).replaceAll('&quot;', '"')
    : '{}';
}

const accessDenied = (reason: string): string =>
  `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>${reason.replace(/[<>&]/g, ' ')}</Message></Error><RequestId>local</RequestId></ErrorResponse>`;
