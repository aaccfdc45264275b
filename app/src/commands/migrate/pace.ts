import { setTimeout as delay } from 'node:timers/promises';

/** Resolves when so many more may be done: at a constant rate, whoever asks, without saving up for a burst. */
export type Pace = (count: number) => Promise<void>;

export function createPace(perSecond: number, now: () => number = () => performance.now()): Pace {
  let freeAt = now();
  return (count) => {
    const startAt = Math.max(now(), freeAt);
    freeAt = startAt + (count * 1_000) / perSecond;
    return delay(Math.max(0, startAt - now()));
  };
}
