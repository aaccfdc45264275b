import { createHmac, timingSafeEqual } from 'node:crypto';
import { InvalidCursor } from './errors.ts';
import type { MovieFilter, Position } from './movie.ts';

/** No cursor is longer: a title of 1,024 bytes, each escaped in JSON, in base64url. */
export const maxCursorLength = 8_704;

/** Raised when the meaning of a position changes: older cursors are then refused instead of misread. */
const version = 1;
const signatureBytes = 32;

export interface Cursors {
  encode(position: Position, filter: MovieFilter): string;
  /** Throws `InvalidCursor` unless it was made here, for this very filter. */
  decode(cursor: string, filter: MovieFilter): Position;
}

/**
 * Positions as opaque text that clients can keep but not make: base64url of version, HMAC-SHA256 and position. The
 * filter is signed but not contained.
 * @param secrets the first one signs, all of them verify, so that a secret can be replaced without refusing a client
 */
export function createCursors(secrets: readonly [string, ...string[]]): Cursors {
  const [signingSecret] = secrets;
  return {
    encode(position, filter) {
      const payload = Buffer.from(JSON.stringify(position));
      const signature = sign(signingSecret, payload, filter);
      return Buffer.concat([Buffer.of(version), signature, payload]).toString('base64url');
    },

    decode(cursor, filter) {
      if (cursor.length > maxCursorLength) throw invalid();
      const bytes = Buffer.from(cursor, 'base64url');
      // Node skips what is not base64url; only the one spelling that encode gives is accepted.
      if (bytes.toString('base64url') !== cursor || bytes[0] !== version) throw invalid();
      const signature = bytes.subarray(1, 1 + signatureBytes);
      const payload = bytes.subarray(1 + signatureBytes);
      const genuine = secrets.some((secret) => isEqual(signature, sign(secret, payload, filter)));
      if (!genuine) throw invalid();
      // Signed by us, so it is a position.
      return JSON.parse(payload.toString()) as Position;
    },
  };
}

function sign(secret: string, payload: Buffer, filter: MovieFilter): Buffer {
  const sortedFilter = Object.entries(filter)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHmac('sha256', secret)
    .update(`movies-cursor-${version}\n${JSON.stringify(sortedFilter)}\n`)
    .update(payload)
    .digest();
}

const isEqual = (a: Buffer, b: Buffer) => a.length === b.length && timingSafeEqual(a, b);

const invalid = () =>
  new InvalidCursor('The cursor is not one that this query gave out. Start again without a cursor.');
