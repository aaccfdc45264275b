import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Misuse } from '../../../app/src/commands/problem.ts';
import { readYaml } from '../../lib/yaml.ts';
import { severities, type Finding, type Severity } from './gate.ts';

/** security/policy.yaml: which findings block, and what third-party code is allowed. */
export interface Policy {
  /** The mildest severity that blocks, by gate; a gate that isn't named blocks on everything. */
  readonly blockFrom: Readonly<Record<string, Severity>>;
  readonly licences: { readonly shipped: readonly string[]; readonly tools: readonly string[] };
  readonly providers: readonly {
    readonly source: string;
    readonly version: string;
    readonly checksums: readonly string[];
  }[];
}

/** Rejects with `Misuse` when the file is not what it should be: a policy that can't be read allows nothing. */
export async function readPolicy(root: string): Promise<Policy> {
  const file = join(root, 'security', 'policy.yaml');
  const policy = readYaml(await readFile(file, 'utf8'), 'security/policy.yaml') as Partial<Policy> | null;
  const unknown = Object.entries(policy?.blockFrom ?? {}).filter(
    ([, severity]) => !severities.includes(severity),
  );
  if (policy?.licences === undefined || policy.providers === undefined || policy.blockFrom === undefined) {
    throw new Misuse(
      'security/policy.yaml lacks blockFrom, licences or providers.',
      'See its history for what it held.',
    );
  }
  if (unknown.length > 0) {
    throw new Misuse(
      `security/policy.yaml knows no severity ${unknown.map(([, severity]) => severity).join(', ')}.`,
      `Severities are ${severities.join(', ')}.`,
    );
  }
  return { blockFrom: policy.blockFrom, licences: policy.licences, providers: policy.providers };
}

/** Whether a finding of a gate blocks. What nobody rated always does. */
export function blocks(policy: Policy, gate: string, { severity }: Pick<Finding, 'severity'>): boolean {
  const mildest = policy.blockFrom[gate];
  if (mildest === undefined || severity === 'unrated') return true;
  return severities.indexOf(severity) <= severities.indexOf(mildest);
}
