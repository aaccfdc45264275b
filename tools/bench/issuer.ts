import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { closeServer, listenOnLoopback } from '../../app/src/local/listen.ts';

export interface BenchIssuer {
  /** What a verifier needs to know, as the service's settings. */
  readonly settings: Readonly<Record<string, string>>;
  /** A signed access token that may read and write, good for a day. */
  readonly token: string;
  readonly stop: () => Promise<void>;
}

const algorithm = 'RS256';
const issuer = 'https://issuer.example.com';
const audience = 'movies-api';

/** Keys on loopback and a token as Amazon Cognito signs it (RS256, 2,048 bits). */
export async function startIssuer(): Promise<BenchIssuer> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm);
  const key = { ...(await exportJWK(publicKey)), kid: 'bench', alg: algorithm, use: 'sig' };
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: [key] }));
  });
  const { url } = await listenOnLoopback(server, 0);
  const token = await new SignJWT({
    scope: 'movies/read movies/write',
    client_id: audience,
    token_use: 'access',
  })
    .setProtectedHeader({ alg: algorithm, kid: 'bench' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject('bench')
    .setIssuedAt()
    .setExpirationTime('1 day')
    .sign(privateKey);
  return {
    settings: { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience, OIDC_JWKS_URI: `${url}/keys` },
    token,
    stop: () => closeServer(server),
  };
}
