import { readVegaMovies } from '../../app/src/local/vega-movies.ts';

export interface Ranked {
  readonly year: number;
  readonly title: string;
}

/** The real movies, most votes first: what people care about is what they ask for. Without votes: in the file's order. */
export async function rankedMovies(): Promise<Ranked[]> {
  const { movies } = await readVegaMovies();
  const votes = (info: Readonly<Record<string, unknown>>) => Number(info['imdb_votes'] ?? 0);
  return movies
    .toSorted((one, other) => votes(other.info) - votes(one.info))
    .map(({ year, title }) => ({ year, title }));
}

/** Zipf: the share of requests of rank 1, 2, …, which sum up to 1. */
export function zipf(count: number, exponent: number): number[] {
  const weights = Array.from({ length: count }, (_, index) => (index + 1) ** -exponent);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** Sums by year of what falls on each movie. */
export function byYear(movies: readonly Ranked[], amounts: readonly number[]): Map<number, number> {
  const years = new Map<number, number>();
  movies.forEach(({ year }, index) => years.set(year, (years.get(year) ?? 0) + (amounts[index] ?? 0)));
  return years;
}
