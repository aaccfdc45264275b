import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { readSource } from '../lib/bundle/source.ts';
import { createEngine, findEngine } from '../lib/container-engine.ts';
import { createAccount } from './account.ts';
import { createProgress } from '../lib/progress.ts';
import { checkRelease } from '../lib/terraform/service-root.ts';
import { Misuse, Problem, reasonOf } from '../../app/src/commands/problem.ts';
import { fileReport } from './code-insights.ts';
import { createEnvironment } from './environment.ts';
import { takeIdentity } from './identity.ts';
import { createRegistry, signIn, type Registry } from '../lib/registry.ts';
import { release } from './release.ts';
import { collectReports } from './reports.ts';
import { provideTool } from './toolchain.ts';
import toolchain from './toolchain.json' with { type: 'json' };

const project = resolve(import.meta.dirname, '../..');
const { env } = process;
const progress = createProgress(console.log, Date.now);
const commit = (): string => execFileSync('git', ['rev-parse', 'HEAD'], { cwd: project }).toString().trim();

/** The digest's hex digits, as far as a commit's go. */
const digestOf = (image: string): string => (image.split('@sha256:')[1] ?? '').slice(0, 40);

async function openRegistry(repository: string): Promise<Registry> {
  const crane = join(project, '.cache', 'bin', 'crane');
  await signIn(crane, repository, env);
  return createRegistry({ crane, repository, env });
}

async function push(file: string): Promise<void> {
  const { IMAGE_REPOSITORY: repository = '' } = env;
  if (repository === '')
    throw new Misuse('IMAGE_REPOSITORY is not set.', 'Set it to repository_url of `make bootstrap`.');
  const registry = await openRegistry(repository);
  const tag = `candidate-${commit()}`;
  // Built once: a step that runs again must not put other content behind the commit's tag.
  const image = (await registry.find(tag)) ?? (await pushNew(registry, tag));
  await mkdir(dirname(resolve(file)), { recursive: true });
  await writeFile(file, `${image}\n`);
  console.log(`${image} (${tag})`);
}

async function pushNew(registry: Registry, tag: string): Promise<string> {
  const found = findEngine();
  const engine = found.name === 'buildah' ? createEngine('podman') : found;
  const folder = await mkdtemp(join(tmpdir(), 'movies-api-push-'));
  try {
    const archive = join(folder, 'image.tar');
    await engine.run(['save', '--output', archive, `movies-api:${readSource(project, env).version}`]);
    return await registry.push(archive, tag);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Options {
  readonly env: string;
  readonly image: string;
  readonly plan?: string;
  readonly loadTest?: string;
}

/** `tag` ends the tag of the image that is named; one that comes back is tagged by its digest. */
async function releaseTo(
  { env: name, image, plan = '', loadTest }: Options,
  tag = digestOf(image),
): Promise<void> {
  checkRelease(join(project, 'terraform'), { environment: name, image });
  const account = createAccount({ project, env, progress, confirm: () => Promise.resolve(false) });
  const markDeployed = async (reference: string): Promise<void> => {
    const registry = await openRegistry(reference.split('@')[0] ?? '');
    await registry.addTag(reference, `deployed-${name}-${reference === image ? tag : digestOf(reference)}`);
  };
  const environment = createEnvironment({ project, name, account, markDeployed });
  const wanted = { image, ...(plan === '' ? {} : { plan }), underLoad: loadTest === 'yes' };
  await release(environment, wanted, progress.say);
}

async function fileReports(): Promise<void> {
  const { BITBUCKET_WORKSPACE: workspace, BITBUCKET_REPO_SLUG: repository, BITBUCKET_COMMIT: sha } = env;
  const reports = await collectReports(join(project, 'reports'));
  for (const report of reports) {
    console.log(`${report.title}: ${report.result}, ${report.annotations.length} annotations`);
    if (workspace === undefined || repository === undefined || sha === undefined) continue;
    const proxy = env['CODE_INSIGHTS_PROXY'] ?? 'http://localhost:29418';
    await fileReport({ workspace, repository, commit: sha, proxy }, report);
  }
  if (workspace === undefined) console.log('Not in a pipeline step: nothing was filed.');
}

const program = new Command('pipeline')
  .description("What the pipeline's steps do besides testing, building and deploying")
  .addHelpText('after', '\nExit codes: 0 done, 1 a refusal or failure, 2 misuse.')
  .exitOverride();

program
  .command('identity')
  .description("Lay the step's OIDC token where AWS clients look for it")
  .requiredOption('--file <path>', 'where to')
  .action(async ({ file }: { file: string }) => {
    const identity = await takeIdentity(env, file, new Date());
    if (identity !== undefined) console.log(`${identity.role} as ${identity.subject}`);
  });

program
  .command('toolchain')
  .description(
    'Install Terraform and Go for Linux, pinned by checksum, into .cache; what the machine has is used',
  )
  .action(async () => {
    for (const tool of toolchain) {
      const origin = await provideTool(tool, join(project, '.cache', 'toolchain'), env['PATH'] ?? '');
      console.log(
        origin.kind === 'machine'
          ? `${tool.name} ${origin.version} is on this machine: ${origin.path} (sha256 ${origin.sha256})`
          : `${tool.name} ${tool.version} ${origin.kind}`,
      );
    }
  });

program
  .command('push')
  .description('Push the image that was built, once per commit, and write its reference by digest')
  .requiredOption('--record <file>', 'where the reference is written')
  .action(({ record }: { record: string }) => push(record));

program
  .command('release')
  .description('Deploy and probe; return to what ran before when a probe fails')
  .option('--env <name>', 'environment', '')
  .option('--image <reference>', 'image by digest', '')
  .option('--plan <file>', 'the plan that was approved', '')
  .addOption(new Option('--load-test <wanted>', 'whether it has to bear load').choices(['yes', 'no', '']))
  .action((options: Options) => releaseTo(options, commit()));

program
  .command('rollback')
  .description('Return to an image that was good, and probe it')
  .option('--env <name>', 'environment', '')
  .option('--image <reference>', 'image by digest', '')
  .action((options: Options) => releaseTo(options));

program
  .command('insights')
  .description('File what earlier targets reported with the commit')
  .action(fileReports);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof Problem) {
    console.error(`\n${error.message}\n${error.remedy}`);
    process.exitCode = error.exitCode;
  } else if (error instanceof Error && 'exitCode' in error) {
    // Commander has printed the reason; it ends help with 0 and misuse with 1.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    console.error(reasonOf(error));
    process.exitCode = 1;
  }
}
