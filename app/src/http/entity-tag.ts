import { isRevision } from '../movies/revision.ts';
import { badRequest } from './problem.ts';

/** RFC 9110, section 8.8.3: `"…"`, or `W/"…"` for a weak one. */
const entityTag = /\s*(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*/y;

interface EntityTag {
  readonly isWeak: boolean;
  readonly value: string;
}

export const toEntityTag = (revision: string): string => `"${revision}"`;

/** Whether what the caller has is still good: `If-None-Match` compares weakly (RFC 9110, section 13.1.2). */
export function isUnchanged(ifNoneMatch: string, revision: string): boolean {
  const tags = parse('If-None-Match', ifNoneMatch);
  return tags === 'any' || tags.some(({ value }) => value === revision);
}

/**
 * The revisions that `If-Match` allows: it compares strongly, so that a weak tag allows none (section 13.1.1). A tag
 * that is no revision of ours matches nothing, so that `"any"` in quotes is no `*`.
 */
export function allowedRevisions(ifMatch: string): 'any' | readonly string[] {
  const tags = parse('If-Match', ifMatch);
  return tags === 'any'
    ? tags
    : tags.flatMap(({ isWeak, value }) => (!isWeak && isRevision(value) ? [value] : []));
}

function parse(header: string, text: string): 'any' | readonly EntityTag[] {
  if (text.trim() === '*') return 'any';
  const tags: EntityTag[] = [];
  const pattern = new RegExp(entityTag);
  while (pattern.lastIndex <= text.length) {
    const [matched, weak, value] = pattern.exec(text) ?? [];
    if (matched === undefined || value === undefined) throw malformed(header);
    tags.push({ isWeak: weak !== undefined, value });
    if (pattern.lastIndex === text.length) return tags;
    if (text[pattern.lastIndex] !== ',') throw malformed(header);
    pattern.lastIndex += 1;
  }
  throw malformed(header);
}

const malformed = (header: string) =>
  badRequest({ in: 'header', field: header, message: 'must be "…" in double quotes, a list of such, or *' });
