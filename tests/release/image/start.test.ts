import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Plugin } from 'esbuild';
import { processSettings } from '../../../tools/bench/processes.ts';
import { bundle } from '../../../tools/lib/bundle.ts';
import { nodePrograms } from '../../../tools/install/node-programs.ts';
import { type ApiProcess, startApiProcess } from '../../support/processes.ts';

const projectRoot = resolve(import.meta.dirname, '../../..');
const source = { version: '0.0.0', commit: '0123456789abcdef', epoch: 1_700_000_000 };
const home = '.cache/start-test';
let service: ApiProcess | undefined;
afterEach(() => {
  service?.signal('SIGKILL');
});

const start = (out: string): ApiProcess => {
  service = startApiProcess({ TABLE_NAME: 'movies' }, [`${out}/main.js`]);
  return service;
};
const probe = async ({ listening }: ApiProcess): Promise<unknown[]> => {
  const { port } = await listening;
  const answer = await fetch(`http://127.0.0.1:${port}/healthz`);
  return [answer.status, await answer.text()];
};
const healthy = [200, '{"status":"ok"}'];

describe('without its validator, a bundle', () => {
  const out = `${home}/no-validator`;
  const stranger = join(projectRoot, home, 'exchanged/openapi-validator.ts');
  const withoutValidator: Plugin = {
    name: 'without-validator',
    setup: (build) => {
      build.onResolve({ filter: /\/openapi-validator\.ts$/ }, () => ({ path: stranger }));
    },
  };
  beforeAll(async () => {
    mkdirSync(join(stranger, '..'), { recursive: true });
    writeFileSync(
      stranger,
      "export * from 'express-openapi-validator';\nthrow new Error('There is no validator.');\n",
    );
    await bundle({ projectRoot, out, source, plugins: [withoutValidator], exchanged: [home] });
  });

  test('answers the probe that comes first, and ends as soon as it has: nobody meets a service that can’t validate', async () => {
    const started = start(out);

    expect(await probe(started)).toEqual(healthy);
    expect(await started.ended).toMatchObject({
      code: 1,
      output: expect.stringContaining('There is no validator.'),
    });
  });
});

/**
 * What fills the code cache of a bundle, by the Node.js that will run it. With one thread and one seed, from which V8 draws
 * how it hashes names (`--predictable`), and a heap of one size on every machine, two runs give the same bytes. V8 takes what
 * they write without these settings, too, and draws a seed of its own then.
 */
const codeCacheCommand = (node: string, script: string, folder: string): [string, ...string[]] => [
  node,
  '--predictable',
  '--max-semi-space-size=16',
  '--max-old-space-size=1024',
  script,
  folder,
];

describe('the code cache of a bundle', () => {
  const out = `${home}/whole`;
  const folder = join(projectRoot, out);
  const cache = join(folder, 'service.cache');
  let node: string;
  beforeAll(async () => {
    node = nodePrograms().program;
    await bundle({ projectRoot, out, source });
  });

  const script = join(projectRoot, 'tools/lib/code-cache.ts');
  function fill(): Buffer {
    rmSync(cache, { force: true });
    const [program, ...args] = codeCacheCommand(node, script, folder);
    execFileSync(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    return readFileSync(cache);
  }
  const isRejected = (): string =>
    execFileSync(
      node,
      [
        '-e',
        "const [source, cachedData] = ['service.js', 'service.cache'].map((name) => fs.readFileSync(`${process.argv[1]}/${name}`));" +
          "console.log(new vm.Script(source.toString('latin1'), { cachedData }).cachedDataRejected);",
        folder,
      ],
      { encoding: 'utf8', env: processSettings },
    ).trim();

  test('is the same to the byte each time that it is made, and V8 takes it as a task runs it', () => {
    const [first, second, third] = [fill(), fill(), fill()];

    expect(second.equals(first)).toBe(true);
    expect(third.equals(first)).toBe(true);
    expect(isRejected()).toBe('false');
  });

  test('is made by the image as it is made here', () => {
    const dockerfile = readFileSync(join(projectRoot, 'Dockerfile'), 'utf8');
    const made = codeCacheCommand('/nodejs/bin/node', '/build/tools/lib/code-cache.ts', '/app');

    expect(dockerfile).toContain(`RUN ${JSON.stringify(made).replaceAll(',', ', ')}\n`);
  });

  test.each([
    ['of another code', () => Buffer.concat([Buffer.from('x'), readFileSync(cache)])],
    ['that is empty', () => Buffer.alloc(0)],
  ])('%s is not taken, and nothing fails', async (_what, content) => {
    writeFileSync(cache, content());

    const started = start(out);

    expect(isRejected()).toBe('true');
    expect(await probe(started)).toEqual(healthy);
    started.signal('SIGKILL');
    expect((await started.ended).output).toContain('V8 refuses service.cache');
  });

  test('is filled by verified tokens and reads of the table where Node.js has no fetch: undici is in the bundle', () => {
    const trap = join(projectRoot, home, 'no-fetch.cjs');
    writeFileSync(
      trap,
      `for (const name of ['fetch', 'Headers', 'Request', 'Response', 'FormData'])
        Object.defineProperty(globalThis, name, { get() { throw new Error('Node.js loads its own undici for ' + name); } });`,
    );

    expect(() => execFileSync(node, ['--require', trap, script, folder], { stdio: 'pipe' })).not.toThrow();
  });

  test('that is not there changes nothing', async () => {
    rmSync(cache, { force: true });

    expect(await probe(start(out))).toEqual(healthy);
  });
});
