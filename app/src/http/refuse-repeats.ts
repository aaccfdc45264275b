import { badRequest } from './problem.ts';
import type { Stage } from './stages.ts';

/** Of these Node keeps the first and drops the others in silence, while what stands in front may go by the last one. */
const singles = new Map(['Host', 'Authorization', 'Content-Type'].map((name) => [name.toLowerCase(), name]));

/** Refuses a request that two readers could understand in two ways. */
export const refuseRepeats: Stage = ({ rawHeaders }, _response, next) => {
  const seen = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const field = singles.get(rawHeaders[at]?.toLowerCase() ?? '');
    if (field === undefined) continue;
    if (seen.has(field)) throw badRequest({ in: 'header', field, message: 'is given more than once' });
    seen.add(field);
  }
  next();
};
