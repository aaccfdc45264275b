import type { ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import type { Metrics } from '../telemetry/metrics.ts';
import { HttpProblem } from './problem.ts';

/** Gives a request a place until its answer is out. Throws a 503 when all are taken. */
export type TakePlace = (response: ServerResponse) => void;

/** Refuses what is too much at once, so that what was accepted is still answered in time. */
export function createPlaces(mostInFlight: number, metrics: Pick<Metrics, 'requestShed'>): TakePlace {
  let inFlight = 0;
  return (response) => {
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
  };
}

export function shedLoad(takePlace: TakePlace): RequestHandler {
  return (_request, response, next) => {
    takePlace(response);
    next();
  };
}
