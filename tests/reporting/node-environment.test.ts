import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, test } from '@jest/globals';
import NodeEnvironment from '../support/node-environment.js';

const createEnvironment = () =>
  new NodeEnvironment({
    globalConfig: {},
    projectConfig: { globals: {}, testEnvironmentOptions: {} },
  });

test('what a test file keeps beside its promises ends with the file, and nothing else does', async () => {
  const before = new AsyncLocalStorage<string>();
  const during = new AsyncLocalStorage<string>();
  before.enterWith('before');
  const environment = createEnvironment();
  await environment.setup();
  during.enterWith('during');

  const kept = [before.getStore(), during.getStore()];
  await environment.teardown();

  expect(kept).toEqual(['before', 'during']);
  expect([before.getStore(), during.getStore()]).toEqual(['before', undefined]);
});

test('afterwards AsyncLocalStorage is what it was', async () => {
  const methods = () => Object.getOwnPropertyDescriptors(AsyncLocalStorage.prototype);
  const before = methods();
  const environment = createEnvironment();

  await environment.setup();
  await environment.teardown();

  expect(methods()).toEqual(before);
});
