import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import type { Ids } from './variables.ts';

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
