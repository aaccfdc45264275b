import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { fromAttributes, patchAttributes, toAttribute, type Json } from './attribute-value.ts';
import { InvalidMovie } from '../movies/errors.ts';
import {
  type Movie,
  type MovieInfo,
  type MovieInfoPatch,
  type MovieKey,
  revisionOf,
  type StoredMovie,
} from '../movies/movie.ts';

export type Item = Record<string, AttributeValue>;

/** DynamoDB's limit of a sort key, in bytes of UTF-8. */
const maxTitleBytes = 1024;

/** `{ year N, title S, info M }`, a copy of `info.rating` as the key of an index, and the revision. */
export function toItem({ movie, revision }: StoredMovie): Item {
  const { year, title, info } = movie;
  if (!canExist({ title })) {
    throw new InvalidMovie('The title must be 1 to 1,024 bytes of well-formed UTF-8.');
  }
  // The contract's types are JSON by construction, only without an index signature.
  const attributes = toAttribute(info as Json);
  const { rating } = info;
  return {
    year: { N: String(year) },
    title: { S: title },
    info: attributes,
    ...(typeof rating === 'number' ? { rating: toAttribute(rating) } : {}),
    revision: { S: revision },
  };
}

/**
 * The item after a merge patch of its `info`. All else stays as it is stored, to the digit: numbers beyond double precision,
 * sets, and the attributes that others put beside ours.
 */
export function patchItem(
  item: Item,
  patch: MovieInfoPatch,
): { readonly item: Item; readonly stored: StoredMovie } {
  const { rating: _ratingKey, revision: _revision, ...others } = item;
  // The contract's types are JSON by construction, only without an index signature.
  const info = patchAttributes(withNumericRating(item['info']?.M ?? {}), patch as Record<string, Json>);
  const { movie } = fromItem({ ...others, info: { M: info } });
  const revision = revisionOf(movie);
  const rating = info['rating'];
  return {
    item: {
      ...others,
      info: { M: info },
      ...(rating?.N === undefined ? {} : { rating }),
      revision: { S: revision },
    },
    stored: { movie, revision },
  };
}

/** Reads our items and those of other writers, who set neither `rating` nor `revision`, and maybe no `info`. */
export function fromItem(item: Item): StoredMovie {
  const movie: Movie = {
    year: Number(item['year']?.N),
    title: item['title']?.S ?? '',
    info: readInfo(item['info']),
  };
  return { movie, revision: item['revision']?.S ?? revisionOf(movie) };
}

export const keyOf = ({ year, title }: MovieKey): Item => ({
  year: { N: String(year) },
  title: { S: title },
});

/** Whether the table could hold such a key at all; DynamoDB calls even reading another one an error. */
export function canExist({ title }: Pick<MovieKey, 'title'>): boolean {
  const bytes = Buffer.byteLength(title);
  return bytes > 0 && bytes <= maxTitleBytes && !/\p{Surrogate}/u.test(title);
}

function readInfo(attribute: AttributeValue | undefined): MovieInfo {
  if (attribute?.M === undefined) return {};
  const info = fromAttributes(withNumericRating(attribute.M));
  const { rating, ...others } = info;
  return typeof rating === 'string' ? others : info;
}

/** The original API stored the rating as text: a numeric one is read as the number, any other is kept but not shown. */
function withNumericRating(info: Record<string, AttributeValue>): Record<string, AttributeValue> {
  const text = info['rating']?.S?.trim() ?? '';
  return text !== '' && Number.isFinite(Number(text))
    ? { ...info, rating: { N: plainNumber.test(text) ? text : String(Number(text)) } }
    : info;
}

const plainNumber = /^-?\d+(\.\d+)?$/;
