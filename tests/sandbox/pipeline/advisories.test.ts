import { execFile } from 'node:child_process';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { publishAdvisories, type PackageAdvisory } from '../../../tools/sandbox/pipeline/advisories.ts';
import { startImageRegistry, type ImageRegistry } from '../../../tools/sandbox/pipeline/image-registry.ts';
import { describeWith, program } from '../../support/requirements.ts';

const run = promisify(execFile);
const tool = (name: string): string => resolve(import.meta.dirname, '../../../.cache/bin', name);
const [crane, trivy] = [tool('crane'), tool('trivy')];
const requirements = [
  program(crane, 'make .cache/bin/crane', ['version']),
  program(trivy, 'make .cache/bin/trivy'),
];
const bug = (changes: Partial<PackageAdvisory> = {}): PackageAdvisory => ({
  id: 'CVE-2099-0001',
  title: 'a title',
  source: 'glibc',
  fixedIn: '3.0-1',
  ...changes,
});
const found = [
  {
    VulnerabilityID: 'CVE-2099-0001',
    PkgName: 'libc6',
    InstalledVersion: '2.36-9',
    Severity: 'HIGH',
    Title: 'a title',
  },
];

describeWith(requirements, 'advisories that are published', () => {
  let folder: string;
  let registry: ImageRegistry;
  let scans = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'advisories-'));
    registry = await startImageRegistry({ crane, host: 'registry.test', home: folder, env: process.env });
    const [etc, packages] = [join(folder, 'root/etc'), join(folder, 'root/var/lib/dpkg/status.d')];
    for (const one of [etc, packages]) await mkdir(one, { recursive: true });
    await writeFile(join(etc, 'os-release'), 'ID=debian\nVERSION_ID="12"\nNAME="Debian GNU/Linux"\n');
    await writeFile(join(etc, 'debian_version'), '12.1\n');
    await writeFile(
      join(packages, 'libc6'),
      'Package: libc6\nSource: glibc\nVersion: 2.36-9\nArchitecture: amd64\n',
    );
  });

  afterAll(async () => {
    await registry.stop();
    await rm(folder, { recursive: true });
  });

  /** What Trivy finds in a system with libc6 2.36-9, by a database that it fetches. */
  async function scan(advisories: readonly PackageAdvisory[]): Promise<unknown> {
    scans += 1;
    const database = await publishAdvisories(registry.address, 'debian 12', advisories);
    const { stdout } = await run(
      trivy,
      [
        ...['rootfs', '--quiet', '--cache-dir', join(folder, `cache-${scans}`), '--format', 'json'],
        ...['--scanners', 'vuln', '--skip-version-check', '--disable-telemetry', join(folder, 'root')],
      ],
      { env: { ...process.env, TRIVY_DB_REPOSITORY: database } },
    );
    const { Results: results } = JSON.parse(stdout) as {
      Results: { Vulnerabilities?: Record<string, unknown>[] }[];
    };
    return results.flatMap(({ Vulnerabilities: all = [] }) =>
      all.map((one) => Object.fromEntries(Object.keys(found[0] ?? {}).map((name) => [name, one[name]]))),
    );
  }

  test('are found by Trivy in what has the package', async () => {
    expect(await scan([bug()])).toEqual(found);
  });

  test('are not when it was mended before, or is about another package', async () => {
    expect(await scan([bug({ fixedIn: '2.36-8' }), bug({ id: 'CVE-2099-0002', source: 'zlib' })])).toEqual(
      [],
    );
  });

  test('are read however many there are: more than a page of the file', async () => {
    const many = Array.from({ length: 500 }, (_, index) =>
      bug({ id: `CVE-2098-${String(index + 1_000)}`, source: `other-${index % 7}` }),
    );

    expect(
      await scan([...many, bug(), ...many.map((one) => ({ ...one, source: 'glibc', fixedIn: '1' }))]),
    ).toEqual(found);
  });
});
