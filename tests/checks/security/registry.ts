import { execFileSync, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { project } from './mistakes.ts';

export const goBinary = (name: string): string => join(project, '.cache', 'bin', name);

/** A registry on loopback. */
export interface LoopbackRegistry {
  readonly folder: string;
  /** Pushes an image that holds only these files, set as options of `crane mutate` say. Resolves with its reference by digest. */
  readonly push: (
    tag: string,
    files: Readonly<Record<string, string>>,
    settings?: readonly string[],
  ) => Promise<string>;
  readonly stop: () => Promise<void>;
}

export async function startRegistry(): Promise<LoopbackRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'registry-'));
  const server = spawn(goBinary('crane'), ['registry', 'serve', '--address', '127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const port = await new Promise<string>((done, fail) => {
    server.once('exit', () => {
      fail(new Error('the registry did not start'));
    });
    for (const stream of [server.stdout, server.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        const found = /serving on port (\d+)/.exec(line)?.[1];
        if (found !== undefined) done(found);
      });
    }
  });
  const repository = `127.0.0.1:${port}/movies-api`;
  const crane = (...args: string[]) =>
    execFileSync(goBinary('crane'), args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' }).trim();

  return {
    folder,
    push: async (tag, files, settings = []) => {
      const content = join(folder, tag);
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(content, path)), { recursive: true });
        await writeFile(join(content, path), text);
      }
      execFileSync('tar', ['cf', `${tag}.tar`, '-C', tag, '.'], { cwd: folder });
      const image = `${repository}:${tag}`;
      crane('append', '--insecure', '--oci-empty-base', '-f', `${tag}.tar`, '-t', image);
      if (settings.length > 0) crane('mutate', '--insecure', ...settings, '-t', image, image);
      return `${repository}@${crane('digest', '--insecure', image)}`;
    },
    stop: async () => {
      server.kill();
      await rm(folder, { recursive: true });
    },
  };
}
