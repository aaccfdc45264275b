import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import packageJson from '../../package.json' with { type: 'json' };
import type { Bench } from './bench.ts';
import type { Usage } from './probe.ts';

export interface Load {
  readonly perSecond: number;
  readonly peakRssBytes: number;
}

/** What `npm run load` gives Node.js: its flagswith the script at the end. */
const flags = packageJson.scripts.load.split(' ').slice(1, -1);
const ourLoader = ['app/src/commands/load.ts', '--table', 'movies', '--file', '-'];

/** Feeds so many movies to our loader, as a person would start it, alone on the server's core. */
export const loadWithOurs = (bench: Bench, movies: number, endpoint: string): Promise<Load> =>
  load(bench, movies, [...flags, '--import', bench.script('probe'), ...ourLoader, '--endpoint', endpoint]);

export const loadOneByOne = (bench: Bench, movies: number, endpoint: string): Promise<Load> =>
  load(bench, movies, ['--import', bench.script('probe'), bench.script('one-by-one')], endpoint);

async function load(bench: Bench, movies: number, args: readonly string[], endpoint?: string): Promise<Load> {
  const [feeder = '', ...feederArgs] = bench.node('load');
  const feed = spawn(feeder, [...feederArgs, bench.script('feed'), String(movies)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const usageFile = bench.file('loader-usage.json', []);
  const [program = '', ...rest] = bench.node('server');
  const loader = spawn(program, [...rest, ...args], {
    stdio: [feed.stdout, 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], USAGE_FILE: usageFile, DYNAMODB_ENDPOINT: endpoint },
  });
  // The loader has its own copy of the pipe.
  feed.stdout.destroy();
  const [output, complaints] = await Promise.all([text(loader.stdout), text(loader.stderr)]);
  const [, loaded = '', perSecond = ''] = / ?([\d,]+) loaded.*\(([\d,.]+)\/s\)/.exec(output) ?? [];
  if (number(loaded) !== movies) throw new Error(`A loader loads not all: ${output} ${complaints}`);
  // Our own probe wrote it.
  const { peakRssBytes } = JSON.parse(readFileSync(usageFile, 'utf8')) as Usage;
  return { perSecond: number(perSecond), peakRssBytes };
}

const number = (text: string): number => Number(text.replaceAll(',', ''));
