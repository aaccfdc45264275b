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
