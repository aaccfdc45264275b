import { Misuse } from '../../../app/src/commands/problem.ts';

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
  return `${shortAddress(address)}@${version}`;
}

export function shortAddress(address: ModuleAddress): string {
  const full = formatAddress(address);
  return address.host === publicRegistry ? full.slice(publicRegistry.length + 1) : full;
}

/** Older versions first; a pre-release before its release. */
export function compareVersions(left: string, right: string): number {
  return left.localeCompare(right, 'en', { numeric: true });
}
