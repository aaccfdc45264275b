import type { IncomingHttpHeaders } from 'node:http';
import { PreconditionFailed } from '../movies/errors.ts';
import { type Expected, isRevision } from '../movies/movie.ts';
import { badRequest } from './problem.ts';

/** RFC 9110, section 8.8.3: `"…"`, or `W/"…"` for a weak one. */
const entityTag = /[ \t]*(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*/y;
const emptyElements = /[ \t,]*/y;

interface EntityTag {
  readonly isWeak: boolean;
  readonly value: string;
}

type Named = 'any' | readonly string[];

/**
 * What a request asks of the revision that is stored (RFC 9110, section 13). Movies have no modification date, so what asks
 * for one is ignored, as section 13.1.3 wants it.
 */
export interface Preconditions {
  /** Revisions that may be stored. */
  readonly match?: Named;
  /** Revisions that must not be. */
  readonly noneMatch?: Named;
}

export const toEntityTag = (revision: string): string => `"${revision}"`;

/** `If-Match` compares strongly, so that a weak tag names no revision (section 13.1.1); `If-None-Match` compares weakly. */
export function readPreconditions({
  'if-match': ifMatch,
  'if-none-match': ifNoneMatch,
}: IncomingHttpHeaders): Preconditions {
  return {
    ...(ifMatch === undefined ? {} : { match: revisions('If-Match', ifMatch, ({ isWeak }) => !isWeak) }),
    ...(ifNoneMatch === undefined ? {} : { noneMatch: revisions('If-None-Match', ifNoneMatch, () => true) }),
  };
}

/** A tag that is no revision of ours names nothing, so that `"any"` in quotes is no `*`. */
function revisions(header: string, text: string, counts: (tag: EntityTag) => boolean): Named {
  const tags = parse(header, text);
  if (tags === 'any') return tags;
  return tags.filter((tag) => counts(tag) && isRevision(tag.value)).map(({ value }) => value);
}

const isNamed = (named: Named | undefined, revision: string): boolean =>
  named === 'any' || named?.includes(revision) === true;

/** Throws unless `If-Match` names what is stored. */
export function requireMatch({ match }: Preconditions, revision: string): void {
  if (match === undefined || isNamed(match, revision)) return;
  throw new PreconditionFailed(
    `The movie is another revision than If-Match names. Read it again and repeat the request with its ETag.`,
  );
}

/** Whether what the caller has is still good. */
export const isUnchanged = ({ noneMatch }: Preconditions, revision: string): boolean =>
  isNamed(noneMatch, revision);

/**
 * The one revision that may be changed. Where more than one name decides, so does what is stored now; what changes after
 * that makes the write fail, too.
 * @param stored reads the stored revision; throws where there is none, before any precondition counts (section 13.2.1)
 */
export async function expectedRevision(
  preconditions: Preconditions,
  stored: () => Promise<string>,
): Promise<Expected> {
  const { match = 'any', noneMatch } = preconditions;
  if (noneMatch === undefined && match === 'any') return match;
  if (noneMatch === undefined && match !== 'any' && match.length === 1) return match[0] ?? 'any';
  const revision = await stored();
  requireMatch(preconditions, revision);
  if (isUnchanged(preconditions, revision)) {
    throw new PreconditionFailed('If-None-Match names the movie as it is stored, so nothing was changed.');
  }
  return revision;
}

/** A list may have empty elements (section 5.6.1.2). */
function parse(header: string, text: string): 'any' | readonly EntityTag[] {
  if (text.trim() === '*') return 'any';
  const tags: EntityTag[] = [];
  const [element, gap] = [new RegExp(entityTag), new RegExp(emptyElements)];
  const skip = (from: number): number => {
    gap.lastIndex = from;
    gap.test(text);
    return gap.lastIndex;
  };
  let at = skip(0);
  while (at < text.length) {
    element.lastIndex = at;
    const [, weak, value] = element.exec(text) ?? [];
    if (value === undefined) throw malformed(header);
    tags.push({ isWeak: weak !== undefined, value });
    const end = element.lastIndex;
    if (end < text.length && text[end] !== ',') throw malformed(header);
    at = skip(end);
  }
  if (tags.length === 0) throw malformed(header);
  return tags;
}

const malformed = (header: string) =>
  badRequest({ in: 'header', field: header, message: 'must be "…" in double quotes, a list of such, or *' });
