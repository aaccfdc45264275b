import { Router, type RequestHandler } from 'express';
import type { Contract } from './contract.ts';
import type { DiscoverIssuer, IssuerEndpoints } from './issuer.ts';
import { pageHeaders } from './security-headers.ts';

export interface DocsSettings {
  readonly contract: Contract;
  /** Absent where there is no issuer to sign in at. */
  readonly discover?: DiscoverIssuer;
  /** The public client that signs in from the browser, by authorization code with PKCE. */
  readonly clientId?: string;
}

/** Serves the contract with the sign-in endpoints that its issuer really has. */
export function answerContract({ contract, discover }: DocsSettings): RequestHandler {
  return async (_request, response) => {
    const endpoints = await discoverQuietly(discover);
    response.set('Cache-Control', 'no-cache').json(withSignIn(contract, endpoints));
  };
}

/** Swagger UI, from this origin alone and without inline scripts. Loaded when it is first asked for. */
export function createDocs({ discover, clientId }: DocsSettings): Router {
  let page: Promise<readonly RequestHandler[]> | undefined;
  const router = Router();
  router.use((_request, response, next) => {
    response.locals.context.route = '/api/docs';
    next();
  });
  router.use(async (_request, response, next) => {
    const endpoints = await discoverQuietly(discover);
    const { tokenEndpoint } = endpoints ?? {};
    const origins = tokenEndpoint === undefined ? [] : [new URL(tokenEndpoint).origin];
    response.removeHeader('Cross-Origin-Opener-Policy');
    for (const [name, value] of pageHeaders(origins)) response.setHeader(name, value);
    next();
  });
  router.use(async (request, response, next) => {
    page ??= loadPage(clientId);
    const handlers = await page;
    const run = (index: number) => {
      const handler = handlers[index];
      if (handler === undefined) next();
      else
        void handler(request, response, (error?: unknown) => {
          if (error === undefined) run(index + 1);
          else next(error);
        });
    };
    run(0);
  });
  return router;
}

async function loadPage(clientId: string | undefined): Promise<readonly RequestHandler[]> {
  const { default: swaggerUi } = await import('swagger-ui-express');
  const options = {
    customSiteTitle: 'Movies API',
    swaggerUrl: '/openapi.json',
    swaggerOptions: {
      persistAuthorization: false,
      displayRequestDuration: true,
      validatorUrl: null,
      ...(clientId === undefined
        ? {}
        : {
            oauth: {
              clientId,
              usePkceWithAuthorizationCodeGrant: true,
              scopes: ['movies/read', 'movies/write'],
            },
          }),
    },
  };
  const index = swaggerUi.setup(undefined, options);
  const onlyAtRoot: RequestHandler = (request, response, next) => {
    if (request.path === '/') void index(request, response, next);
    else next();
  };
  return [...swaggerUi.serveFiles(undefined, options), onlyAtRoot];
}

/** The documentation is worth showing without a sign-in, too. */
const discoverQuietly = (discover: DiscoverIssuer | undefined): Promise<IssuerEndpoints | undefined> =>
  discover === undefined ? Promise.resolve(undefined) : discover().catch(() => undefined);

function withSignIn(contract: Contract, endpoints: IssuerEndpoints | undefined): object {
  const { authorizationEndpoint: authorizationUrl, tokenEndpoint: tokenUrl } = endpoints ?? {};
  const { oauth2, ...others } = contract.components.securitySchemes;
  const securitySchemes =
    authorizationUrl === undefined || tokenUrl === undefined
      ? others
      : { oauth2: withEndpoints(oauth2, { authorizationUrl, tokenUrl }), ...others };
  const document = { ...contract, components: { ...contract.components, securitySchemes } };
  return 'oauth2' in securitySchemes ? document : withoutScheme(document);
}

interface OAuth2Scheme {
  readonly type: string;
  readonly flows: { readonly authorizationCode: object };
}

function withEndpoints(scheme: unknown, endpoints: object): object {
  const { flows, ...rest } = scheme as OAuth2Scheme;
  return { ...rest, flows: { authorizationCode: { ...flows.authorizationCode, ...endpoints } } };
}

/** A document must not ask for a scheme that it doesn't define. */
const withoutScheme = (document: object): object =>
  JSON.parse(
    JSON.stringify(document, (name, value: unknown) =>
      name === 'security' && Array.isArray(value)
        ? value.filter((requirement: object) => !('oauth2' in requirement))
        : value,
    ),
  ) as object;
