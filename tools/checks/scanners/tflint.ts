import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checked, NotChecked, type Finding, type Gate } from '../finding.ts';
import { goTool, parseOutput, runTool, type Run } from '../run-tool.ts';

interface Report {
  readonly issues: readonly {
    readonly rule: { readonly name: string; readonly severity: 'error' | 'warning' | 'info' };
    readonly message: string;
    readonly range: { readonly filename: string; readonly start: { readonly line: number } };
  }[];
  readonly errors: readonly { readonly message: string; readonly summary?: string }[];
}

/** Exit 2 means issues, 1 means that it could not look; the JSON then lists `errors`. */
export function readTflint(run: Run, directory: string): readonly Finding[] {
  const report = parseOutput('tflint', run) as Report;
  const [error] = report.errors;
  if (error !== undefined || run.code === 1) {
    throw new NotChecked(
      `tflint can't read ${directory}: ${error?.summary ?? error?.message ?? run.stderr.trim()}`,
    );
  }
  return report.issues.map(({ rule, message, range }) => ({
    rule: rule.name,
    severity: rule.severity === 'error' ? 'high' : rule.severity === 'warning' ? 'medium' : 'low',
    resource: directory,
    file: join(directory, range.filename),
    line: range.start.line,
    message,
  }));
}

export const tflint: Gate = {
  id: 'tflint',
  title: 'mistakes in the Terraform code',
  run: async ({ root }) => {
    const tool = goTool('tflint');
    const directories = await terraformDirectories(root);
    // A directory without Terraform code is clean to tflint.
    if (directories.length === 0) throw new NotChecked('there is no Terraform code');
    const config = join(root, 'security', 'tflint.hcl');
    if (!existsSync(config))
      throw new NotChecked('security/tflint.hcl is missing: tflint would apply few rules');
    const findings: Finding[] = [];
    for (const directory of directories) {
      const args = ['--format', 'json', `--config=${config}`, `--chdir=${directory}`];
      findings.push(...readTflint(await runTool(tool, args, { cwd: root }), directory));
    }
    return checked(`${directories.length} directories`, findings);
  },
};

/** Each directory with a terraform.tf is a root or a module. */
export async function terraformDirectories(root: string): Promise<readonly string[]> {
  const files = await Promise.all(
    ['terraform', 'modules'].map(async (folder) =>
      (await readdir(join(root, folder), { recursive: true }).catch((): string[] => [])).map((file) =>
        join(folder, file),
      ),
    ),
  );
  return files
    .flat()
    .filter((file) => file.endsWith('/terraform.tf') && !file.includes('.terraform/'))
    .map((file) => dirname(file))
    .sort();
}
