import type { Movie } from '../../../app/src/movies/movie.ts';
import type { Task } from './world.ts';

export interface Traffic {
  /** Requests that were answered, or failed. */
  readonly answered: () => number;
  /** What became of each that failed. */
  readonly failures: readonly string[];
  /**
   * Who serves from now on; each of them gets every kind of request. Resolves when all is answered that was sent before:
   * a load balancer, too, takes a task out before it is ended.
   */
  serveBy(...tasks: Task[]): Promise<void>;
  /** Callers learn of a new field: from now on they send it. */
  sendLanguage(): void;
  /** Sends nothing more; resolves with what must be in the table when everything is answered. */
  stop(): Promise<Promised>;
}

export interface Promised {
  /** Title → names in `info` that were patched into it. Each edit adds one of its own, so a lost one is missed. */
  readonly edits: ReadonlyMap<string, readonly string[]>;
  /** Title → the running time of its last edit or of its addition. */
  readonly durations: ReadonlyMap<string, number>;
}

const callers = 4;

export const seeded: readonly Movie[] = Array.from({ length: 60 }, (_, n) => ({
  year: 1985 + (n % 20),
  title: `Movie ${n}`,
  info: { rating: (n % 100) / 10, running_time_secs: 60 + n },
}));

/**
 * Callers without a pause or a retry. Each waits for its answer, however busy the machine is: a failure is the service's.
 * A movie is edited by one caller only, so the order of its edits is certain.
 */
export function startTraffic(...first: Task[]): Traffic {
  let tasks: readonly Task[] = first;
  let news: Record<string, unknown> = {};
  let isStopping = false;
  let answered = 0;
  const inFlight = new Set<Promise<unknown>>();
  const failures: string[] = [];
  const edits = new Map<string, string[]>();
  const durations = new Map<string, number>();

  const call = async (turn: number, method: string, path: string, body?: object): Promise<void> => {
    const task = tasks[turn % tasks.length];
    if (!task) throw new Error('Nobody serves.');
    const answer = task.send(method, path, body === undefined ? {} : { body }).then(
      ({ status, text }) => (status < 400 ? undefined : `${status} ${text}`),
      (error: unknown) => String(error),
    );
    inFlight.add(answer);
    const failure = await answer;
    inFlight.delete(answer);
    answered += 1;
    if (failure !== undefined) failures.push(`${method} ${path}: ${failure}`);
  };

  /** Reads a movie, edits it, lists its year, adds another. */
  const round = async (turn: number, { year, title }: Movie, n: number): Promise<void> => {
    const address = `/movies/${year}/${encodeURIComponent(title)}`;
    const [edit, added] = [`edit ${n}`, `New ${n}`];
    await call(turn, 'GET', address);
    await call(turn, 'PATCH', address, { info: { ...news, [edit]: true, running_time_secs: n } });
    edits.set(title, [...(edits.get(title) ?? []), edit]);
    durations.set(title, n);
    await call(turn, 'GET', `/movies?year=${year}&sort=rating&limit=10`);
    const info = { ...news, rating: 5, running_time_secs: n };
    await call(turn, 'POST', '/movies', { year: 1990 + (n % 10), title: added, info });
    durations.set(added, n);
  };

  const beCaller = async (caller: number): Promise<void> => {
    const own = seeded.filter((_, index) => index % callers === caller);
    for (let turn = 0; !isStopping; turn += 1) {
      const movie = own[Math.floor(turn / 2) % own.length];
      if (movie) await round(turn, movie, turn * callers + caller);
    }
  };
  const done = Promise.all(Array.from({ length: callers }, (_, caller) => beCaller(caller)));

  return {
    answered: () => answered,
    failures,
    async serveBy(...others) {
      tasks = others;
      await Promise.all(inFlight);
    },
    sendLanguage() {
      news = { language: 'en' };
    },
    async stop() {
      isStopping = true;
      await done;
      return { edits, durations };
    },
  };
}
