import type { IncomingHttpHeaders } from 'node:http';

/** Only the caller's own cache may keep it, and only to ask whether it is still good: nothing adds to our own staleness. */
export const ownCacheOnly = { 'Cache-Control': 'private, no-cache', Vary: 'Authorization' };
export const noCache = { 'Cache-Control': 'no-store' };

/** Whether the caller wants what is true now (RFC 9111, section 5.2.1), whatever it costs. */
export const asksForFresh = ({ 'cache-control': wish, pragma }: IncomingHttpHeaders): boolean =>
  wish === undefined
    ? pragma?.toLowerCase() === 'no-cache'
    : /(^|[\s,])(no-cache|no-store|max-age=0+)($|[\s,])/i.test(wish);
