import type { RequestHandler } from 'express';
import { IssuerMisconfigured, type DiscoverIssuer } from './issuer.ts';
import { HttpProblem } from './problem.ts';
import type { Stage } from './stages.ts';

export interface Lifecycle {
  /** True from the moment that the process was asked to stop. */
  isDraining(): boolean;
}

/**
 * For the load balancer. It touches nothing: a database that is down is no reason to send requests elsewhere. An instance
 * that stops says so at once, since nobody else may tell the balancer before connections are refused.
 */
export function answerLiveness(lifecycle: Lifecycle): RequestHandler {
  return (_request, response) => {
    if (lifecycle.isDraining()) throw notReady('This instance is stopping.');
    response.set('Cache-Control', 'no-store').json({ status: 'ok' });
  };
}

export interface ReadinessDeps {
  /** Resolves when the table answers; it bounds itself in time and in calls. */
  readonly ready: () => Promise<void>;
  /** Absent where tokens are verified without it. */
  readonly discover: DiscoverIssuer | undefined;
  readonly lifecycle: Lifecycle;
}

/** An issuer that is away comes back, and known keys go on; one that is misconfigured needs somebody who mends that. */
export function answerReadiness({ ready, discover, lifecycle }: ReadinessDeps): RequestHandler {
  return async (_request, response) => {
    if (lifecycle.isDraining()) throw notReady('This instance is stopping.');
    const table = ready().catch((error: unknown) => {
      throw notReady('The movies table does not answer.', error);
    });
    const issuer = discover?.().catch((error: unknown) => {
      if (error instanceof IssuerMisconfigured) throw notReady(error.message, error);
    });
    await Promise.all([table, issuer]);
    response.set('Cache-Control', 'no-store').json({ status: 'ok' });
  };
}

/** Lets callers move to another connection, and so to another instance, before this one refuses them. */
export function closeConnectionsWhileDraining(lifecycle: Lifecycle): Stage {
  return (_request, response, next) => {
    if (lifecycle.isDraining()) response.setHeader('Connection', 'close');
    next();
  };
}

const notReady = (why: string, cause?: unknown) =>
  new HttpProblem(503, why, { cause, headers: { 'Retry-After': '1' } });
