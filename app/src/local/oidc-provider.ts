import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Configuration, JWK } from 'oidc-provider';

/** oidc-provider without its console warnings about state in memory, which is what a local issuer wants. */
const { Provider: OidcProvider, errors } = await withoutWarnings(() => import('oidc-provider'));

export const OidcError = errors.OIDCProviderError;
export type OidcProvider = InstanceType<typeof OidcProvider>;

export function createProvider(...settings: ConstructorParameters<typeof OidcProvider>): OidcProvider {
  return withoutWarnings(() => new OidcProvider(...settings));
}

function withoutWarnings<T>(action: () => T): T {
  const { warn } = console;
  console.warn = () => undefined;
  const restore = () => {
    console.warn = warn;
  };
  try {
    const result = action();
    if (result instanceof Promise) void result.then(restore, restore);
    else restore();
    return result;
  } catch (error) {
    restore();
    throw error;
  }
}

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

const accountId = 'local-developer';

export const signInPath = '/sign-in/';

/** Shows the sign-in page (GET) and takes its answer (POST): login and consent in one step. */
export async function signIn(
  provider: OidcProvider,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const interaction = await provider.interactionDetails(req, res);
  const { client_id: clientId, scope } = interaction.params;

  if (req.method !== 'POST') {
    const client = await provider.Client.find(String(clientId));
    res.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': signInPagePolicy,
      'cache-control': 'no-store',
    });
    res.end(signInPage(client?.clientName ?? 'A client', typeof scope === 'string' ? scope.split(' ') : []));
    return;
  }

  const answer = new URLSearchParams(await text(req)).get('answer');
  const result =
    answer === 'continue'
      ? { login: { accountId }, consent: {} }
      : { error: 'access_denied', error_description: 'Cancelled on the sign-in page.' };
  await provider.interactionFinished(req, res, result, { mergeWithLastSubmission: false });
}

const style = `
  body { font: 16px/1.5 system-ui, sans-serif; background: #f4f5f7; color: #1c2530; display: grid; place-items: center; min-height: 100vh; margin: 0 }
  main { background: #fff; border-radius: 12px; box-shadow: 0 2px 16px #0002; padding: 2rem; width: 22rem }
  h1 { font-size: 1.3rem; margin: 0 0 .5rem } p { margin: 0 0 1rem }
  code { background: #eef1f5; border-radius: 4px; padding: .1rem .35rem }
  button { font: inherit; width: 100%; padding: .7rem; margin-top: .5rem; border: 1px solid #1f6f43; border-radius: 8px; cursor: pointer; color: #1f6f43; background: #fff }
  button[value=continue] { background: #1f6f43; color: #fff }`;

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => escapes[character] ?? '');

/** Only this page's own style, nothing else. `form-action` is left out: the answer redirects to the client. */
const signInPagePolicy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; frame-ancestors 'none'; base-uri 'none'`;

/** The whole sign-in: one button, no password, because nobody but this machine can reach it. */
function signInPage(clientName: string, scopes: readonly string[]): string {
  const asked = scopes.map((scope) => `<code>${escapeHtml(scope)}</code>`).join(' ') || 'no scope';
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Sign in on this machine</title>
<style>${style}</style>
<main>
  <h1>Sign in on this machine</h1>
  <p>${escapeHtml(clientName)} asks for ${asked}. This issuer is for local play only and asks for no password.</p>
  <form method="post">
    <button name="answer" value="continue" autofocus>Continue as local developer</button>
    <button name="answer" value="cancel">Cancel</button>
  </form>
</main>
</html>`;
}
