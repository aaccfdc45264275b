import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { withEnriched } from '../plans/enrich.ts';
import { NotChecked, checked, type Finding, type Gate, type Severity, type Target } from './gate.ts';
import { goTool, parseOutput, runTool, type Run } from './tools.ts';

const cache = resolve(import.meta.dirname, '../../../.cache/trivy');
/** Trivy's own updates are off: the version that was built is the version that looks. */
const offline = ['--skip-version-check', '--disable-telemetry', '--cache-dir', cache, '--format', 'json'];

interface Cause {
  readonly Resource?: string;
  readonly StartLine?: number;
}
interface Result {
  readonly Target: string;
  readonly MisconfSummary?: { readonly Successes: number; readonly Failures: number };
  readonly Misconfigurations?: readonly {
    readonly ID: string;
    readonly Title: string;
    readonly Severity: string;
    readonly CauseMetadata?: Cause;
  }[];
  readonly Secrets?: readonly {
    readonly RuleID: string;
    readonly Title: string;
    readonly Severity: string;
    readonly StartLine: number;
  }[];
  readonly Vulnerabilities?: readonly {
    readonly VulnerabilityID: string;
    readonly PkgName: string;
    readonly InstalledVersion: string;
    readonly Severity: string;
    readonly Title?: string;
  }[];
}

const severityOf = (trivy: string): Severity => {
  const name = trivy.toLowerCase();
  return name === 'critical' || name === 'high' || name === 'medium' || name === 'low' ? name : 'unrated';
};

