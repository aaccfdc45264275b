import { accessPathOf as today, type AccessPath } from '../../../../../app/src/dynamo/access-path.ts';
import { createExpression } from '../../../../../app/src/dynamo/expression.ts';
import type { MovieFilter } from '../../../../../app/src/movies/movie.ts';

type Path = Omit<AccessPath, 'index'> & { readonly index?: AccessPath['index'] | 'decade-rating' };

/** `GET /movies?decade=1990`, the best first: what the new index is for. */
export function accessPathOf(filter: MovieFilter & { readonly decade?: number }): Path | undefined {
  if (filter.decade === undefined) return today(filter);
  const { path, value, names, values } = createExpression();
  const keyCondition = `${path('decade')} = ${value(filter.decade)}`;
  return { index: 'decade-rating', keyCondition, descending: true, names, values };
}
