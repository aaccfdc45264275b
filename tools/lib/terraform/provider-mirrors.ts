import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { publicRegistry } from '../modules/module-address.ts';
import type { ProviderMirror } from '../modules/cli-configuration.ts';

/**
 * The directories of this machine that hold providers of the public registry for its platform: Terraform's implied
 * mirrors (https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories), the
 * plugin cache, and folders one or two levels below the usual places for software that came without a package manager.
 */
export async function findProviderMirrors(
  env: NodeJS.ProcessEnv,
  places = usualPlaces(env),
): Promise<ProviderMirror[]> {
  const below = (
    await Promise.all(places.search.map(({ root, levels }) => descendants(root, levels)))
  ).flat();
  const candidates = [...new Set([...places.mirrors, ...below].map((path) => resolve(path)))];
  const found = await Promise.all(
    candidates.map(async (directory) => ({ directory, providers: await providersIn(directory) })),
  );
  return found.filter(({ providers }) => providers.length > 0);
}

interface Places {
  /** Directories that are mirrors if they exist. */
  readonly mirrors: readonly string[];
  /** Directories below which, so many levels deep, mirrors may be. */
  readonly search: readonly { readonly root: string; readonly levels: number }[];
}

function usualPlaces(env: NodeJS.ProcessEnv): Places {
  const home = env['HOME'] ?? homedir();
  const dataDirectories = [
    env['XDG_DATA_HOME'] ?? join(home, '.local', 'share'),
    ...(env['XDG_DATA_DIRS'] ?? '/usr/local/share:/usr/share').split(':'),
  ].filter((path) => path !== '');
  const library = ['Library', 'Application Support', 'io.terraform', 'plugins'] as const;
  const cache = env['TF_PLUGIN_CACHE_DIR'];
  return {
    mirrors: [
      'terraform.d/plugins',
      join(home, '.terraform.d', 'plugins'),
      join(home, '.terraform.d', 'plugin-cache'),
      join(home, ...library),
      join('/', ...library),
      ...dataDirectories.map((path) => join(path, 'terraform', 'plugins')),
      ...(cache === undefined || cache === '' ? [] : [cache]),
    ],
    // Not the home directory: on macOS a look into its folders asks the user for permission.
    search: [
      { root: '/', levels: 1 },
      ...['/opt', '/srv', '/usr/local', '/var/lib', '/var/cache'].map((root) => ({ root, levels: 2 })),
    ],
  };
}

/** `registry.terraform.io/hashicorp/aws` for each provider that has a version for this platform, packed or unpacked. */
async function providersIn(mirror: string): Promise<string[]> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}_${process.arch === 'x64' ? 'amd64' : process.arch}`;
  const registry = join(mirror, publicRegistry);
  const found: string[] = [];
  for (const namespace of await names(registry))
    for (const type of await names(join(registry, namespace))) {
      const inside = await names(join(registry, namespace, type));
      const unpacked = await Promise.all(
        inside.map((version) => names(join(registry, namespace, type, version))),
      );
      const fits =
        inside.some((name) => name.endsWith(`_${platform}.zip`)) ||
        unpacked.some((platforms) => platforms.includes(platform));
      if (fits) found.push(`${publicRegistry}/${namespace}/${type}`);
    }
  return found;
}

async function descendants(root: string, levels: number): Promise<string[]> {
  if (levels === 0) return [];
  const children = (await directories(root)).map((name) => join(root, name));
  return [
    ...children,
    ...(await Promise.all(children.map((child) => descendants(child, levels - 1)))).flat(),
  ];
}

/** What can't be read holds nothing for us. */
const names = (path: string): Promise<string[]> => readdir(path).catch(() => []);

const directories = async (path: string): Promise<string[]> =>
  (await readdir(path, { withFileTypes: true }).catch(() => []))
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
