import { stringify } from 'yaml';
import { patternSource, type Exception } from '../exceptions.ts';
import type { GateVerdict } from '../verdict.ts';
import type { Files } from './compiled.ts';

const gates = ['trivy-configuration', 'trivy-image', 'trivy-vulnerabilities', 'trivy-image-vulnerabilities'];

/**
 * Trivy's ignore policies (`--ignore-policy`, Rego) know the resource or the package of a finding, and stop silencing after
 * the last day. They don't know the file: each environment's plan gets one of its own.
 */
export function trivyPolicies(exceptions: readonly Exception[]): Files {
  const of = (gate: string): readonly Exception[] =>
    exceptions.filter((exception) => exception.gate.includes(gate));
  const environments = [...new Set(of('trivy-plan').flatMap(({ where }) => where))]
    .filter((where) => where.startsWith('plan:'))
    .map((where) => where.slice('plan:'.length));
  return Object.fromEntries([
    ...gates.map((gate) => [`${gate}.rego`, policyOf(of(gate).filter(isFor('*')))]),
    ['trivy-plan.rego', policyOf(of('trivy-plan').filter(isFor('*')))],
    ...environments.map((name) => [
      `trivy-plan-${name}.rego`,
      policyOf(of('trivy-plan').filter(isFor(`plan:${name}`))),
    ]),
  ]) as Files;
}

/** Secrets are silenced by file (`--ignorefile`): a policy sees them without it. Made of what a run excepted. */
export function trivySecretsFile(verdicts: readonly GateVerdict[]): Files {
  const excepted = verdicts
    .filter(({ id }) => id === 'trivy-secrets')
    .flatMap(({ findings }) => findings)
    .flatMap(({ rule, file, exception }) =>
      exception === undefined
        ? []
        : [{ id: rule, paths: [file], expired_at: exception.expires, statement: exception.reason }],
    );
  return { 'trivy-secrets.trivyignore.yaml': stringify({ secrets: excepted }) };
}

const isFor =
  (place: string) =>
  ({ where }: Exception): boolean =>
    where.includes('*') || where.includes(place);

const head = `package trivy

default ignore = false

rule = id { id := input.VulnerabilityID }
rule = id { input.CauseMetadata; id := input.ID }
resource = name { name := input.PkgName }
# In a plan Trivy adds a hash to what is inside a module.
resource = name { name := regex.replace(input.CauseMetadata.Resource, "_[0-9a-f]{32}$", "") }`;

const policyOf = (exceptions: readonly Exception[]): string =>
  [head, ...exceptions.map(silenced), ''].join('\n\n');

const silenced = ({ rule, resource, reason, owner, expires }: Exception): string =>
  [
    `# ${reason} (${owner})`,
    'ignore {',
    `  rule == ${JSON.stringify(rule)}[_]`,
    `  regex.match(${JSON.stringify(resource.map(patternSource).join('|'))}, resource)`,
    `  time.now_ns() <= time.parse_rfc3339_ns("${expires}T23:59:59Z")`,
    '}',
  ].join('\n');
