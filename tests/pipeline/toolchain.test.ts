import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { installTool, type Tool } from '../../tools/pipeline/toolchain.ts';

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
  };
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

test('what is pinned is installed once, and runs', async () => {
  expect(await installTool(tool, home)).toBe(true);
  expect(await installTool(tool, home)).toBe(false);
  expect(execFileSync(join(home, 'bin', 'go')).toString()).toBe('it runs\n');
});

test('an archive of another content is never unpacked', async () => {
  const pinned = { ...tool, sha256: '0'.repeat(64) };

  await expect(installTool(pinned, home)).rejects.toThrow(
    `is not what was reviewed: sha256 ${tool.sha256}, pinned is ${pinned.sha256}.`,
  );
  expect(await readdir(home)).toEqual(['bin']);
  expect(await readdir(join(home, 'bin'))).toEqual([]);
});
