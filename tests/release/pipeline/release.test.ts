import { expect, test } from '@jest/globals';
import { release, type Environment } from '../../../tools/release/release.ts';

interface Behaviour {
  readonly runs?: string;
  /** Images that pass their probes. */
  readonly good: readonly string[];
  /** Images that can't be applied. */
  readonly refused?: readonly string[];
  /** Images that are too slow under load. */
  readonly slow?: readonly string[];
}

/** An environment that remembers what it serves; what each image does is given. */
function environmentWith({ runs, good, refused = [], slow = [] }: Behaviour): {
  environment: Environment;
  deployments: (readonly [string, string | undefined])[];
} {
  let running = runs;
  const deployments: (readonly [string, string | undefined])[] = [];
  const environment: Environment = {
    name: 'dev',
    running: () => Promise.resolve(running),
    deploy: (image, plan) => {
      deployments.push([image, plan]);
      const applied = !refused.includes(image);
      running = applied ? image : running;
      return Promise.resolve(applied);
    },
    isHealthy: () => Promise.resolve(running !== undefined && good.includes(running)),
    bearsLoad: () => Promise.resolve(running !== undefined && !slow.includes(running)),
  };
  return { environment, deployments };
}

const silently = (): void => undefined;

test('an image that passes its probes stays, by the plan that was approved', async () => {
  const { environment, deployments } = environmentWith({ runs: 'old', good: ['old', 'new'] });

  await release(environment, { image: 'new', plan: 'prod.tfplan' }, silently);

  expect(deployments).toEqual([['new', 'prod.tfplan']]);
});

test('an image that fails its probes is replaced by the one before, and the release fails', async () => {
  const { environment, deployments } = environmentWith({ runs: 'old', good: ['old'] });

  await expect(release(environment, { image: 'new', plan: 'p' }, silently)).rejects.toThrow(
    'dev: new failed its probes and was ROLLED BACK. old runs and passes its probes.',
  );
  expect(deployments).toEqual([
    ['new', 'p'],
    ['old', undefined],
  ]);
});

test('a release that is refused leaves what ran before alone', async () => {
  const { environment, deployments } = environmentWith({
    runs: 'old',
    good: ['old', 'new'],
    refused: ['new'],
  });

  await expect(release(environment, { image: 'new' }, silently)).rejects.toThrow(
    'dev: the release was not applied. What ran before still passes its probes.',
  );
  expect(deployments).toEqual([['new', undefined]]);
});

test('an image that failed already is nothing to return to', async () => {
  const { environment, deployments } = environmentWith({ runs: 'old', good: [] });

  await expect(release(environment, { image: 'new' }, silently)).rejects.toThrow(
    'dev: new fails its probes, and there is no good image to return to.',
  );
  expect(deployments).toEqual([['new', undefined]]);
});

test('a first deployment that fails has nothing to return to', async () => {
  const { environment } = environmentWith({ good: [] });

  await expect(release(environment, { image: 'new' }, silently)).rejects.toThrow(
    'no good image to return to',
  );
});

test('a return that fails as well says that somebody must look', async () => {
  const { environment } = environmentWith({ runs: 'old', good: ['old'], refused: ['old'] });

  await expect(release(environment, { image: 'new' }, silently)).rejects.toThrow(
    'dev: new failed its probes, and returning to old FAILED TOO.',
  );
});

test('an image that does not bear its load is replaced by the one before, and the release fails', async () => {
  const { environment, deployments } = environmentWith({
    runs: 'old',
    good: ['old', 'new'],
    slow: ['new', 'old'],
  });

  await expect(release(environment, { image: 'new', underLoad: true }, silently)).rejects.toThrow(
    'dev: new failed its load test and was ROLLED BACK. old runs and passes its probes.',
  );
  expect(deployments).toEqual([
    ['new', undefined],
    ['old', undefined],
  ]);
});

test('load is put on an environment only where it is wanted', async () => {
  const { environment, deployments } = environmentWith({ runs: 'old', good: ['old', 'new'], slow: ['new'] });

  await release(environment, { image: 'new' }, silently);

  expect(deployments).toEqual([['new', undefined]]);
});
