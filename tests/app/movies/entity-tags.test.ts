import { expect, test } from '@jest/globals';
import { allowedRevisions } from '../../../app/src/http/entity-tag.ts';
import { revisionOf } from '../../../app/src/movies/revision.ts';
import { aMovie } from '../../support/movies.ts';

test('only a bare * allows whatever is there; a quoted "any" or "*" allows nothing', () => {
  const revision = revisionOf(aMovie());

  expect(allowedRevisions('*')).toBe('any');
  expect(allowedRevisions('"any"')).toEqual([]);
  expect(allowedRevisions('"*"')).toEqual([]);
  expect(allowedRevisions(`"other", "${revision}"`)).toEqual([revision]);
});
