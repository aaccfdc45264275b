import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What the two roots consist of, and read from. */
const sources = ['terraform', 'modules', 'app/table.json', 'app/collector', 'docs/slo.yaml'];

/** What Terraform keeps beside the files of a root, worth having again. */
const kept = ['.terraform', 'terraform.tfstate', 'terraform.tfstate.backup'];

/**
 * The only change that the emulator needs: one address for all buckets, for there is no DNS name per bucket. An override
 * file merges with the block of the same name (https://developer.hashicorp.com/terraform/language/files/override).
 */
const override = 'provider "aws" {\n  s3_use_path_style = true\n}\n';

export interface Scratch {
  readonly bootstrap: string;
  readonly service: string;
}

/**
 * A copy of the Terraform files under `.cache`, current at each call, to be applied against the emulator: nothing is
 * generated in the tree.
 */
export async function prepareScratch(project: string, folder: string): Promise<Scratch> {
  const service = join(folder, 'terraform');
  const bootstrap = join(service, 'bootstrap');
  await clear(folder);
  for (const source of sources) {
    await mkdir(dirname(join(folder, source)), { recursive: true });
    await cp(join(project, source), join(folder, source), { recursive: true, filter: isSource });
  }
  for (const root of [service, bootstrap]) await writeFile(join(root, 'emulator_override.tf'), override);
  return { bootstrap, service };
}

const isSource = (path: string): boolean => !/\/(\.terraform(\/|$)|[^/]*\.tfstate|backend\.tf$)/.test(path);

/** Removes every file of an earlier copy, so that a deleted source is gone here too. */
async function clear(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (kept.includes(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await clear(path);
    else await rm(path);
  }
}

/** Variables through which a person's own account could slip into a local deployment. */
const foreign = /^(AWS_|TF_VAR_|TF_WORKSPACE$|TF_CLI_ARGS|STATE_)/;
const keptVariables = ['AWS_CA_BUNDLE'];

/**
 * An environment in which every AWS client talks to the emulator and to nothing else: no profile, no real credentials,
 * no metadata service, no variables meant for a real account.
 */
export function emulatedAws(env: NodeJS.ProcessEnv, url: string, region: string): NodeJS.ProcessEnv {
  const neutral = Object.entries(env).filter(([name]) => !foreign.test(name) || keptVariables.includes(name));
  return {
    ...Object.fromEntries(neutral),
    AWS_ENDPOINT_URL: url,
    AWS_ENDPOINT_URL_S3: url,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: region,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

/** Of AWS clients: of an emulated account, which takes any credentials, or of the caller's. */
export const clientSettings = (endpoint: string | undefined, region: string, caller = 'test') =>
  endpoint === undefined
    ? { region }
    : { region, endpoint, credentials: { accessKeyId: caller, secretAccessKey: 'test' } };
