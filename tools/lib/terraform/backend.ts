import { Problem } from '../../../app/src/commands/problem.ts';

/** Settings of the S3 backend that differ by account: `bucket`, `region` and `kms_key_id`. */
export type Backend = Readonly<Record<string, string>>;

/**
 * Where the state of the service lies: what STATE_BUCKET, STATE_REGION and STATE_KMS_KEY_ARN name (a pipeline), else
 * the outputs of `terraform/bootstrap` (a machine that ran `make bootstrap`).
 */
export async function findBackend(
  env: NodeJS.ProcessEnv,
  bootstrapOutputs: () => Promise<Readonly<Record<string, unknown>>>,
): Promise<Backend> {
  const { STATE_BUCKET: bucket, STATE_REGION: region, STATE_KMS_KEY_ARN: key } = env;
  if (bucket !== undefined && region !== undefined && key !== undefined) {
    return { bucket, region, kms_key_id: key };
  }
  return backendOf(await bootstrapOutputs());
}

/** The output `backend_config` of `terraform/bootstrap`. */
export function backendOf({ backend_config: config }: Readonly<Record<string, unknown>>): Backend {
  const settings = Object.entries(config ?? {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  if (settings.length === 0) {
    throw new Problem(
      'Where the state of this account lies is not known: terraform/bootstrap has no outputs here.',
      'Run `make bootstrap` once per account; elsewhere set STATE_BUCKET, STATE_REGION and STATE_KMS_KEY_ARN to what it printed.',
    );
  }
  return Object.fromEntries(settings);
}
