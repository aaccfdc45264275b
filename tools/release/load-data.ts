import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readVegaMovies } from '../../app/src/local/vega-movies.ts';
import { runHere } from '../lib/processes.ts';

export interface LoadOptions {
  readonly project: string;
  readonly table: string;
  readonly region: string;
  /** JSON of movies; without a name the real movies that `make run` has. */
  readonly file: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Runs the project's loader with the caller's credentials. Resolves with its exit code; refused records are in reports/load. */
export async function runLoader({ project, table, region, file, env }: LoadOptions): Promise<number> {
  const scratch = await mkdtemp(join(tmpdir(), 'movies-load-'));
  try {
    const reports = join(project, 'reports', 'load');
    await mkdir(reports, { recursive: true });
    const given = file === '' ? await writeRealMovies(join(scratch, 'movies.json')) : file;
    const named = ['--table', table, '--region', region, '--file', given];
    const args = ['app/src/commands/load.ts', ...named, '--rejects', join(reports, 'rejects.jsonl')];
    return await runHere(args, { env });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function writeRealMovies(path: string): Promise<string> {
  const { movies } = await readVegaMovies();
  await writeFile(path, JSON.stringify(movies));
  return path;
}
