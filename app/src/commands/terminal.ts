import { isAbsolute, relative, sep } from 'node:path';

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

/** Colours a text, or leaves it alone where nobody sees colours. */
export type Paint = Readonly<Record<keyof typeof codes, (text: string) => string>>;

/** Colours on a terminal, unless NO_COLOR is set (https://no-color.org); plain text elsewhere. */
export function createPaint({ isTTY = false }: { readonly isTTY?: boolean }): Paint {
  const isColoured = isTTY && !process.env['NO_COLOR'];
  const paint = (code: number) => (text: string) => (isColoured ? `\u001b[${code}m${text}\u001b[0m` : text);
  return {
    bold: paint(codes.bold),
    dim: paint(codes.dim),
    red: paint(codes.red),
    green: paint(codes.green),
    yellow: paint(codes.yellow),
  };
}

/** A path as a person here would type it. */
export function shownPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return isAbsolute(fromHere) || fromHere.startsWith(`..${sep}`) ? path : fromHere;
}

/** `1,234` */
export const counted = (value: number): string => value.toLocaleString('en');

export interface Progress {
  /** How far the work is, in one line. It is shown at intervals only, so it may be called for every step. */
  readonly update: (status: string) => void;
  /** A line that stays. */
  readonly say: (line: string) => void;
  /** Names a step, says that it goes on at least every eight seconds, and how long it took. */
  readonly during: <T>(step: string, work: (update: Progress['update']) => Promise<T>) => Promise<T>;
  readonly stop: () => void;
}

const heartbeatMs = 8_000;

export interface ProgressOptions {
  readonly stream: Pick<NodeJS.WriteStream, 'write'> & { readonly isTTY?: boolean };
  /** Milliseconds on any clock that only goes forward. */
  readonly now?: () => number;
}

/** Shows that long work goes on: on a terminal in a line that is rewritten, elsewhere in a new line every five seconds. */
export function createProgress({ stream, now = () => performance.now() }: ProgressOptions): Progress {
  const everyMs = stream.isTTY === true ? 100 : 5_000;
  const erase = stream.isTTY === true ? '\r\u001b[2K' : '';
  let shownAt = now();
  let isShown = false;
  const clear = () => {
    if (isShown) stream.write(erase);
    isShown = false;
  };
  const say = (line: string) => {
    clear();
    stream.write(`${line}\n`);
  };
  return {
    update: (status) => {
      if (now() - shownAt < everyMs) return;
      shownAt = now();
      isShown = stream.isTTY === true;
      stream.write(isShown ? `${erase}${status}` : `${status}\n`);
    },
    say,
    during: async (step, work) => {
      const startedAt = now();
      const seconds = () => (now() - startedAt) / 1_000;
      let status = '';
      const heartbeat = setInterval(() => {
        say(`  … ${Math.round(seconds())} s${status === '' ? '' : `, ${status}`}`);
      }, heartbeatMs);
      say(`${step} …`);
      try {
        return await work((text) => {
          status = text;
        });
      } finally {
        clearInterval(heartbeat);
        say(`  ${step} took ${seconds().toFixed(1)} s${status === '' ? '' : `, ${status}`}`);
      }
    },
    stop: clear,
  };
}
