import { Option } from 'commander';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCommand, runCommand } from '../../app/src/commands/command.ts';
import { Problem, reasonOf } from '../../app/src/commands/problem.ts';
import { createEngine, findEngine } from '../lib/container-engine.ts';
import { readSource } from '../lib/source.ts';
import { buildImage } from '../lib/image-build.ts';
import { describeImage, imageFaults, summarise } from '../lib/image-summary.ts';
import { localBaseImages } from '../lib/local-base.ts';
import { machineArchitecture, platformOf, wantedArchitecture } from './architecture.ts';

const projectRoot = fileURLToPath(new URL('../../', import.meta.url));

interface Options {
  readonly localBase: boolean;
  readonly tag?: string;
}

function readOptions(argv: readonly string[]): Options {
  return createCommand(
    'make image',
    'Build the image with docker, podman or buildah, and say its digest, size and layers.',
  )
    .usage('[ARGS="options"]')
    .addOption(
      new Option('--local-base', 'on a base made here from Debian packages, where none can be pulled')
        .default(false)
        .env('IMAGE_LOCAL_BASE'),
    )
    .option('--tag <name>', 'name of the image (default: movies-api:<version>)')
    .parse(argv, { from: 'user' })
    .opts();
}

/** The published address of the repository, without credentials; none when it lives in a folder. */
function sourceUrl(): string | undefined {
  try {
    const origin = execFileSync('git', ['-C', projectRoot, 'remote', 'get-url', 'origin'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    const url = new URL(origin.replace(/^git@([^:]+):/, 'https://$1/'));
    return url.protocol === 'file:' ? undefined : `https://${url.host}${url.pathname.replace(/\.git$/, '')}`;
  } catch {
    return undefined;
  }
}

await runCommand(async (argv) => {
  const { localBase, tag: name } = readOptions(argv);
  const engine = findEngine();
  const source = readSource(projectRoot, process.env);
  const tag = name ?? `movies-api:${source.version}`;
  const say = (line: string): void => {
    console.error(line);
  };
  const bases = localBase ? await localBaseImages(engine, say) : undefined;
  say(`building ${tag} with ${engine.name}`);
  const processor = await wantedArchitecture(join(projectRoot, 'terraform'), process.env);
  // Only where it differs: the docker of a pipeline step takes no --platform. A local base is of this machine, and never pushed.
  const platform = localBase || processor === machineArchitecture ? undefined : platformOf(processor);
  if (platform !== undefined) say(`for ${platform}, which this machine has to emulate`);
  try {
    await buildImage({ engine, projectRoot, tag, source, sourceUrl: sourceUrl(), bases, platform });
  } catch (error) {
    if (error instanceof Problem || localBase) throw error;
    throw new Problem(reasonOf(error), 'Where no base image can be pulled: make image ARGS=--local-base');
  }
  // buildah's images live in the storage that podman reads
  const reader = engine.name === 'buildah' ? createEngine('podman') : engine;
  const summary = await summarise(reader, tag);
  console.log(describeImage(tag, summary));
  const faults = imageFaults(summary);
  if (faults.length > 0) throw new Problem(`The image ${faults.join('; it ')}`, 'Change the Dockerfile.');
});
