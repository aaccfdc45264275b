import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createMirror, serveMirror } from '../module-mirror.ts';
import { publicRegistry } from '../module-releases.ts';

export interface TerraformEnvironment {
  /** The whole environment for `terraform`, `TF_CLI_CONFIG_FILE` included. */
  readonly env: NodeJS.ProcessEnv;
  /** Ends the module mirror and removes the configuration file: call it when Terraform has ended. */
  readonly stop: () => Promise<void>;
}

export interface TerraformEnvironmentOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** The module mirror's directory; the user cache by default. */
  readonly modulesDirectory?: string;
  /** Whether the public registry answers; asked over the network by default. */
  readonly registryAnswers?: () => Promise<boolean>;
}

/**
 * Terraform and the AWS provider hold hundreds of megabytes of schemas that never become garbage. To collect at five times
 * the live heap instead of twice takes a fifth of the processor time away, and 150 MB more memory.
 */
const fewerCollections = '400';

/**
 * What every `terraform` of this project runs with. Where the public registry answers, that is the caller's own
 * configuration and a plugin cache. Where it doesn't, it is the caller's configuration plus this machine's provider
 * mirrors and the module mirror, for whichever of the two the caller's configuration says nothing about.
 */
export async function terraformEnvironment(
  options: TerraformEnvironmentOptions = {},
): Promise<TerraformEnvironment> {
  const given = options.env ?? process.env;
  const own = await readConfiguration(given);
  const env: NodeJS.ProcessEnv = { GOGC: fewerCollections, ...given, CHECKPOINT_DISABLE: '1' };
  if (!own.exists) delete env['TF_CLI_CONFIG_FILE'];
  if (await (options.registryAnswers ?? registryAnswers)()) {
    env['TF_PLUGIN_CACHE_DIR'] ??= cacheDirectory('providers', given);
    await mkdir(env['TF_PLUGIN_CACHE_DIR'], { recursive: true });
    return { env, stop: () => Promise.resolve() };
  }
  const providerMirrors = own.setsProviders ? [] : await findProviderMirrors(given);
  // A plugin cache in front of a mirror on the same disk is a second copy, or the mirror itself.
  if (providerMirrors.length > 0) delete env['TF_PLUGIN_CACHE_DIR'];
  const mirror = createMirror(options.modulesDirectory ?? cacheDirectory('modules', given));
  const server =
    own.setsRegistry || (await names(mirror.directory)).length === 0 ? undefined : await serveMirror(mirror);
  const directory = await mkdtemp(join(tmpdir(), 'terraform-environment-'));
  env['TF_CLI_CONFIG_FILE'] = join(directory, 'mirrors.tfrc');
  const added = renderCliConfiguration({ moduleMirrorUrl: server?.url, providerMirrors });
  await writeFile(env['TF_CLI_CONFIG_FILE'], `${own.text}\n${added}`, { mode: 0o600 });
  return {
    env,
    stop: async () => {
      await server?.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

interface Configuration {
  readonly exists: boolean;
  readonly text: string;
  readonly setsProviders: boolean;
  readonly setsRegistry: boolean;
}

/** The caller's CLI configuration: the file that `TF_CLI_CONFIG_FILE` names, else `~/.terraformrc`, if it is there. */
async function readConfiguration(env: NodeJS.ProcessEnv): Promise<Configuration> {
  const path = env['TF_CLI_CONFIG_FILE'] ?? join(env['HOME'] ?? homedir(), '.terraformrc');
  const exists = existsSync(path);
  const text = exists ? await readFile(path, 'utf8') : '';
  // Terraform reads this file with the older HCL grammar, and reports what is wrong with it better than we could.
  return {
    exists,
    text,
    setsProviders: /^\s*provider_installation\b/m.test(text),
    setsRegistry: /^\s*host\s+"registry\.terraform\.io"/m.test(text),
  };
}

/** Asks the registry's service discovery, for three seconds at most. */
async function registryAnswers(): Promise<boolean> {
  try {
    const response = await fetch(`https://${publicRegistry}/.well-known/terraform.json`, {
      signal: AbortSignal.timeout(3_000),
    });
    return response.ok;
  } catch {
    return false;
  }
}

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

export interface CliConfiguration {
  /** Where the module mirror answers, without a path. */
  readonly moduleMirrorUrl?: string | undefined;
  /** Directories that hold providers, and which of them (`registry.terraform.io/hashicorp/aws`). */
  readonly providerMirrors?: readonly ProviderMirror[];
}

export interface ProviderMirror {
  readonly directory: string;
  readonly providers: readonly string[];
}

/**
 * The Terraform CLI configuration (https://developer.hashicorp.com/terraform/cli/config/config-file) that points
 * Terraform at mirrors. A provider of a mirror is never looked for in its registry, as with Terraform's implied mirrors.
 */
export function renderCliConfiguration({ moduleMirrorUrl, providerMirrors = [] }: CliConfiguration): string {
  return [
    ...(moduleMirrorUrl === undefined ? [] : [hostBlock(moduleMirrorUrl)]),
    ...(providerMirrors.length === 0 ? [] : [providerInstallation(providerMirrors)]),
  ].join('\n');
}

function hostBlock(url: string): string {
  return `host ${quote(publicRegistry)} {
  services = {
    "modules.v1"   = ${quote(`${url}/v1/modules/`)}
    "providers.v1" = "https://${publicRegistry}/v1/providers/"
  }
}
`;
}

function providerInstallation(mirrors: readonly ProviderMirror[]): string {
  const blocks = mirrors.map(
    ({ directory, providers }) => `  filesystem_mirror {
    path    = ${quote(directory)}
    include = ${list(providers)}
  }
`,
  );
  const mirrored = [...new Set(mirrors.flatMap(({ providers }) => providers))];
  return `provider_installation {
${blocks.join('')}  direct {
    exclude = ${list(mirrored)}
  }
}
`;
}

const list = (values: readonly string[]): string => `[${values.map(quote).join(', ')}]`;

const quote = (value: string): string => JSON.stringify(value);

/** Where this project keeps what a machine may lose: `$XDG_CACHE_HOME`, `~/Library/Caches` or `~/.cache`. */
export function cacheDirectory(
  name: string,
  env: NodeJS.ProcessEnv,
  platform: string = process.platform,
): string {
  const home = env['HOME'] ?? homedir();
  const base =
    env['XDG_CACHE_HOME'] ?? (platform === 'darwin' ? join(home, 'Library', 'Caches') : join(home, '.cache'));
  return join(base, 'movies-api', name);
}
