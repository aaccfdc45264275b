import type { Task } from './tasks.ts';

export interface Users {
  /** When a request got no answer at all, in ms since 1970. */
  readonly unanswered: readonly number[];
  /** Requests that they mean to send, by objective. */
  readonly perMinute: Readonly<Record<string, number>>;
  readonly stop: () => Promise<void>;
}

/** Mostly lookups, some by title, now and then something that isn't there, and one write in ten; round robin over the tasks. */
export async function startUsers(
  tasks: () => readonly Task[],
  token: string,
  ratePerSecond: number,
): Promise<Users> {
  const movies = await readMovies(tasks()[0]?.url ?? '', token);
  const unanswered: number[] = [];
  const waiting = new Set<Promise<void>>();
  let sent = 0;
  const send = async (n: number): Promise<void> => {
    const running = tasks();
    const { method, path, body } = requestOf(n, movies);
    await fetch(`${running[n % running.length]?.url ?? ''}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    })
      .then((response) => response.arrayBuffer())
      .then(
        () => undefined,
        () => {
          unanswered.push(Date.now());
        },
      );
  };
  const startedAt = Date.now();
  const timer = setInterval(() => {
    const due = ((Date.now() - startedAt) * ratePerSecond) / 1_000;
    for (; sent < due; sent += 1) {
      const one = send(sent);
      waiting.add(one);
      void one.then(() => waiting.delete(one));
    }
  }, 20);
  const writes = ratePerSecond * 6;
  const reads = ratePerSecond * 54;
  return {
    unanswered,
    perMinute: {
      availability_reads: reads,
      latency_reads: reads,
      availability_writes: writes,
      latency_writes: writes,
    },
    stop: async () => {
      clearInterval(timer);
      await Promise.all(waiting);
    },
  };
}

function requestOf(n: number, movies: readonly Movie[]): { method: string; path: string; body?: object } {
  const year = 1930 + (n % 80);
  const movie = movies[n % movies.length] ?? { year, title: '' };
  switch (n % 20) {
    case 0:
      return {
        method: 'POST',
        path: '/movies',
        body: { year, title: `A new movie, number ${n}`, info: { rating: 5 } },
      };
    case 10:
      return {
        method: 'DELETE',
        path: `/movies/${1930 + ((n - 10) % 80)}/${encodeURIComponent(`A new movie, number ${n - 10}`)}`,
      };
    case 5:
      return { method: 'GET', path: `/movies/${year}/There%20is%20none` };
    case 3:
    case 13:
      return { method: 'GET', path: `/movies?title=${encodeURIComponent(movie.title)}` };
    default:
      return { method: 'GET', path: `/movies/${movie.year}/${encodeURIComponent(movie.title)}` };
  }
}

interface Movie {
  readonly year: number;
  readonly title: string;
}

async function readMovies(url: string, token: string): Promise<readonly Movie[]> {
  const response = await fetch(`${url}/movies?limit=100`, { headers: { authorization: `Bearer ${token}` } });
  return ((await response.json()) as { movies: readonly Movie[] }).movies;
}
