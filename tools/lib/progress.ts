import type { TerraformEvent } from './terraform/events.ts';

const heartbeatMs = 8_000;
const shown = 3;

export interface Timing {
  readonly step: string;
  readonly seconds: number;
}

export interface SlowResource {
  readonly address: string;
  readonly action: string;
  readonly seconds: number;
}

/** Tells a person what is going on, at least every ten seconds, and remembers how long everything took. */
export interface Progress {
  /** Names the steps that follow, as in `service: apply`. */
  readonly about: (subject: string) => void;
  readonly during: <T>(
    step: string,
    work: (tell: (event: TerraformEvent) => void) => Promise<T>,
  ) => Promise<T>;
  readonly say: (line: string) => void;
  readonly timings: () => readonly Timing[];
  /** Longest first. */
  readonly slowest: (count: number) => readonly SlowResource[];
}

export function createProgress(write: (line: string) => void, now: () => number): Progress {
  const timings: Timing[] = [];
  const ended: SlowResource[] = [];
  let subject = '';

  return {
    say: write,
    about: (name) => {
      subject = name;
    },
    timings: () => timings,
    slowest: (count) => [...ended].sort((a, b) => b.seconds - a.seconds).slice(0, count),
    during: async (name, work) => {
      const step = subject === '' ? name : `${subject}: ${name}`;
      const startedAt = now();
      const elapsed = (): number => (now() - startedAt) / 1000;
      const running = new Map<string, number>();
      let planned = 0;
      let done = 0;
      const heartbeat = setInterval(() => {
        write(`  … ${describe(elapsed(), done, running, now())}`);
      }, heartbeatMs);
      write(`${step} …`);
      try {
        return await work((event) => {
          if (event.kind === 'planned') planned += 1;
          if (event.kind === 'started') running.set(event.address, now());
          if (event.kind === 'ended') {
            done += 1;
            running.delete(event.address);
            ended.push(event);
          }
          if (event.kind === 'problem' && event.problem.severity === 'warning') {
            write(`  warning: ${event.problem.summary} ${event.problem.where}`.trimEnd());
          }
        });
      } finally {
        clearInterval(heartbeat);
        timings.push({ step, seconds: elapsed() });
        const counts = done > 0 ? `, ${done} resources` : planned > 0 ? `, ${planned} planned changes` : '';
        write(`  ${step} took ${elapsed().toFixed(1)} s${counts}`);
      }
    },
  };
}

/** `40 s, 31 resources done; waiting for aws_nat_gateway.this (12 s) and 4 more`. */
function describe(seconds: number, done: number, running: ReadonlyMap<string, number>, now: number): string {
  const waiting = [...running].sort(([, a], [, b]) => a - b);
  const names = waiting
    .slice(0, shown)
    .map(([address, since]) => `${address} (${Math.round((now - since) / 1000)} s)`);
  const rest = waiting.length > shown ? ` and ${waiting.length - shown} more` : '';
  const what = names.length > 0 ? `; waiting for ${names.join(', ')}${rest}` : '';
  return `${Math.round(seconds)} s${done > 0 ? `, ${done} resources done` : ''}${what}`;
}
