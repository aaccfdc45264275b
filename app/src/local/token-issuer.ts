import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose';
import {
  type Client,
  createProvider,
  issuerConfiguration,
  OidcError,
  signIn,
  signInPath,
} from './oidc-provider.ts';
import { closeServer, listenOnLoopback } from './listen.ts';

export interface TokenIssuer {
  /** Both the `iss` of its tokens and where `/.well-known/openid-configuration` is found. */
  readonly issuer: string;
  readonly jwksUri: string;
  readonly tokenEndpoint: string;
  /** The `aud` of its tokens. */
  readonly audience: string;
  /** A confidential client for the client-credentials grant. */
  readonly machineClient: Client;
  /** A public client for authorization code with PKCE; its redirect may use any port of this machine. */
  readonly swaggerClientId: string;
  /** Runs the client-credentials grant over HTTP. Scopes are separated by spaces; the issuer ignores unknown ones. */
  token(scope: string): Promise<string>;
  /** Signs any claims with the current key: for tokens that this issuer would never give out. */
  sign(claims: JWTPayload): Promise<string>;
  /** A new signing key; the former one is withdrawn from the key set at once. */
  rotateKeys(): Promise<void>;
  stop(): Promise<void>;
}

export interface TokenIssuerOptions {
  /** 0, the default, takes a free port. */
  readonly port?: number;
  readonly audience?: string;
  /** How long a token lives; one hour by default. */
  readonly tokenTtlSeconds?: number;
  readonly algorithm?: 'RS256' | 'ES256';
  /** Where each signing key comes from: a new one by default. Of the algorithm, and extractable. */
  readonly signingKey?: () => Promise<{ readonly privateKey: CryptoKey }>;
}

/** A certified OpenID provider (oidc-provider) for this machine: real grants, real keys, no accounts, nothing kept. */
export async function startTokenIssuer(options: TokenIssuerOptions = {}): Promise<TokenIssuer> {
  const { port = 0, audience = 'movies-api', tokenTtlSeconds = 3600, algorithm = 'RS256' } = options;
  const { signingKey = () => generateKeyPair(algorithm, { extractable: true }) } = options;
  const machineClient: Client = { id: 'local-machine', secret: crypto.randomUUID() };
  const swaggerClientId = 'local-swagger-ui';
  const cookieKey = crypto.randomUUID();

  const server = createServer();
  const { url: issuer } = await listenOnLoopback(server, port);

  const createIssuer = async () => {
    const { privateKey } = await signingKey();
    const kid = crypto.randomUUID();
    const provider = createProvider(
      issuer,
      issuerConfiguration({
        audience,
        tokenTtlSeconds,
        machineClient,
        swaggerClientId,
        cookieKey,
        signingKey: { ...(await exportJWK(privateKey)), alg: algorithm, kid, use: 'sig' },
      }),
    );
    return { provider, answer: provider.callback(), privateKey, kid };
  };
  let current = await createIssuer();

  server.on('request', (req, res) => {
    const { provider, answer } = current;
    if (!req.url?.startsWith(signInPath)) {
      void answer(req, res);
      return;
    }
    signIn(provider, req, res).catch((error: unknown) => {
      const expected = error instanceof OidcError;
      res.writeHead(expected ? error.statusCode : 500, { 'content-type': 'text/plain; charset=utf-8' });
      res.end(expected ? `${error.message}: start again from the application.` : 'The sign-in failed.');
    });
  });

  const tokenEndpoint = `${issuer}/token`;
  return {
    issuer,
    jwksUri: `${issuer}/jwks`,
    tokenEndpoint,
    audience,
    machineClient,
    swaggerClientId,
    token: (scope) => requestToken(tokenEndpoint, machineClient, scope),
    sign: (claims) =>
      new SignJWT(claims).setProtectedHeader({ alg: algorithm, kid: current.kid }).sign(current.privateKey),
    rotateKeys: async () => {
      current = await createIssuer();
    },
    stop: () => closeServer(server),
  };
}

async function requestToken(tokenEndpoint: string, client: Client, scope: string): Promise<string> {
  const response = await fetch(tokenEndpoint, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope }),
  });
  const answer: unknown = await response.json();
  if (response.ok && typeof answer === 'object' && answer !== null && 'access_token' in answer) {
    return String(answer.access_token);
  }
  throw new Error(`The issuer gives no token for "${scope}": ${JSON.stringify(answer)}`);
}
