import { publicRegistry } from './module-address.ts';

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
