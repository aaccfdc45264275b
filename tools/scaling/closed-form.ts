import { meanLife } from '../../app/src/movies/movie-cache.ts';

/**
 * What theory says of a cache whose entries live for a mean time T from their read on, under independent requests at
 * random: of each 1 + λT requests for a key, one is a miss. It knows nothing of a bounded memory.
 * @see Jung, Berger, Balakrishnan: Modeling TTL-based Internet caches (INFOCOM 2003)
 */
export function expectedReads(
  shares: readonly number[],
  { perSecond, ttlMs }: { readonly perSecond: number; readonly ttlMs: number },
): number[] {
  return shares.map((share) => {
    const rate = share * perSecond;
    return rate / (1 + (rate * ttlMs * meanLife) / 1_000);
  });
}

export const expectedHitRate = (
  shares: readonly number[],
  settings: { readonly perSecond: number; readonly ttlMs: number },
): number => 1 - expectedReads(shares, settings).reduce((sum, reads) => sum + reads, 0) / settings.perSecond;
