import { join } from 'node:path';
import { Misuse } from '../../app/src/commands/problem.ts';
import { createRegistry, signIn } from '../lib/registry.ts';
import { architectureOf, checkArchitecture, platformOf, type Architecture } from './architecture.ts';
import { createCosign, type Cosign } from './cosign.ts';
import { checkProvenance, describeProvenance } from './provenance.ts';

export interface Surroundings {
  readonly project: string;
  readonly env: NodeJS.ProcessEnv;
  readonly say: (line: string) => void;
}

interface Deployed {
  readonly environment: string;
  readonly image: string;
}

/** Between plan and apply: the image is what was signed, and its tasks can start it. Rejects with what is wrong. */
export async function checkImage(deployed: Deployed, { project, env, say }: Surroundings): Promise<void> {
  await checkSignature(deployed, { project, env, cosign: createCosign(env), say });
  const wanted = await architectureOf(join(project, 'terraform'), deployed.environment, env);
  await checkPlatform(deployed.image, wanted, { project, env });
}

export async function checkPlatform(
  image: string,
  wanted: Architecture,
  surroundings: Pick<Surroundings, 'project' | 'env'>,
): Promise<void> {
  checkArchitecture(image, await builtFor(image, wanted, surroundings), wanted);
}

/** Asks the image's own registry what it was built for. */
export async function builtFor(
  image: string,
  wanted: Architecture,
  { project, env }: Pick<Surroundings, 'project' | 'env'>,
): Promise<string> {
  const [repository = ''] = image.split('@');
  const crane = join(project, '.cache', 'bin', 'crane');
  await signIn(crane, repository, env);
  return createRegistry({ crane, repository, env }).architecture(image, platformOf(wanted));
}

/**
 * Rejects unless the image, its bill of materials and its provenance were signed with the key that SIGNING_KEY names (a file, or
 * the output `signing_key` of bootstrap: `awskms:///…`), and what it was built from is what git holds. SIGNING_KEY=none deploys unsigned, on purpose, anywhere but to prod.
 */
export async function checkSignature(
  { environment, image }: Deployed,
  { project, env, cosign, say }: Surroundings & { readonly cosign: Omit<Cosign, 'signFile' | 'verifyFile'> },
): Promise<void> {
  const key = env['SIGNING_KEY'] ?? '';
  if (key === '' || (key === 'none' && environment === 'prod')) {
    throw new Misuse(
      key === ''
        ? 'SIGNING_KEY is not set: whose signature would be good?'
        : 'prod takes signed images only.',
      'SIGNING_KEY=$(terraform -chdir=terraform/bootstrap output -raw signing_key); outside of prod SIGNING_KEY=none deploys unsigned.',
    );
  }
  if (key === 'none') {
    say(`note: SIGNING_KEY=none: nobody vouches for ${image}.`);
    return;
  }
  await cosign.verify(image, key);
  await cosign.verifySbom(image, key);
  const provenance = await checkProvenance(image, await cosign.provenances(image, key), { project, env });
  say(`The signatures of ${image}, its bill of materials and its provenance verify with ${key}.`);
  say(describeProvenance(provenance));
}
