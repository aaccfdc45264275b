import type { Metrics } from '../telemetry/metrics.ts';
import { HttpProblem } from './problem.ts';
import type { Stage } from './stages.ts';

/** Who asks for health gets an answer in any case. */
const unlimited = new Set(['/healthz', '/readyz']);

/** Refuses with 503 what is too much at once, so that what was accepted is still answered in time. */
export function shedLoad(mostInFlight: number, metrics: Pick<Metrics, 'requestShed'>): Stage {
  let inFlight = 0;
  return (_request, response, next) => {
    if (unlimited.has(response.locals.found?.path ?? '')) {
      next();
      return;
    }
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
