import { Problem } from '../../app/src/commands/problem.ts';
import { join } from 'node:path';
import { runHere } from '../lib/processes.ts';
import { checkRelease } from '../lib/terraform/service-root.ts';
import type { Account } from './account.ts';
import type { Surroundings } from './check.ts';
import { checkLifetime } from './identity.ts';
import { openRegistry } from './push.ts';
import { checkReach } from './reach.ts';
import { readSettings } from './settings.ts';

/** An environment, as far as releasing to it goes. */
export interface Environment {
  readonly name: string;
  /** Image by digest that runs there; undefined before the first deployment. */
  readonly running: () => Promise<string | undefined>;
  /** Resolves with whether it was applied. A plan is the one that was approved; without it a new one is made. */
  readonly deploy: (image: string, plan?: string) => Promise<boolean>;
  /** Whether each probe gets the answer that is meant. */
  readonly isHealthy: () => Promise<boolean>;
  /** Whether it keeps its objectives under a short, bounded load. */
  readonly bearsLoad: () => Promise<boolean>;
}

export interface Wanted {
  readonly image: string;
  readonly plan?: string;
  /** Whether it has to bear load as well. */
  readonly underLoad?: boolean;
}

/**
 * Deploys an image and probes it, under load where that is wanted; when that fails, the image that ran before comes back.
 * It comes back only if it passed the same probes just before. Rejects with a `Problem` in every case but a good release.
 */
export async function release(
  environment: Environment,
  { image, plan, underLoad = false }: Wanted,
  say: (line: string) => void,
): Promise<void> {
  const { name } = environment;
  const previous = await environment.running();
  const good = previous !== undefined && (await environment.isHealthy()) ? previous : undefined;
  say(`${name} runs ${describe(previous, good)}`);
  const applied = await environment.deploy(image, plan);
  const healthy = (applied || previous !== undefined) && (await environment.isHealthy());
  const now = await environment.running();
  if (now !== image && (applied || now !== previous))
    throw new Problem(
      `${name}: ${now ?? 'nothing'} runs now, and neither ${image} nor what ran before: another release came in between. It is left alone.`,
      'Find out who released it; when both are through, run the one that shall stay once more. In Bitbucket the concurrency group keeps them apart.',
    );
  const bearsLoad = !(applied && healthy && underLoad) || (await environment.bearsLoad());
  if (applied && healthy && bearsLoad) {
    say(`${name} runs ${image}; all probes pass${underLoad ? ', and so does the load test' : ''}.`);
    return;
  }
  if (!applied && healthy)
    throw new Problem(
      `${name}: the release was not applied. What ran before still passes its probes.`,
      'The reason is printed above.',
    );
  const missed = healthy ? 'its load test' : 'its probes';
  if (good === undefined)
    throw new Problem(
      `${name}: ${image} fails ${missed}, and there is no good image to return to.`,
      'Repair it, or name an image that was good: make rollback ENV=… IMAGE=…@sha256:…',
    );
  say(`${name}: ${image} fails ${missed}; returning to ${good}`);
  const returned = (await environment.deploy(good)) && (await environment.isHealthy());
  throw returned
    ? new Problem(
        `${name}: ${image} failed ${missed} and was ROLLED BACK. ${good} runs and passes its probes.`,
        'What failed is told above, before the return; nothing else has to be done to serve.',
      )
    : new Problem(
        `${name}: ${image} failed ${missed}, and returning to ${good} FAILED TOO.`,
        'Somebody must look now: docs/deploy.md, "When the pipeline is down".',
      );
}

const describe = (previous: string | undefined, good: string | undefined): string =>
  previous === undefined
    ? 'nothing yet: there is nothing to return to.'
    : good === undefined
      ? `${previous}, which fails its probes: it is nothing to return to.`
      : `${good}, which passes its probes: it comes back when the release fails.`;

interface ReleaseOptions {
  readonly env: string;
  readonly image: string;
  readonly plan: string;
  readonly loadTest?: string;
}

/** Runs a program of this room in this terminal, and resolves with whether it succeeded. */
export const succeeds = async (program: string, ...args: readonly string[]): Promise<boolean> =>
  (await runHere([join('tools/release', program), ...args])) === 0;

/** The digest's hex digits, as far as a commit's go. */
const digestOf = (image: string): string => (image.split('@sha256:')[1] ?? '').slice(0, 40);

/**
 * Releases to an environment of the account, by the commands that a person uses.
 *
 * @param tag ends the tag of the image that is named; one that comes back is tagged by its digest
 */
export async function releaseTo(
  { project, env, say, account }: Surroundings & { readonly account: Account },
  { env: name, image, plan, loadTest }: ReleaseOptions,
  tag = digestOf(image),
): Promise<void> {
  const root = join(project, 'terraform');
  checkRelease(root, { environment: name, image });
  checkReach(await readSettings(root, name, env), name, env);
  checkLifetime(env, new Date());
  const markDeployed = async (reference: string): Promise<void> => {
    const registry = await openRegistry({ project, env }, reference.split('@')[0] ?? '');
    await registry.addTag(reference, `deployed-${name}-${reference === image ? tag : digestOf(reference)}`);
  };
  const environment: Environment = {
    name,
    running: async () => {
      const { image: running } = await account.outputs(name);
      return typeof running === 'string' ? running : undefined;
    },
    deploy: async (reference, file = '') => {
      await markDeployed(reference);
      return succeeds('main.ts', 'deploy', '--env', name, '--image', reference, '--plan', file);
    },
    isHealthy: () => succeeds('verify.ts', 'probes', '--env', name),
    bearsLoad: () => succeeds('verify.ts', 'load', '--env', name),
  };
  const wanted = { image, ...(plan === '' ? {} : { plan }), underLoad: loadTest === 'yes' };
  await release(environment, wanted, say);
}
