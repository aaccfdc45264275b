import { describe, expect, test } from '@jest/globals';
import { expectedHitRate, expectedReads } from '../../tools/scaling/closed-form.ts';
import { byYear, rankedMovies, zipf } from '../../tools/scaling/popularity.ts';
import { createDraw, createRandom, pause } from '../../tools/scaling/random.ts';
import { simulate } from '../../tools/scaling/simulate.ts';

const movies = await rankedMovies();
const maxBytes = 16_000_000;
const ofTheFirst = (reads: readonly number[]) => reads.slice(0, 200).reduce((sum, read) => sum + read, 0);

describe("the service's own cache under simulated requests", () => {
  test.each([
    { exponent: 0.6, perSecond: 2_000, ttlMs: 1_000, requests: 60_000 },
    { exponent: 1, perSecond: 50, ttlMs: 1_000, requests: 60_000 },
    { exponent: 1, perSecond: 2_000, ttlMs: 1_000, requests: 60_000 },
    // Three times to live would count the cold start for a sixth; theory has none.
    { exponent: 1.2, perSecond: 2_000, ttlMs: 10_000, requests: 200_000 },
  ])(
    'hits as often as theory says, ± 1 %: exponent $exponent, $perSecond/s, $ttlMs ms',
    async ({ exponent, perSecond, ttlMs, requests }) => {
      const shares = zipf(movies.length, exponent);

      const { hitRate, reads } = await simulate({ movies, shares, perSecond, ttlMs, maxBytes, requests });

      const expected = expectedHitRate(shares, { perSecond, ttlMs });
      expect(Math.abs(hitRate - expected)).toBeLessThan(0.01);
      expect(ofTheFirst(reads) / ofTheFirst(expectedReads(shares, { perSecond, ttlMs }))).toBeCloseTo(1, 1);
    },
  );

  test('a cache that has no room for the movies hits less than theory, which knows no bounds, says', async () => {
    const [perSecond, ttlMs] = [2_000, 10_000];
    const shares = zipf(movies.length, 1);

    const { hitRate } = await simulate({
      movies,
      shares,
      perSecond,
      ttlMs,
      maxBytes: 200_000,
      requests: 60_000,
    });

    expect(hitRate).toBeLessThan(expectedHitRate(shares, { perSecond, ttlMs }) - 0.1);
    expect(hitRate).toBeGreaterThan(0.1);
  });

  test('a cache that remembers nothing reads each time', async () => {
    const shares = zipf(movies.length, 1);

    const { hitRate, reads } = await simulate({
      movies,
      shares,
      perSecond: 1_000,
      ttlMs: 0,
      maxBytes,
      requests: 5_000,
    });

    expect(hitRate).toBe(0);
    expect(reads.reduce((sum, read) => sum + read, 0)).toBeCloseTo(1_000, -2);
  });
});

describe('who is asked for', () => {
  test('by Zipf, rank 10 gets a tenth of rank 1, and all shares are 1', () => {
    const shares = zipf(3_200, 1);

    expect((shares[0] ?? 0) / (shares[9] ?? 1)).toBeCloseTo(10);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1);
  });

  test('the real movies come by their votes', () => {
    expect(movies).toHaveLength(3_200);
    expect(movies[0]).toEqual({ year: 1994, title: 'The Shawshank Redemption' });
  });

  test('what falls on movies is summed by their year', () => {
    const three = [
      { year: 1994, title: 'A' },
      { year: 1995, title: 'B' },
      { year: 1994, title: 'C' },
    ];

    expect([...byYear(three, [0.5, 0.3, 0.2])]).toEqual([
      [1994, 0.7],
      [1995, 0.3],
    ]);
  });

  test('draws keep to the shares, and pauses to their rate, ± 2 %', () => {
    const random = createRandom(7);
    const draw = createDraw([0.5, 0, 0.3, 0.2], random);
    const counts = [0, 0, 0, 0];
    let elapsedMs = 0;

    for (let n = 0; n < 100_000; n += 1) {
      const index = draw();
      counts[index] = (counts[index] ?? 0) + 1;
      elapsedMs += pause(500, random);
    }

    expect(counts.map((count) => count / 100_000)).toEqual([
      expect.closeTo(0.5, 1.7),
      0,
      expect.closeTo(0.3, 1.7),
      expect.closeTo(0.2, 1.7),
    ]);
    expect(Math.abs(elapsedMs / 1_000 / 200 - 1)).toBeLessThan(0.02);
  });
});
