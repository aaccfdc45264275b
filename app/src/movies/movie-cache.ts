import { LRUCache } from 'lru-cache';
import { NotFound } from './errors.ts';
import { type JsonText, measured } from './exact-json.ts';
import type { MovieKey, MovieRepository, StoredMovie } from './movie.ts';

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

interface Read {
  readonly stored: StoredMovie;
  readonly serialised: SerialisedMovie;
}

/** A read of the table that is under way. */
interface Flight {
  readonly startedAt: number;
  readonly found: Promise<Read>;
}

/** All reads of one movie that are under way, and what the latest of them has found. */
interface Reading {
  count: number;
  newest?: Flight;
}

/** That a movie is missing is believed for a shorter time: who waits for one asks again and again. */
const missingShare = 1 / 4;
/**
 * Of each life, so much is up to chance. A new task is asked for everything at once; with lives of one length it would read
 * all of it again in the same moment, over and over, and whoever asks in that moment would wait.
 */
const chanceShare = 1 / 4;
/** Of an entry beside its text. */
const overheadBytes = 500;

/**
 * Remembers what was read for a short time. A change through this repository is seen by all reads that start after it;
 * changes by others are seen within `ttlMs`. Everything but `findRecent` and `recall` asks the table, and what
 * it finds is what is remembered from then on.
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
  const flights = new Map<string, Flight>();
  const reading = new Map<string, Reading>();

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

  const read = (key: MovieKey, name: string): Promise<Read> => {
    observe('table');
    const startedAt = now();
    const others = reading.get(name) ?? { count: 0 };
    others.count += 1;
    reading.set(name, others);
    const own = repository.find(key).then((stored) => ({
      stored,
      serialised: serialiseUnlessKnown(name, stored),
    }));
    /** Nobody sees a movie go back in time: what a read finds that began later and is answered already counts. */
    const newest = (): Promise<Read> => {
      if (others.newest === undefined || others.newest.startedAt <= startedAt) {
        others.newest = { startedAt, found: own };
      }
      others.count -= 1;
      if (others.count === 0) reading.delete(name);
      return others.newest.found;
    };
    const found = own.then(newest, (error: unknown) => {
      if (error instanceof NotFound) return newest();
      others.count -= 1;
      if (others.count === 0) reading.delete(name);
      throw error;
    });
    const flight: Flight = { startedAt, found };
    const land = (known: Known | undefined, atMostMs: number) => {
      const livesMs = atMostMs * (1 - chanceShare * random());
      // Not the one that is waited for any more: something was changed meanwhile, or it took too long.
      if (flights.get(name) !== flight) return;
      flights.delete(name);
      if (known !== undefined && livesMs > 0) entries.set(name, known, { ttl: livesMs, start: startedAt });
    };
    flights.set(name, flight);
    own.then(
      ({ serialised }) => {
        land(serialised, ttlMs);
      },
      (error: unknown) => {
        land(error instanceof NotFound ? error : undefined, ttlMs * missingShare);
      },
    );
    return flight.found;
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
    find: async (key) => (await read(key, nameOf(key))).stored,
    async list(filter, limit, from) {
      const page = await repository.list(filter, limit, from);
      // Who has seen a movie in a list must not get an older one by its address.
      for (const movie of page.movies) {
        const name = nameOf(movie);
        // What a read finds that is under way already may be older than the list.
        flights.delete(name);
        const known = entries.peek(name);
        if (known === undefined) continue;
        if (known instanceof NotFound || known.json !== JSON.stringify(movie)) entries.delete(name);
      }
      return page;
    },
    create: (movie) => changing(movie, repository.create(movie)),
    replace: (movie, expected) => changing(movie, repository.replace(movie, expected)),
    update: (key, expected, change) => changing(key, repository.update(key, expected, change)),
    remove: (key, expected) => changing(key, repository.remove(key, expected)),
    ready: () => repository.ready(),

    recall,
    // What was read for one caller is what all others get from now on: nobody sees a movie go back in time.
    findFresh: async (key) => (await read(key, nameOf(key))).serialised,
    async findRecent(key) {
      const known = recall(key);
      if (known instanceof NotFound) throw known;
      if (known !== undefined) return known;
      const name = nameOf(key);
      const flight = flights.get(name);
      if (flight === undefined || now() - flight.startedAt >= ttlMs) {
        return (await read(key, name)).serialised;
      }
      observe('shared');
      return (await flight.found).serialised;
    },
  };
}

const nameOf = ({ year, title }: MovieKey): string => `${year}/${title}`;

const sizeOf = (known: Known, name: string): number =>
  name.length + overheadBytes + (known instanceof NotFound ? 0 : known.jsonBytes);
