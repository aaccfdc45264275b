import type { RequestHandler } from 'express';
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

/** @param ready resolves when the table answers; it bounds itself in time and in calls */
export function answerReadiness(ready: () => Promise<void>, lifecycle: Lifecycle): RequestHandler {
  return async (_request, response) => {
    if (lifecycle.isDraining()) throw notReady('This instance is stopping.');
    await ready().catch((error: unknown) => {
      throw notReady('The movies table does not answer.', error);
    });
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
