import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { withEnriched } from '../plans/enrich.ts';
import { NotChecked, checked, type Finding, type Gate, type Outcome } from './gate.ts';
import { listFiles, parseOutput, pythonTool, runTool, withCopy } from './tools.ts';

/** Our own rules lie beside the built-in ones: security/policies. */
const ownPolicies = resolve(import.meta.dirname, '../../../security/policies');

interface Check {
  readonly check_id: string;
  readonly check_name: string;
  readonly resource: string;
  readonly file_path: string;
  readonly file_line_range?: readonly [number, number];
  /** Where in the resource it looked: `statement/[1]/actions`. */
  readonly check_result?: { readonly evaluated_keys?: readonly string[] };
}

interface Report {
  readonly results?: {
    readonly failed_checks: readonly Check[];
    readonly parsing_errors?: readonly string[];
  };
  readonly summary?: { readonly parsing_errors: number; readonly resource_count: number };
}

/**
 * What Checkov's JSON says. It exits 0 on HCL that it can't parse and on a folder without any file, and then prints a bare
 * summary without results: both are "not checked".
 *
 * @param report an object, a list of them by framework, or a bare summary
 */
export function readCheckovReport(report: unknown, place: (path: string) => string): Outcome {
  const parts = (Array.isArray(report) ? report : [report]) as readonly Report[];
  const broken = parts.flatMap(({ results }) => results?.parsing_errors ?? []);
  if (broken.length > 0) throw new NotChecked(`Checkov can't parse ${broken.map(place).join(', ')}`);
  if (parts.some(({ summary }) => (summary?.parsing_errors ?? 0) > 0)) {
    throw new NotChecked('Checkov met files that it can not parse');
  }
  const resources = parts.reduce((sum, { summary }) => sum + (summary?.resource_count ?? 0), 0);
  if (resources === 0) throw new NotChecked('Checkov found nothing to look at');
  const findings = parts
    .flatMap(({ results }) => results?.failed_checks ?? [])
    .map((check) => toFinding(check, place));
  return checked(`${resources} resources`, findings);
}

function toFinding(check: Check, place: (path: string) => string): Finding {
  const line = check.file_line_range?.[0];
  const looked = (check.check_result?.evaluated_keys ?? []).map((key) =>
    key.replaceAll('/[', '[').replaceAll('/', '.'),
  );
  return {
    rule: check.check_id,
    severity: 'unrated',
    resource: check.resource,
    file: place(check.file_path),
    ...(line === undefined || line === 0 ? {} : { line }),
    message: `${check.check_name}${looked.length === 0 ? '' : ` (it looked at ${looked.join(' and ')}, counted from 0)`}`,
  };
}

async function scan(
  root: string,
  framework: string,
  what: readonly string[],
  place: (path: string) => string,
): Promise<Outcome> {
  const checkov = await pythonTool('checkov');
  const run = await runTool(
    checkov,
    [
      ...what,
      ...['--framework', framework, '--output', 'json', '--quiet', '--compact', '--skip-download'],
      ...['--external-checks-dir', ownPolicies, '--download-external-modules', 'false'],
    ],
    { cwd: root, env: { LOG_LEVEL: 'ERROR', PYTHONDONTWRITEBYTECODE: '1', HCL_PARSE_TIMEOUT_SEC: '300' } },
  );
  // A rule that can't be loaded is only logged.
  const broken = /^(?:\w*Error|ModuleNotFoundError): .*/m.exec(run.stderr);
  if (broken !== null) throw new NotChecked(`Checkov met an error: ${broken[0]}`);
  return readCheckovReport(parseOutput('Checkov', run), place);
}

export const checkovHcl: Gate = {
  id: 'checkov-hcl',
  title: 'unsafe settings in the Terraform code',
  run: async ({ root }) => {
    const files = (await listFiles(root)).filter((file) =>
      /^(terraform|modules)\/.*\.(tf|tfvars|json)$/.test(file),
    );
    if (!files.some((file) => file.endsWith('.tf'))) throw new NotChecked('there is no Terraform code');
    // Pointed at the project, Checkov walks through everything that is installed there, for minutes.
    return withCopy(root, files, (copy) =>
      scan(copy, 'terraform', ['--directory', copy], (path) => path.replace(/^\//, '')),
    );
  },
};

export const checkovPlan: Gate = {
  id: 'checkov-plan',
  title: 'unsafe settings in what each environment would get',
  needs: ['plans'],
  run: async ({ root, plans }) => {
    if ('missing' in plans) throw new NotChecked(plans.missing);
    return withEnriched(plans, (files) =>
      scan(
        root,
        'terraform_plan',
        files.flatMap((file) => ['--file', file]),
        (path) => `plan:${basename(path, '.json')}`,
      ),
    );
  },
};

export const checkovDockerfile: Gate = {
  id: 'checkov-dockerfile',
  title: 'unsafe instructions in the Dockerfile',
  run: async ({ root }) => {
    if (!existsSync(join(root, 'Dockerfile'))) throw new NotChecked('there is no Dockerfile');
    return scan(root, 'dockerfile', ['--file', 'Dockerfile'], () => 'Dockerfile');
  },
};
