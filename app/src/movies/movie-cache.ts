import { LRUCache } from 'lru-cache';
import { NotFound } from './errors.ts';
import { measured, toJsonText, type JsonText } from './json-text.ts';
import type { MovieRepository } from './movie-repository.ts';
import type { MovieKey, StoredMovie } from './movie.ts';

export type ReadSource = 'memory' | 'shared' | 'table';

export interface MovieCacheSettings {
  /** How old what is remembered may get at most, counted from when it was asked of the table. 0 remembers nothing. */
  readonly ttlMs: number;
  /** About what all entries take in memory; the least recently used give way. */
  readonly maxBytes: number;
  /** Told where each answer came from; `shared` is another caller's read. */
  readonly observe?: (source: ReadSource) => void;
  /** Milliseconds on a clock that only goes forward. */
  readonly now?: () => number;
  /** 0 to 1, for how much sooner each is read again. */
  readonly random?: () => number;
}

/** A movie as it is answered, made once for all who ask for it. */
export interface SerialisedMovie extends JsonText {
  readonly revision: string;
}

/** What was found, or that nothing was. */
export type Known = SerialisedMovie | NotFound;

export interface MovieCache extends MovieRepository {
  /** As `find`, but what it says was in the table up to `ttlMs` ago. Who asks while a read is under way shares it. */
  findRecent(key: MovieKey): Promise<SerialisedMovie>;
  /** As `find`, as it is answered. */
  findFresh(key: MovieKey): Promise<SerialisedMovie>;
  /** What `findRecent` would say without a read; undefined when it takes one. */
  recall(key: MovieKey): Known | undefined;
}

/** That a movie is missing is believed for a shorter time: who waits for one asks again and again. */
const missingShare = 1 / 4;
/**
 * Of each life, so much is up to chance. A new task is asked for everything at once; with lives of one length it would read
 * all of it again in the same moment, over and over, and whoever asks in that moment would wait.
 */
const chanceShare = 1 / 4;
/** Of `ttlMs`: how old an entry gets on average. */
export const meanLife = 1 - chanceShare / 2;
/** Of an entry beside its text. */
const overheadBytes = 500;

/**
 * Remembers what was read for a short time. A change through this repository is seen by all reads that start after it;
 * changes by others are seen within `ttlMs`. Everything but `findRecent` and `recall` asks the table, as ever.
 */
export function createMovieCache(
  repository: MovieRepository,
  {
    ttlMs,
    maxBytes,
    observe = () => undefined,
    now = () => performance.now(),
    random = Math.random,
  }: MovieCacheSettings,
): MovieCache {
  const entries = new LRUCache<string, Known>({
    maxSize: maxBytes,
    sizeCalculation: sizeOf,
    ttlResolution: 0,
    noDeleteOnStaleGet: true,
    perf: { now },
  });
  const flights = new Map<string, { readonly startedAt: number; readonly movie: Promise<SerialisedMovie> }>();

  /**
   * Where nothing has changed, the entry that has expired is the answer again, and nothing but text is made on the way. V8
   * has seen that what is made here stays, and puts all of it where only a major collection, which stops the service, takes
   * it away.
   */
  const serialiseUnlessKnown = (name: string, { movie, revision }: StoredMovie): SerialisedMovie => {
    const json = JSON.stringify(movie);
    const known = entries.peek(name, { allowStale: true });
    const same =
      known !== undefined &&
      !(known instanceof NotFound) &&
      known.revision === revision &&
      known.json === json;
    return same ? known : { revision, ...measured(json) };
  };

  const read = (key: MovieKey, name: string): Promise<SerialisedMovie> => {
    observe('table');
    const startedAt = now();
    const flight = {
      startedAt,
      movie: repository.find(key).then((stored) => serialiseUnlessKnown(name, stored)),
    };
    const land = (known: Known | undefined, atMostMs: number) => {
      const livesMs = atMostMs * (1 - chanceShare * random());
      // Not the one that is waited for any more: something was changed meanwhile, or it took too long.
      if (flights.get(name) !== flight) return;
      flights.delete(name);
      if (known !== undefined && livesMs > 0) entries.set(name, known, { ttl: livesMs, start: startedAt });
    };
    flights.set(name, flight);
    flight.movie.then(
      (movie) => {
        land(movie, ttlMs);
      },
      (error: unknown) => {
        land(error instanceof NotFound ? error : undefined, ttlMs * missingShare);
      },
    );
    return flight.movie;
  };

  const recall = (key: MovieKey): Known | undefined => {
    const known = entries.get(nameOf(key));
    if (known !== undefined) observe('memory');
    return known;
  };

  /** Whatever comes of a write, what was read before it ended is worth nothing: it may have happened. */
  const changing = async <T>(key: MovieKey, write: Promise<T>): Promise<T> => {
    try {
      return await write;
    } finally {
      flights.delete(nameOf(key));
      entries.delete(nameOf(key));
    }
  };

  return {
    find: (key) => repository.find(key),
    list: (filter, limit, from) => repository.list(filter, limit, from),
    create: (movie) => changing(movie, repository.create(movie)),
    replace: (movie, expected) => changing(movie, repository.replace(movie, expected)),
    update: (key, expected, change) => changing(key, repository.update(key, expected, change)),
    remove: (key, expected) => changing(key, repository.remove(key, expected)),
    ready: () => repository.ready(),

    recall,
    findFresh: async (key) => serialise(await repository.find(key)),
    async findRecent(key) {
      const known = recall(key);
      if (known instanceof NotFound) throw known;
      if (known !== undefined) return known;
      const name = nameOf(key);
      const flight = flights.get(name);
      if (flight === undefined || now() - flight.startedAt >= ttlMs) return read(key, name);
      observe('shared');
      return flight.movie;
    },
  };
}

const nameOf = ({ year, title }: MovieKey): string => `${year}/${title}`;

const serialise = ({ movie, revision }: StoredMovie): SerialisedMovie => ({ revision, ...toJsonText(movie) });

const sizeOf = (known: Known, name: string): number =>
  name.length + overheadBytes + (known instanceof NotFound ? 0 : known.jsonBytes);
