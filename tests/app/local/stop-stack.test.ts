import { expect, test } from '@jest/globals';
import { createStopStack } from '../../../app/src/local/stop-stack.ts';

/** A stack of things that note when they are stopped; those in `stubborn` can't be. */
function stackOf(names: readonly string[], stubborn: readonly string[] = []) {
  const stopped: string[] = [];
  const stack = createStopStack();
  for (const name of names)
    stack.keep(async () => {
      stopped.push(name);
      await Promise.resolve();
      if (stubborn.includes(name)) throw new Error(`${name} does not end`);
    });
  return { stack, stopped };
}

test('what was started is stopped in the opposite order', async () => {
  const { stack, stopped } = stackOf(['engine', 'issuer', 'service']);

  await stack.stopAll();

  expect(stopped).toEqual(['service', 'issuer', 'engine']);
});

test('one that can not be stopped keeps none of the others alive, and is told', async () => {
  const { stack, stopped } = stackOf(['engine', 'issuer', 'service'], ['service']);

  await expect(stack.stopAll()).rejects.toThrow('service does not end');
  expect(stopped).toEqual(['service', 'issuer', 'engine']);
});

test('several that can not be stopped are all told', async () => {
  const { stack, stopped } = stackOf(['engine', 'issuer', 'service'], ['engine', 'service']);

  await expect(stack.stopAll()).rejects.toThrow(/service does not end.*engine does not end/);
  expect(stopped).toEqual(['service', 'issuer', 'engine']);
});

test('what starts while everything is being stopped is told so, and stopped by the next time', async () => {
  const { stack, stopped } = stackOf(['engine']);
  await stack.stopAll();

  expect(() => {
    stack.keep(() => void stopped.push('late'));
  }).toThrow('Stopped while starting.');
  await stack.stopAll();
  expect(stopped).toEqual(['engine', 'late']);
});
