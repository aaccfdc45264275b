import { Presets, SingleBar } from 'cli-progress';
import type { MovieSource } from './read-movies.ts';

export interface Progress {
  update(loaded: number): void;
  stop(): void;
}

export interface ProgressDeps {
  readonly source: Pick<MovieSource, 'totalBytes' | 'bytesRead'>;
  readonly stream: NodeJS.WriteStream;
  /** Milliseconds on any clock that only goes forward. */
  readonly now?: () => number;
}

const lineEveryMs = 5_000;
const redrawEveryMs = 100;

/** A bar with rate and time left on a terminal; elsewhere a plain line every five seconds. */
export function createProgress({ source, stream, now = () => performance.now() }: ProgressDeps): Progress {
  const startedAt = now();
  const rate = (loaded: number) => Math.round((loaded / Math.max(1, now() - startedAt)) * 1000);
  return stream.isTTY && source.totalBytes !== undefined
    ? drawBar(source.totalBytes, source.bytesRead, rate, stream)
    : printLines(source, rate, stream, now);
}

function drawBar(
  totalBytes: number,
  bytesRead: () => number,
  rate: (loaded: number) => number,
  stream: NodeJS.WriteStream,
): Progress {
  const format = ' {bar} {percentage} % │ {loaded} movies │ {rate}/s │ {eta_formatted} left';
  const bar = new SingleBar(
    { format, stream, hideCursor: true, fps: 1000 / redrawEveryMs },
    Presets.shades_classic,
  );
  bar.start(totalBytes, 0, { loaded: '0', rate: '0' });
  return {
    update: (loaded) => {
      bar.update(bytesRead(), {
        loaded: loaded.toLocaleString('en'),
        rate: rate(loaded).toLocaleString('en'),
      });
    },
    stop: () => {
      bar.stop();
    },
  };
}

function printLines(
  { totalBytes, bytesRead }: ProgressDeps['source'],
  rate: (loaded: number) => number,
  stream: NodeJS.WriteStream,
  now: () => number,
): Progress {
  const startedAt = now();
  let lineAt = startedAt;
  return {
    update: (loaded) => {
      if (now() - lineAt < lineEveryMs) return;
      lineAt = now();
      const share = totalBytes === undefined ? undefined : bytesRead() / totalBytes;
      const secondsLeft = share === undefined ? 0 : ((lineAt - startedAt) / 1000) * (1 / share - 1);
      const rest =
        share === undefined ? '' : `, ${Math.floor(share * 100)} %, ${Math.round(secondsLeft)} s left`;
      stream.write(`${loaded.toLocaleString('en')} movies, ${rate(loaded).toLocaleString('en')}/s${rest}\n`);
    },
    stop: () => undefined,
  };
}
