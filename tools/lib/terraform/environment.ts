import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheDirectory } from '../modules/cache-directory.ts';
import { renderCliConfiguration } from '../modules/cli-configuration.ts';
import { createMirror } from '../modules/mirror.ts';
import { publicRegistry } from '../modules/module-address.ts';
import { serveMirror } from '../modules/registry-server.ts';
import { findProviderMirrors } from './provider-mirrors.ts';

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
    own.setsRegistry || (await mirror.list()).length === 0 ? undefined : await serveMirror(mirror);
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
