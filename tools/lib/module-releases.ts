import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { isMissing, Misuse, Problem } from '../../app/src/commands/problem.ts';

export const publicRegistry = 'registry.terraform.io';

/** A module of a registry, without a version: `terraform-aws-modules/vpc/aws`. */
export interface ModuleAddress {
  readonly host: string;
  readonly namespace: string;
  readonly name: string;
  readonly provider: string;
}

/** One release of a module: what the lock and the mirror hold. */
export interface ModuleRelease {
  readonly address: ModuleAddress;
  readonly version: string;
}

/** A module source as Terraform records it, split at `//`: package address and directory inside the package. */
export interface RegistrySource {
  readonly address: ModuleAddress;
  /** '' for the package's root, else `modules/service`. */
  readonly directory: string;
}

const part = '[0-9A-Za-z](?:[0-9A-Za-z_-]{0,63})';
const host = String.raw`[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)+(?::\d+)?`;
const sourcePattern = new RegExp(`^(?:(${host})/)?(${part})/(${part})/(${part})(?://(.+))?$`);
const versionPattern = /^\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?$/;

/** Reads `[host/]namespace/name/provider[//directory]`; undefined when the source is of another kind (local, git, http). */
export function parseRegistrySource(source: string): RegistrySource | undefined {
  const [, hostName = publicRegistry, namespace, name, provider, directory = ''] =
    sourcePattern.exec(source) ?? [];
  if (namespace === undefined || name === undefined || provider === undefined) return undefined;
  return { address: { host: hostName, namespace, name, provider }, directory };
}

/** Reads `namespace/name/provider@version`; throws Misuse with the rule. */
export function parseRelease(text: string): ModuleRelease {
  const [source = '', version = '', ...rest] = text.split('@');
  const parsed = parseRegistrySource(source);
  if (parsed?.directory !== '' || !versionPattern.test(version) || rest.length > 0) {
    throw new Misuse(
      `"${text}" names no module release`,
      'write it as namespace/name/provider@version, like terraform-aws-modules/vpc/aws@5.21.0',
    );
  }
  return { address: parsed.address, version };
}

/** `registry.terraform.io/terraform-aws-modules/vpc/aws`: the key in lock and mirror. */
export function formatAddress({ host, namespace, name, provider }: ModuleAddress): string {
  return `${host}/${namespace}/${name}/${provider}`;
}

/** `terraform-aws-modules/vpc/aws@5.21.0`: how a person names it; the public registry is left out. */
export function formatRelease({ address, version }: ModuleRelease): string {
  return `${formatAddress(address).replace(`${publicRegistry}/`, '')}@${version}`;
}

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

/** Directories at or below `start` in which `terraform init` installed modules, sorted; hidden ones are not searched. */
export async function findInitialisedRoots(start: string): Promise<string[]> {
  const here = existsSync(join(start, '.terraform', 'modules', 'modules.json')) ? [start] : [];
  const entries = await readdir(start, { withFileTypes: true });
  const children = entries.filter(
    (entry) => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules',
  );
  const below = await Promise.all(children.map(({ name }) => findInitialisedRoots(join(start, name))));
  return [...here, ...below.flat()].sort();
}
