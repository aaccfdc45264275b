import { fileURLToPath } from 'node:url';
import express, { type Express, type Request, type RequestHandler } from 'express';
import { middleware as openApiValidator } from 'express-openapi-validator';
import helmet from 'helmet';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { pinoHttp } from 'pino-http';
import { collectDefaultMetrics, Histogram, register } from 'prom-client';
import swaggerUi from 'swagger-ui-express';
import type { Movie } from '../../../app/src/movies/movie.ts';
import { settings } from './settings.ts';

const contract = fileURLToPath(new URL('../../../app/openapi.yaml', import.meta.url));

/**
 * Rival: the libraries that the service uses, stacked as their READMEs show: helmet, pino-http, prom-client, jose,
 * swagger-ui-express, express-openapi-validator.
 */
export function usualStack(find: (year: number, title: string) => Promise<Movie | undefined>): Express {
  const app = express();
  app.use(helmet(), pinoHttp(), measure());
  app.use('/api/docs', swaggerUi.serve, swaggerUi.setup(undefined, { swaggerUrl: '/openapi.json' }));
  app.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' });
  });
  app.get('/metrics', async (_request, response) => {
    response.type(register.contentType).send(await register.metrics());
  });
  app.use(authenticate(), express.json());
  app.use(
    openApiValidator({
      apiSpec: contract,
      validateApiSpec: false,
      validateRequests: true,
      validateSecurity: false,
    }),
  );

  app.get('/movies/:year/:title', async (request: Request<{ year: string; title: string }>, response) => {
    const movie = await find(Number(request.params.year), request.params.title);
    if (movie === undefined) {
      response.sendStatus(404);
      return;
    }
    response.json(movie);
  });
  return app;
}

function measure(): RequestHandler {
  collectDefaultMetrics();
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Duration of requests',
    labelNames: ['method', 'route', 'status'],
  });
  return (request, response, next) => {
    const end = duration.startTimer();
    response.on('finish', () => {
      const route = String((request.route as { path?: string } | undefined)?.path);
      end({ method: request.method, route, status: response.statusCode });
    });
    next();
  };
}

function authenticate(): RequestHandler {
  const { jwks, issuer, audience } = settings();
  const keys = createRemoteJWKSet(new URL(jwks));
  return async (request, response, next) => {
    try {
      await jwtVerify((request.headers.authorization ?? '').replace('Bearer ', ''), keys, {
        issuer,
        audience,
      });
      next();
    } catch {
      response.sendStatus(401);
    }
  };
}
