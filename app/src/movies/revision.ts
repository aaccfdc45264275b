import { createHash } from 'node:crypto';
import type { Movie } from './movie.ts';

/** 132 bits: no two contents share it by accident, and it stays short in a header. */
const revisionLength = 22;

/**
 * The revision of exactly this content: the start of the SHA-256 of its JSON with sorted keys, in base64url. Equal
 * movies have equal revisions, whoever wrote them and in whatever order of keys.
 */
export function revisionOf(movie: Movie): string {
  return createHash('sha256').update(canonicalJson(movie)).digest('base64url').slice(0, revisionLength);
}

/** Whether a text could be a revision at all. */
export const isRevision = (text: string): boolean => /^[\w-]{22}$/.test(text);

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