/** The results, or `NotChecked`: Trivy exits with 0 on HCL that it can't parse, and says so on stderr only. */
export function readResults(run: Run): readonly Result[] {
  const unparsed = /Error parsing file.*?file_path="([^"]+)".*?err="([^"]+)/.exec(run.stderr);
  if (unparsed !== null) throw new NotChecked(`Trivy can't parse ${unparsed[1] ?? ''}: ${unparsed[2] ?? ''}`);
  const fatal = /FATAL\s+(.*)/.exec(run.stderr);
  if (run.code !== 0)
    throw new NotChecked(`Trivy failed (exit ${run.code}): ${fatal?.[1]?.slice(0, 250) ?? ''}`);
  return (parseOutput('Trivy', run) as { readonly Results?: readonly Result[] }).Results ?? [];
}

const trivy = (root: string, ...args: readonly string[]): Promise<Run> =>
  runTool(goTool('trivy'), [...args.slice(0, 1), ...offline, ...args.slice(1)], { cwd: root });

/** @param place where a target of Trivy's lies in the repository */
export function readMisconfigurations(run: Run, place: (target: string) => string): readonly Finding[] {
  const results = readResults(run);
  if (!results.some(({ MisconfSummary }) => (MisconfSummary?.Successes ?? 0) > 0)) {
    throw new NotChecked('Trivy applied no check: it found nothing that it knows');
  }
  return results.flatMap(({ Target, Misconfigurations = [] }) =>
    Misconfigurations.map(({ ID, Title, Severity, CauseMetadata }) => ({
      rule: ID,
      severity: severityOf(Severity),
      // In a plan Trivy adds a hash to what is inside a module.
      resource: (CauseMetadata?.Resource ?? '').replace(/_[0-9a-f]{32}$/, '') || place(Target),
      file: place(Target),
      ...(CauseMetadata?.StartLine === undefined || CauseMetadata.StartLine === 0
        ? {}
        : { line: CauseMetadata.StartLine }),
      message: Title,
    })),
  );
}

export const trivyConfiguration: Gate = {
  id: 'trivy-configuration',
  title: 'unsafe settings in Terraform code and Dockerfile',
  run: async ({ root }) => {
    const parts = ['terraform', 'modules', 'Dockerfile'].filter((part) => existsSync(join(root, part)));
    if (parts.length === 0) throw new NotChecked('there is no Terraform code and no Dockerfile');
    const findings: Finding[] = [];
    for (const part of parts) {
      const run = await trivy(root, 'config', '--skip-check-update', '--skip-dirs', '**/.terraform', part);
      findings.push(
        ...readMisconfigurations(run, (target) => (part === 'Dockerfile' ? part : join(part, target))),
      );
    }
    return checked(parts.join(', '), findings);
  },
};

export const trivyPlan: Gate = {
  id: 'trivy-plan',
  title: 'unsafe settings in what each environment would get',
  needs: ['plans'],
  run: async ({ root, plans }) => {
    if ('missing' in plans) throw new NotChecked(plans.missing);
    return withEnriched(plans, async (files) => {
      const findings: Finding[] = [];
      for (const path of files) {
        const run = await trivy(root, 'config', '--skip-check-update', path);
        // The line is one of the HCL that Trivy makes of the plan, which nobody sees.
        for (const finding of readMisconfigurations(run, () => `plan:${basename(path, '.json')}`)) {
          const { rule, severity, resource, file, message } = finding;
          findings.push({ rule, severity, resource, file, message });
        }
      }
      return checked(`${files.length} plans`, findings);
    });
  },
};

const readSecrets = (run: Run, place: (target: string) => string): readonly Finding[] =>
  readResults(run).flatMap(({ Target, Secrets = [] }) =>
    Secrets.map(({ RuleID, Title, Severity, StartLine }) => ({
      rule: RuleID,
      severity: severityOf(Severity),
      resource: place(Target),
      file: place(Target),
      line: StartLine,
      message: Title,
    })),
  );

export const readVulnerabilities = (run: Run): readonly Finding[] =>
  readResults(run).flatMap(({ Target, Vulnerabilities = [] }) =>
    Vulnerabilities.map(({ VulnerabilityID, PkgName, InstalledVersion, Severity, Title }) => ({
      rule: VulnerabilityID,
      severity: severityOf(Severity),
      resource: PkgName,
      file: Target,
      message: `${PkgName} ${InstalledVersion}: ${Title ?? VulnerabilityID}`,
    })),
  );

/** The same of an image. Where Trivy doesn't know the operating system it looks up none of its packages, and says nothing. */
export function readImageVulnerabilities(run: Run): readonly Finding[] {
  const findings = readVulnerabilities(run);
  const { Metadata: metadata } = parseOutput('Trivy', run) as {
    readonly Metadata?: { readonly OS?: { readonly Family?: string } };
  };
  const family = metadata?.OS?.Family ?? 'none';
  if (family !== 'none') return findings;
  throw new NotChecked(
    "Trivy knows no operating system in the image, and looked up none of the system's packages",
  );
}

export const trivySecrets: Gate = {
  id: 'trivy-secrets',
  title: 'secrets in the files (a second opinion)',
  run: async ({ root }) => {
    const skipped = ['node_modules', '.cache', '.git', 'dist', 'reports', '.data', '**/.terraform'];
    const run = await trivy(
      root,
      'fs',
      '--scanners',
      'secret',
      ...skipped.flatMap((path) => ['--skip-dirs', path]),
      '.',
    );
    return checked(
      'files of the project',
      readSecrets(run, (target) => target),
    );
  },
};

/** Rejects with `NotChecked` where there is no image to look at. */
function placeOf(image: Target['image']): readonly string[] {
  if ('missing' in image) throw new NotChecked(image.missing);
  return 'archive' in image.place
    ? ['--input', image.place.archive]
    : ['--image-src', 'remote', image.place.reference];
}
const nameOf = (image: Target['image']): string => ('missing' in image ? 'image' : image.name);

export const trivyImage: Gate = {
  id: 'trivy-image',
  title: 'secrets and unsafe settings in the image',
  needs: ['image'],
  run: async ({ root, image }) => {
    const scanners = ['--scanners', 'secret,misconfig', '--image-config-scanners', 'secret,misconfig'];
    const run = await trivy(root, 'image', '--skip-check-update', ...scanners, ...placeOf(image));
    const place = (): string => 'image';
    return checked(`every layer and the configuration of ${nameOf(image)}`, [
      ...readSecrets(run, place),
      ...readMisconfigurations(run, place),
    ]);
  },
};

export const trivyVulnerabilities: Gate = {
  id: 'trivy-vulnerabilities',
  title: 'packages with known vulnerabilities (a second opinion)',
  run: async ({ root }) =>
    checked(
      'known packages',
      readVulnerabilities(await trivy(root, 'fs', '--scanners', 'vuln', 'package-lock.json')),
    ),
};

export const trivyImageVulnerabilities: Gate = {
  id: 'trivy-image-vulnerabilities',
  title: 'known vulnerabilities in the image',
  needs: ['image'],
  run: async ({ root, image }) =>
    checked(
      `packages of ${nameOf(image)}`,
      readImageVulnerabilities(await trivy(root, 'image', '--scanners', 'vuln', ...placeOf(image))),
    ),
};
