import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

export const environments = ['dev', 'staging', 'prod'] as const;
export type Environment = (typeof environments)[number];

/** The boundary that bootstrap gives to every role of the service. */
const account = { permissions_boundary_arn: 'arn:aws:iam::123456789012:policy/pipeline/movies-api-workload' };

/**
 * What each environment is planned with besides its tfvars: the values that an account or a release would bring. They are
 * examples, and fixed, so that a plan changes only when the configuration does.
 */
export const planVariables: Readonly<Record<Environment, Readonly<Record<string, string>>>> = {
  dev: { ...account, allowed_cidrs: '["198.51.100.0/24"]', plain_http: 'tokens in clear' },
  staging: {
    ...account,
    domain_name: 'movies.staging.example.com',
    hosted_zone_id: 'Z0123456789EXAMPLE01',
    allowed_cidrs: '["198.51.100.0/24"]',
  },
  prod: { ...account, domain_name: 'movies.example.com', hosted_zone_id: 'Z0123456789EXAMPLE02' },
};

export const planRelease = {
  image: `123456789012.dkr.ecr.eu-west-1.amazonaws.com/movies-api@sha256:${'0'.repeat(64)}`,
  commit: '0'.repeat(40),
  cursor_key_stage: '0',
  tables: '{"restored":[]}',
};

/** Everything that a plan is made from. */
export const sources = [
  'terraform',
  'modules',
  'app/table.json',
  'app/collector/config.yaml',
  'app/collector/image.json',
  'docs/slo.yaml',
  'security/modules.lock.json',
];
/** Not part of a plan: the bootstrap root, tests, generated documentation, what Terraform leaves lying around. */
export const isInput = (path: string): boolean =>
  /\.(tf|tfvars|hcl|json|ya?ml|tpl)$/.test(path) &&
  !/(^|\/)(\.terraform|tests|bootstrap)\/|\.tflint\.hcl$|backend\.tf$|_override\.tf$|^modules\/.*\.terraform\.lock\.hcl$/.test(
    path,
  );

/** SHA-256, in hex, over names and contents of everything that the plans are made from. */
export async function digestInputs(project: string): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([planVariables, planRelease]));
  for (const path of await listInputs(project)) {
    const content = await readFile(join(project, path));
    hash.update(`\n${path} ${content.byteLength}\n`).update(content);
  }
  return hash.digest('hex');
}

async function listInputs(project: string): Promise<readonly string[]> {
  const paths = await Promise.all(
    sources.map(async (source) => {
      if (/\.\w+$/.test(source)) return [source];
      const entries = await readdir(join(project, source), { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(project.length + 1));
    }),
  );
  return paths.flat().filter(isInput).sort();
}
