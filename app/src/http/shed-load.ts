import type { RequestHandler } from 'express';
import type { Metrics } from '../telemetry/metrics.ts';
import { HttpProblem } from './problem.ts';

/** Refuses what is too much at once, so that what was accepted is still answered in time. */
export function shedLoad(mostInFlight: number, metrics: Metrics): RequestHandler {
  let inFlight = 0;
  return (_request, response, next) => {
    if (inFlight >= mostInFlight) {
      metrics.requestShed();
      throw new HttpProblem(503, 'Too many requests at once. Try again in a moment.', {
        headers: { 'Retry-After': '1' },
      });
    }
    inFlight += 1;
    response.once('close', () => {
      inFlight -= 1;
    });
    next();
  };
}
