import { readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { bundle } from '../../tools/build/bundle.ts';
import { startApiProcess, type ApiProcess } from '../support/api-process.ts';

const projectRoot = resolve(import.meta.dirname, '../..');
const source = { version: '0.0.0', commit: '0123456789abcdef', epoch: 1_700_000_000 };
const out = '.cache/start-test';

describe('without its validator, a bundle', () => {
  let service: ApiProcess;
  afterEach(() => {
    service.signal('SIGKILL');
  });
  beforeAll(async () => {
    await bundle({ projectRoot, out, source });
    const chunk = readdirSync(join(projectRoot, out)).find((name) => name.startsWith('openapi-validator-'));
    rmSync(join(projectRoot, out, chunk ?? 'the chunk of the validator'));
  });

  test('answers the probe that comes first, and ends as soon as it has: nobody meets a service that can’t validate', async () => {
    service = startApiProcess({ TABLE_NAME: 'movies' }, [`${out}/main.js`]);
    const { port } = await service.listening;

    const probe = await fetch(`http://127.0.0.1:${port}/healthz`);

    expect([probe.status, await probe.json()]).toEqual([200, { status: 'ok' }]);
    expect(await service.ended).toMatchObject({
      code: 1,
      output: expect.stringContaining('the service ends by an error'),
    });
  });
});
