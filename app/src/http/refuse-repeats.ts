import type { RequestHandler } from 'express';
import { badRequest } from './problem.ts';

/** Of these Node keeps the first and drops the others in silence, while what stands in front may go by the last one. */
const singles = ['Host', 'Authorization', 'Content-Type'];

/** Refuses a request that two readers could understand in two ways. */
export const refuseRepeats: RequestHandler = (request, _response, next) => {
  const given = request.headersDistinct;
  const repeated = singles.find((name) => (given[name.toLowerCase()] ?? []).length > 1);
  if (repeated !== undefined) {
    throw badRequest({ in: 'header', field: repeated, message: 'is given more than once' });
  }
  next();
};
