import type { Configuration, JWK } from 'oidc-provider';
import { signInPath } from './sign-in.ts';

export interface Client {
  readonly id: string;
  readonly secret: string;
}

export interface IssuerSettings {
  readonly audience: string;
  readonly tokenTtlSeconds: number;
  readonly machineClient: Client;
  readonly swaggerClientId: string;
  readonly cookieKey: string;
  /** Private, with `alg` and `kid`. */
  readonly signingKey: JWK;
}

const scopes = 'movies/read movies/write';
/** The resource indicator (RFC 8707) that every token is for; its presence is what makes access tokens JWTs. */
const resource = 'urn:movies-api';
const loopbackHosts = ['localhost', '127.0.0.1'];

/** How oidc-provider behaves as this machine's issuer: two clients, one resource, JWT access tokens (RFC 9068). */
export function issuerConfiguration(settings: IssuerSettings): Configuration {
  const { audience, tokenTtlSeconds, machineClient, swaggerClientId, cookieKey, signingKey } = settings;
  const algorithm = signingKey.alg === 'ES256' ? 'ES256' : 'RS256';
  return {
    jwks: { keys: [signingKey] },
    cookies: { keys: [cookieKey] },
    clients: [
      {
        client_id: machineClient.id,
        client_secret: machineClient.secret,
        client_name: 'This machine',
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        id_token_signed_response_alg: algorithm,
      },
      {
        client_id: swaggerClientId,
        client_name: 'Swagger UI',
        // A native client's loopback redirect may use any port (RFC 8252, section 7.3).
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code'],
        response_types: ['code'],
        redirect_uris: loopbackHosts.map((host) => `http://${host}/api/docs/oauth2-redirect.html`),
        id_token_signed_response_alg: algorithm,
      },
    ],
    clientBasedCORS: (_context, origin, client) =>
      client.clientId === swaggerClientId &&
      URL.canParse(origin) &&
      loopbackHosts.includes(new URL(origin).hostname),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          audience,
          scope: scopes,
          accessTokenFormat: 'jwt',
          accessTokenTTL: tokenTtlSeconds,
          jwt: { sign: { alg: algorithm } },
        }),
      },
    },
    formats: {
      customizers: {
        // As Cognito does: a machine that asks for no scope gets all of its own.
        jwt: (context, token, jwt) => {
          const isAsked = Boolean(context.oidc.params?.['scope']);
          if (token.kind === 'ClientCredentials' && !isAsked) jwt.payload['scope'] = scopes;
        },
      },
    },
    interactions: { url: (_context, { uid }) => `${signInPath}${uid}` },
    renderError: (context, { error, error_description: description }) => {
      context.type = 'text';
      context.body = `${error}: ${description ?? 'no description'}\n`;
    },
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    // Whoever signed in here has consented on the same page.
    loadExistingGrant: async (context) => {
      const { client, session, provider, params } = context.oidc;
      if (!client || session?.accountId === undefined) return undefined;
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      const scope = params?.['scope'];
      if (typeof scope === 'string') grant.addResourceScope(resource, scope);
      await grant.save();
      return grant;
    },
    ttl: {
      AccessToken: tokenTtlSeconds,
      ClientCredentials: tokenTtlSeconds,
      Grant: 86_400,
      Interaction: 600,
      Session: 3600,
    },
  };
}
