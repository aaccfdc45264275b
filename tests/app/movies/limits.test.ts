import { describe, expect, test } from '@jest/globals';
import { Throttled } from '../../../app/src/movies/errors.ts';
import { createLimiter } from '../../../app/src/dynamo/limits.ts';
import { createReadiness } from '../../../app/src/dynamo/repository.ts';

function aTask() {
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  return { run: () => finished, finish };
}

describe('the limiter', () => {
  test('runs as many as allowed, the others in their order as places get free, and none twice', async () => {
    const limiter = createLimiter({ concurrency: 2, maxWaiting: 10, maxWaitMs: 60_000 });
    const tasks = Array.from({ length: 5 }, aTask);
    const started: number[] = [];
    const runs = tasks.map((task, n) => limiter.run(() => (started.push(n), task.run())));

    expect(started).toEqual([0, 1]);
    tasks[1]?.finish();
    await runs[1];
    await Promise.resolve();
    expect(started).toEqual([0, 1, 2]);
    for (const task of tasks) task.finish();
    await Promise.all(runs);
    expect(started).toEqual([0, 1, 2, 3, 4]);
  });

  test('a task that fails frees its place', async () => {
    const limiter = createLimiter({ concurrency: 1, maxWaiting: 1, maxWaitMs: 60_000 });

    await expect(limiter.run(() => Promise.reject(new Error('Broken')))).rejects.toThrow('Broken');

    expect(await limiter.run(() => Promise.resolve('next'))).toBe('next');
  });

  test('one too many is refused at once; one that waits too long later; neither ever runs', async () => {
    const limiter = createLimiter({ concurrency: 1, maxWaiting: 1, maxWaitMs: 20 });
    const busy = aTask();
    const started: string[] = [];
    const first = limiter.run(busy.run);

    const waiting = limiter.run(() => Promise.resolve(started.push('waiting')));
    const refused = limiter.run(() => Promise.resolve(started.push('refused')));

    await expect(refused).rejects.toThrow(new Throttled('Too many requests wait for the database already.'));
    await expect(waiting).rejects.toThrow(
      new Throttled('The database was busy with other requests for 20 ms.'),
    );
    busy.finish();
    await first;
    expect(await limiter.run(() => Promise.resolve('free again'))).toBe('free again');
    expect(started).toEqual([]);
  });
});

describe('readiness', () => {
  function aProbe() {
    let count = 0;
    const tasks: { resolve: () => void; reject: (error: Error) => void }[] = [];
    const probe = () => {
      count += 1;
      return new Promise<void>((resolve, reject) => tasks.push({ resolve, reject }));
    };
    return { probe, tasks, count: () => count };
  }

  test('its answer is shared by all who ask meanwhile and shortly after, then it probes again', async () => {
    let time = 0;
    const { probe, tasks, count } = aProbe();
    const ready = createReadiness(probe, { cacheMs: 1_000, now: () => time });

    const asked = [ready(), ready()];
    time = 5_000;
    asked.push(ready());
    tasks[0]?.resolve();
    await Promise.all(asked);
    time = 5_999;
    await ready();
    expect(count()).toBe(1);

    time = 6_000;
    const again = ready();
    tasks[1]?.resolve();
    await again;
    expect(count()).toBe(2);
  });

  test('bad news is shared just as well', async () => {
    let time = 0;
    const { probe, tasks, count } = aProbe();
    const ready = createReadiness(probe, { cacheMs: 1_000, now: () => time });

    const asked = ready();
    tasks[0]?.reject(new Error('Gone'));
    await expect(asked).rejects.toThrow('Gone');
    time = 500;

    await expect(ready()).rejects.toThrow('Gone');
    expect(count()).toBe(1);
  });
});
