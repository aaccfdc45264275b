import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { parseRegistrySource, type ModuleRelease } from './module-address.ts';
import { isMissing, Misuse, Problem } from '../../../app/src/commands/problem.ts';

/** A third-party package that `terraform init` installed for one module call (and for the calls inside it). */
export interface InstalledPackage {
  readonly release: ModuleRelease;
  /** The module call, like `vpc` or `service.container`. */
  readonly call: string;
  /** The package's root on disk. */
  readonly tree: string;
  /** The directory inside the package that the call uses: '' or `modules/service`. */
  readonly directory: string;
}

interface ManifestEntry {
  readonly Key: string;
  readonly Source: string;
  readonly Version?: string;
  readonly Dir: string;
}

/**
 * The registry modules of an initialised working directory, from Terraform's own record `modules/modules.json`.
 * Throws a Problem for a module of a source that can't be locked, and when the directory isn't initialised.
 */
export async function readInstalledPackages(
  root: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<InstalledPackage[]> {
  const dataDirectory = resolve(root, env['TF_DATA_DIR'] ?? '.terraform');
  const entries = await readManifest(root, dataDirectory);
  const store = join(dataDirectory, 'modules');
  const packages = entries.flatMap((entry) => packageOf(root, entry));
  for (const { Key, Source, Dir } of entries) {
    const isStored = isInside(store, resolve(root, Dir));
    const owner = packages.find(({ tree }) => isInside(tree, resolve(root, Dir)));
    if (isStored !== (owner !== undefined)) {
      throw new Problem(
        `module "${Key}" is ${Source} in ${Dir}: neither a registry module that Terraform installed nor a module of this repository`,
        'only registry modules can be locked: use one, or a module of this repository',
      );
    }
  }
  return packages;
}

async function readManifest(root: string, dataDirectory: string): Promise<ManifestEntry[]> {
  const path = join(dataDirectory, 'modules', 'modules.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (!isMissing(error)) throw error;
    // For a root that calls no module, init leaves providers or a backend behind, and no record of modules.
    if (existsSync(dataDirectory)) return [];
    throw new Misuse(
      `${root} is not initialised`,
      `run \`node tools/lib/terraform/main.ts -chdir=${root} init\` first`,
    );
  }
  const parsed: unknown = JSON.parse(text);
  const entries =
    typeof parsed === 'object' && parsed !== null && 'Modules' in parsed ? parsed.Modules : undefined;
  if (!Array.isArray(entries) || !entries.every(isEntry))
    throw new Problem(`${path} is not Terraform's record of modules`, 'run `terraform init` again');
  return entries;
}

function isEntry(value: unknown): value is ManifestEntry {
  const entry = value as Partial<Record<keyof ManifestEntry, unknown>> | null;
  return typeof entry?.Key === 'string' && typeof entry.Source === 'string' && typeof entry.Dir === 'string';
}

function packageOf(root: string, { Key, Source, Version, Dir }: ManifestEntry): InstalledPackage[] {
  const source = parseRegistrySource(Source);
  if (source === undefined || Version === undefined) return [];
  const absolute = resolve(root, Dir);
  const suffix = source.directory === '' ? '' : `${sep}${source.directory.split('/').join(sep)}`;
  if (!absolute.endsWith(suffix)) {
    throw new Problem(
      `module "${Key}" is recorded in ${Dir}, which is not the ${source.directory} of ${Source}`,
      'remove .terraform/modules and run `terraform init` again',
    );
  }
  const tree = absolute.slice(0, absolute.length - suffix.length);
  return [
    { release: { address: source.address, version: Version }, call: Key, tree, directory: source.directory },
  ];
}

function isInside(parent: string, path: string): boolean {
  return path === parent || path.startsWith(`${parent}${sep}`);
}
