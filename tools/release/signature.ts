import { Misuse } from '../../app/src/commands/problem.ts';
import type { Cosign } from './cosign.ts';

/**
 * Rejects unless the image and its bill of materials were signed with the key that SIGNING_KEY names: a file, or the output `signing_key` of bootstrap
 * (`awskms:///…`). SIGNING_KEY=none deploys unsigned, on purpose, anywhere but to prod.
 */
export async function checkSignature(
  { environment, image }: { readonly environment: string; readonly image: string },
  {
    env,
    cosign,
    say,
  }: { readonly env: NodeJS.ProcessEnv; readonly cosign: Cosign; readonly say: (line: string) => void },
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
  say(`The signatures of ${image} and of its bill of materials verify with ${key}.`);
}
