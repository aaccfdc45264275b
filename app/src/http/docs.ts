import { Router, type RequestHandler } from 'express';
import type { Contract, Operation } from './contract.ts';
import type { DiscoverIssuer, IssuerEndpoints } from './issuer.ts';
import { notAllowed } from './problem.ts';
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

const errorNames = /^[45]/;

/**
 * The contract as a page shows it: of each operation the errors are one short list with one example, since all of them
 * look alike.
 */
function forPeople(contract: Contract): Contract {
  const { responses: shared = {}, schemas } = contract.components;
  const described = (response: object): string => {
    const name = '$ref' in response ? String(response.$ref).split('/').at(-1) : undefined;
    const resolved: unknown = name === undefined ? response : Reflect.get(shared, name);
    return typeof resolved === 'object' && resolved !== null && 'description' in resolved
      ? String(resolved.description)
      : '';
  };
  const withErrorList = (operation: Operation): Operation => {
    const answers = Object.entries(operation.responses);
    const errors = answers.filter(([status]) => errorNames.test(status));
    const list = errors.map(([status, response]) => `- **${status}** ${described(response)}`).join('\n');
    const problem = {
      description: `A problem document, by its status:\n\n${list}`,
      content: { 'application/problem+json': { schema: schemas['Problem'] } },
    };
    const others = answers.filter(([status]) => !errorNames.test(status));
    return { ...operation, responses: { ...Object.fromEntries(others), default: problem } };
  };
  const paths = Object.entries(contract.paths).map(([path, item]) => [
    path,
    Object.fromEntries(
      Object.entries(item).map(([name, part]) => [name, 'responses' in part ? withErrorList(part) : part]),
    ),
  ]);
  return { ...contract, paths: Object.fromEntries(paths) as Contract['paths'] };
}

/** A public client has no secret to type in, no answer here has links, and what is deprecated still has to be read. */
const pageStyle = `
  .auth-container div:has(> label[for^="client_secret"]) { display: none }
  .swagger-ui .opblock.opblock-deprecated { opacity: 1 }
  .swagger-ui .opblock.opblock-deprecated .opblock-summary-method { background: #6b6b6b }
  .swagger-ui .opblock-deprecated .opblock-summary-path__deprecated { text-decoration: none }
  .swagger-ui .response-col_links { display: none }
`;

/** Swagger UI, from this origin alone and without inline scripts. Loaded when it is first asked for. */
export function createDocs({ contract, discover, clientId }: DocsSettings): Router {
  let page: Promise<readonly RequestHandler[]> | undefined;
  const router = Router();
  router.use(({ method, path }, response, next) => {
    response.locals.context.route = '/api/docs';
    if (method !== 'GET' && method !== 'HEAD') throw notAllowed(method, 'GET, HEAD');
    // swagger-ui-express would answer it itself, with a 404 that is no problem document.
    next(path.endsWith('/package.json') ? 'router' : undefined);
  });
  router.use(async (_request, response, next) => {
    const endpoints = await discoverQuietly(discover);
    const { tokenEndpoint } = endpoints ?? {};
    const origins = tokenEndpoint === undefined ? [] : [new URL(tokenEndpoint).origin];
    response.removeHeader('Cross-Origin-Opener-Policy');
    for (const [name, value] of pageHeaders(origins)) response.setHeader(name, value);
    next();
  });
  router.get(
    '/openapi.json',
    answerContract({ contract: forPeople(contract), ...(discover === undefined ? {} : { discover }) }),
  );
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
    customCss: pageStyle,
    swaggerUrl: '/api/docs/openapi.json',
    swaggerOptions: {
      // Schemas folded: what they say stands beside each operation, too.
      defaultModelsExpandDepth: 0,
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
