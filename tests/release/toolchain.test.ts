import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { access, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import tools from '../../tools/install/optional-tools.json' with { type: 'json' };
import { createDebianTools, installTools } from '../../tools/install/tool.ts';
import { provideTool, type Tool } from '../../tools/install/toolchain.ts';

let folder: string;
let home: string;
let server: Server;
let tool: Tool;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'toolchain-'));
  home = join(folder, 'home');
  mkdirSync(join(folder, 'go', 'bin'), { recursive: true });
  writeFileSync(join(folder, 'go', 'bin', 'go'), '#!/bin/sh\necho it runs\n', { mode: 0o755 });
  execFileSync('tar', ['-cz', '-C', folder, '-f', join(folder, 'go.tar.gz'), 'go']);
  const archive = readFileSync(join(folder, 'go.tar.gz'));
  server = createServer((_request, response) => response.end(archive));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  tool = {
    name: 'go',
    version: '1.0.0',
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/go.tar.gz`,
    sha256: createHash('sha256').update(archive).digest('hex'),
    unpack: ['tar', '-xz', '-C'],
    program: 'go/bin/go',
    versionArgs: ['version'],
    orLater: false,
  };
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

const nothingOnPath = '';

/** A program on the machine that says which version it is. Resolves with the folder, for the PATH. */
function machineWith(says: string): string {
  const bin = join(folder, 'machine');
  mkdirSync(bin);
  writeFileSync(join(bin, 'go'), `#!/bin/sh\necho "${says}"\n`, { mode: 0o755 });
  return bin;
}

test('a site that is out of reach is named with the reason, and what to put on the PATH instead', async () => {
  await new Promise((resolve) => server.close(resolve));

  await expect(provideTool(tool, home, nothingOnPath)).rejects.toMatchObject({
    message: `${tool.url} can't be fetched: fetch failed: connect ECONNREFUSED ${new URL(tool.url).host}.`,
    remedy: 'Let this machine reach it, or put go 1.0.0 on the PATH: then nothing is fetched.',
  });
});

test('what is pinned is installed once, and runs', async () => {
  expect(await provideTool(tool, home, nothingOnPath)).toEqual({ kind: 'installed' });
  expect(await provideTool(tool, home, nothingOnPath)).toEqual({ kind: 'kept' });
  expect(execFileSync(join(home, 'bin', 'go')).toString()).toBe('it runs\n');
});

test('an archive of another content is never unpacked', async () => {
  const pinned = { ...tool, sha256: '0'.repeat(64) };

  await expect(provideTool(pinned, home, nothingOnPath)).rejects.toThrow(
    `is not what was reviewed: sha256 ${tool.sha256}, pinned is ${pinned.sha256}.`,
  );
  expect(await readdir(home)).toEqual(['bin']);
  expect(await readdir(join(home, 'bin'))).toEqual([]);
});

test.each([
  ['of the pinned version', 'Go v1.0.0', {}],
  ['of a later version, where that will do', 'go version go1.10.2 linux/amd64', { orLater: true }],
])('a program %s on the machine needs no internet', async (_which, says, settings) => {
  const bin = machineWith(says);
  const nowhere = { ...tool, ...settings, url: 'http://127.0.0.1:1/none.tar.gz' };

  const origin = await provideTool(nowhere, home, bin);

  expect(origin).toEqual({
    kind: 'machine',
    path: join(bin, 'go'),
    version: says.replace(/^.*?(\d+\.\d+\.\d+).*$/, '$1'),
    sha256: createHash('sha256')
      .update(readFileSync(join(bin, 'go')))
      .digest('hex'),
  });
});

test.each([
  ['a later version', 'Go v1.0.1', {}],
  ['an earlier version', 'go version go0.9.9', { orLater: true }],
  ['no version', 'hello', {}],
])('a program that says %s is not used', async (_which, says, settings) => {
  const bin = machineWith(says);

  expect(await provideTool({ ...tool, ...settings }, home, bin)).toEqual({ kind: 'installed' });
});

describe('installing optional tools', () => {
  test('a tool that cannot be had is named with the reason, and the others are still installed', async () => {
    const lines: string[] = [];
    const tool = (name: string, isPresent: boolean, install: () => Promise<void>) => ({
      name,
      purpose: 'a test',
      isPresent: () => Promise.resolve(isPresent),
      install,
    });

    const outcomes = await installTools(
      [
        tool('there', true, () => Promise.reject(new Error('is not asked for'))),
        tool('unreachable', false, () => Promise.reject(new Error('the registry does not answer'))),
        tool('new', false, () => Promise.resolve()),
      ],
      (line) => lines.push(line),
    );

    expect(outcomes).toEqual(['present', 'missing', 'installed']);
    expect(lines).toEqual([
      'present    there             for a test',
      'missing    unreachable       for a test: the registry does not answer',
      'installed  new               for a test',
    ]);
  });

  test('a Debian package is not installed where only the cache may be written', async () => {
    const debian = [{ package: 'no-such', check: ['no-such-program'], for: 'a test' }];
    const lines: string[] = [];

    await installTools(createDebianTools(debian, false), (line) => lines.push(line));

    expect(lines).toEqual([
      'missing    no-such           for a test: `make tools` installs it on a Debian-like system as root',
    ]);
  });

  test('every Python tool of the list has its pins', async () => {
    const pins = tools.python.map(({ environment }) =>
      access(new URL(`../../tools/install/python/${environment}.txt`, import.meta.url)),
    );

    await expect(Promise.all(pins)).resolves.toHaveLength(tools.python.length);
  });
});
