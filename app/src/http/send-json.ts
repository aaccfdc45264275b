import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { JsonText } from '../movies/exact-json.ts';

const jsonType = 'application/json; charset=utf-8';

/**
 * As `response.json` of Express, without what that finds out on the way. Text whose characters are one byte each is the same
 * in both encodings, but Node.js copies it in one and converts it in the other, which is a quarter of a read from memory.
 */
export function sendJson(response: ServerResponse, { json, jsonBytes }: JsonText, type = jsonType): void {
  response.setHeader('Content-Type', type).setHeader('Content-Length', jsonBytes);
  response.end(json, jsonBytes === json.length ? 'latin1' : 'utf8');
}

/** Only the caller's own cache may keep it, and only to ask whether it is still good: nothing adds to our own staleness. */
export const ownCacheOnly = { 'Cache-Control': 'private, no-cache', Vary: 'Authorization' };
export const noCache = { 'Cache-Control': 'no-store' };

/** Whether the caller wants what is true now (RFC 9111, section 5.2.1), whatever it costs. */
export const asksForFresh = ({ 'cache-control': wish, pragma }: IncomingHttpHeaders): boolean =>
  wish === undefined
    ? pragma?.toLowerCase() === 'no-cache'
    : /(^|[\s,])(no-cache|no-store|max-age=0+)($|[\s,])/i.test(wish);
