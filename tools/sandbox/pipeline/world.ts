import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { reasonOf } from '../../../app/src/commands/problem.ts';
import { closeServer, listenOnLoopback } from '../../../app/src/local/listen.ts';
import { createStopStack } from '../../../app/src/local/stop-stack.ts';
import { createEngine } from '../../lib/container-engine.ts';
import { listOf, readDefinition, settingsOf } from '../../lib/pipeline-definition.ts';
import type { Outputs } from '../deployment/applied.ts';
import { createControlClient, type TaskState } from '../deployment/state.ts';
import { createServingHome } from '../deployment/processes.ts';
import { startTraffic } from '../deployment/traffic.ts';
import {
  bareEnvironment,
  bitbucketVariables,
  type Ids,
  openPipelineAccount,
  overrideProviders,
  pathStyle,
  type PipelineAccount,
  region,
  variablesOf,
} from './account.ts';
import { createCaches, createHub, type Hub, type PlannedStep } from './clones.ts';
import { cloneInside, type Confinement } from './confinement.ts';
import { type CodeInsightsApi, startCodeInsightsApi } from './code-insights-api.ts';
import { type ImageRegistry, startImageRegistry } from './image-registry.ts';
import { type RunOptions, runPipeline, type StepResult } from './runner.ts';
import { createTokenIssuer, startTokenExchange, type TokenExchange, type TokenIssuer } from './tokens.ts';

/** What runs for an environment. */
export interface Serving {
  /** Of the tasks' images, each once. */
  readonly digests: readonly string[];
  readonly tasks: number;
}

async function readServing(home: string): Promise<Serving> {
  const serving = await createServingHome(home).find();
  return serving === undefined
    ? { digests: [], tasks: 0 }
    : countServing((await createControlClient(serving.control).state()).tasks);
}

/** The state tells of tasks that drain or were stopped, too: those of releases before. */
export function countServing(tasks: readonly Pick<TaskState, 'status' | 'digest'>[]): Serving {
  const running = tasks.filter(({ status }) => status === 'RUNNING');
  return { digests: [...new Set(running.map(({ digest }) => digest))], tasks: running.length };
}

const run = promisify(execFile);
const environments = ['dev', 'staging', 'prod'];
const deployments = ['build', ...environments.flatMap((name) => [name, `${name}-plan`])];

/** A workspace of Bitbucket and an account of AWS, as far as a pipeline sees of them. */
export interface World {
  readonly hub: Hub;
  /** Folder of all runs, in `runs/<id>`. */
  readonly home: string;
  readonly account: PipelineAccount;
  readonly exchange: TokenExchange;
  readonly insights: CodeInsightsApi;
  readonly registry: ImageRegistry;
  /** Folder of the tasks of an environment that run on this machine. */
  readonly tasksOf: (environment: string) => string;
  /** What of an environment runs on this machine. */
  readonly servingOf: (environment: string) => Promise<Serving>;
  /** Runs a pipeline of the hub's `main`; `id` names the folder of the run. */
  readonly run: (id: string, choices: Choices) => Promise<readonly StepResult[]>;
  /** Lets one environment's tasks run, and no other's. */
  readonly yieldTo: (environment: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

export type Choices = Pick<RunOptions, 'approves'> &
  Partial<Pick<RunOptions, 'leavesOut'>> & {
    readonly pipeline?: string;
    /** Values that a person gives to a custom pipeline. */
    readonly given?: NodeJS.ProcessEnv;
    /** Before a step's script, when the account is ready for it. */
    readonly before?: (step: PlannedStep) => Promise<void>;
  };

export interface WorldOptions {
  readonly project: string;
  readonly home: string;
  /** Variables of the repository besides what an account needs. */
  readonly variables: NodeJS.ProcessEnv;
  /** Caches begin empty, but for archives that this machine may not be able to fetch. */
  readonly isCold: boolean;
  /** How much longer than on Bitbucket a step may take here. */
  readonly slowness: number;
  /** Each step gets a file system of its own, with what the image of the pipeline has. */
  readonly confinement?: Confinement | undefined;
  readonly say: (line: string) => void;
}

export async function openWorld(options: WorldOptions): Promise<World> {
  const { project, home, variables, isCold, slowness, confinement, say } = options;
  const stack = createStopStack();
  const interrupted = new AbortController();
  let running: Promise<unknown> = Promise.resolve();
  const interrupt = (): void => {
    interrupted.abort();
    // What a step left running ends with it, before what it needs does.
    void running
      .catch(() => undefined)
      .then(() => stack.stopAll())
      .then(() => process.exit(130));
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  await rm(join(home, 'runs'), { recursive: true, force: true });
  await mkdir(home, { recursive: true });
  const ids = makeIds();
  const bare = bareEnvironment(process.env, project);
  const hub = await createHub(project, join(home, 'hub'));
  const definition = readDefinition(await hub.read('bitbucket-pipelines.yml'));
  const caches = Object.keys(settingsOf(settingsOf(definition.content['definitions'])['caches']));
  // Programs of Python name the folder that they were made in: in a file system of its own a step takes those of an earlier one.
  const warm = caches.filter((name) =>
    isCold ? name === 'toolchain' : !confinement || name !== 'python-tools',
  );
  const kept = join(home, confinement ? 'caches-confined' : 'caches');
  await createCaches(definition, kept).warm(project, warm, isCold);
  const tool = (name: string): string => join(project, '.cache', 'bin', name);
  const tasksOf = (environment: string): string => join(home, 'tasks', environment);
  try {
    const key = await makeSigningKey(tool('cosign'), home);
    const insights = await startCodeInsightsApi();
    stack.keep(insights.stop);
    say('preparing the account: an emulator, then make bootstrap');
    await rm(join(home, 'account'), { recursive: true, force: true });
    const account = await openPipelineAccount({
      home,
      repository: hub.path,
      definition,
      ids,
      bare,
      keep: (stop) => {
        stack.keep(stop);
      },
      signal: interrupted.signal,
    });
    const issuer = await createTokenIssuer(ids, 'local');
    const exchange = await startTokenExchange(account.url, issuer);
    stack.keep(exchange.stop);
    const [host = ''] = account.outputs.repository_url.split('/');
    const registry = await startImageRegistry({ crane: tool('crane'), host, home, env: process.env });
    stack.keep(registry.stop);
    const tasks = await startTaskRunner(account.url, tasksOf);
    stack.keep(tasks.stop);
    const stopTasks = async (wanted: readonly string[]): Promise<void> => {
      for (const name of wanted) await createServingHome(tasksOf(name)).stop();
    };
    stack.keep(() => stopTasks(environments));
    const yieldTo = (environment: string): Promise<void> =>
      stopTasks(environments.filter((name) => name !== environment));
    // Of the account and of Bitbucket, as far as they are folders here.
    const visible = [hub.path, join(home, 'tasks'), key.secret, key.public, registry.certificates];
    await mkdir(join(home, 'tasks'), { recursive: true });
    let builds = 0;

    return {
      hub,
      home,
      account,
      exchange,
      insights,
      registry,
      tasksOf,
      servingOf: (environment) => readServing(tasksOf(environment)),
      yieldTo,
      run: async (id, { pipeline = 'branches/main', given = {}, before, ...choices }) => {
        builds += 1;
        const facts = { ids, commit: await hub.head(), buildNumber: builds, pipelineUuid: uuid() };
        const deploymentVariables = (deployment: string): NodeJS.ProcessEnv => ({
          ...variablesOf(account, deployment),
          ...reach(account, exchange, registry),
          SIGNING_KEY: deployment === 'build' ? key.secret : key.public,
          ...(environments.includes(deployment) ? { LOCAL_ECS: `${tasks.url}/${deployment}` } : {}),
        });
        const ran = runPipeline({
          definition: readDefinition(await hub.read('bitbucket-pipelines.yml')),
          pipeline,
          repository: hub.path,
          home: join(home, 'runs', id),
          caches: kept,
          slowness,
          environmentOf: async (step, clone) => ({
            ...(confinement?.environment(bare) ?? bare),
            CODE_INSIGHTS_PROXY: insights.proxy,
            ...variables,
            ...(step.deployment === undefined ? {} : deploymentVariables(step.deployment)),
            ...given,
            ...(await stepVariables(step, confinement ? cloneInside : clone, facts, issuer)),
          }),
          withinOf: (step, layer) => confinement?.words(layer, visible, hasDocker(step)) ?? [],
          prepare: async (step, clone) => {
            const { deployment } = step;
            if (deployment === undefined) return;
            await overrideProviders(clone);
            await beginRegistryCredentials(clone);
            if (environments.includes(deployment)) await yieldTo(deployment);
            await before?.(step);
          },
          passed: async ({ deployment }, clone) => {
            if (deployment === 'build') await pullAsEcs(clone, registry);
          },
          say,
          signal: interrupted.signal,
          ...choices,
        });
        running = ran;
        return ran;
      },
      close: () => {
        process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
        return stack.stopAll();
      },
    };
  } catch (error) {
    await stack.stopAll();
    throw error;
  }
}

const hasDocker = ({ settings }: PlannedStep): boolean => listOf(settings['services']).includes('docker');

async function stepVariables(
  { deployment, wantsToken }: PlannedStep,
  clone: string,
  facts: { ids: Ids; commit: string; buildNumber: number; pipelineUuid: string },
  issuer: TokenIssuer,
): Promise<NodeJS.ProcessEnv> {
  const stepUuid = uuid();
  const { pipelineUuid } = facts;
  const token = wantsToken
    ? await issuer.issue({ stepUuid, pipelineUuid, branch: 'main', deployment })
    : undefined;
  return bitbucketVariables({ ...facts, stepUuid, clone, deployment, token });
}

/** Of the step alone, and none yet: podman insists on the file when it is told where it is. */
async function beginRegistryCredentials(clone: string): Promise<void> {
  await mkdir(join(clone, '.cache', 'docker'), { recursive: true });
  await writeFile(join(clone, '.cache', 'docker', 'config.json'), '{}');
}

/** What leads to the stand-ins. On Bitbucket none of it is set. */
const reach = (
  { url }: PipelineAccount,
  { url: sts }: TokenExchange,
  { environment }: ImageRegistry,
): NodeJS.ProcessEnv => ({
  ...environment,
  AWS_ENDPOINT_URL: url,
  AWS_ENDPOINT_URL_S3: url,
  AWS_ENDPOINT_URL_STS: sts,
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_REGION: region,
  TF_CLI_ARGS_init: pathStyle,
});

/** The emulator starts no task and so pulls nothing: the image comes from the registry by its digest, before it is run. */
async function pullAsEcs(clone: string, { address }: ImageRegistry): Promise<void> {
  const image = (await readFile(join(clone, 'release', 'image'), 'utf8')).trim();
  const [repository = '', digest = ''] = image.split('@');
  const podman = createEngine('podman');
  const source = `${address}/${repository.split('/').slice(1).join('/')}@${digest}`;
  await podman.run(['pull', '--quiet', '--tls-verify=false', source]);
  await podman.run(['tag', source, `${repository}:${digest.slice(7, 19)}`]);
}

async function makeSigningKey(cosign: string, home: string): Promise<{ secret: string; public: string }> {
  const prefix = join(home, 'signing');
  for (const end of ['key', 'pub']) await rm(`${prefix}.${end}`, { force: true });
  await run(cosign, ['generate-key-pair', '--output-key-prefix', prefix], {
    env: { ...process.env, COSIGN_PASSWORD: '' },
  });
  return { secret: `${prefix}.key`, public: `${prefix}.pub` };
}

const uuid = (): string => `{${randomUUID()}}`;
const makeIds = (): Ids => ({
  workspace: uuid(),
  repository: uuid(),
  environments: Object.fromEntries(deployments.map((name) => [name, uuid()])),
});

/** What stands for ECS, beside the steps and not in them: they ask it to run what they applied, at the path of an environment. */
async function startTaskRunner(
  emulator: string,
  tasksOf: (environment: string) => string,
): Promise<{ url: string; stop: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const home = tasksOf((request.url ?? '/').slice(1));
    const say = (line: string): void => void response.write(`${line}\n`);
    void json(request)
      .then((outputs) =>
        startTraffic({ home, emulator, outputs: outputs as Outputs, runner: 'containers', port: 0, say }),
      )
      .then(() => `steady ${home}`, reasonOf)
      .then((line) => response.end(`${line}\n`));
  });
  const { url } = await listenOnLoopback(server, 0);
  return { url, stop: () => closeServer(server) };
}
