import { readFile } from 'node:fs/promises';
import { publishAdvisories, type PackageAdvisory } from '../advisories.ts';
import { outcomeOf, unless, type ScenarioOn } from '../scenario.ts';

const [fetched, scanned] = ['Fetch what prod runs', 'Scan it by what is known today'];
/** The image's C library is in each version of the base image. */
const old: PackageAdvisory = {
  id: 'CVE-2000-0001',
  title: 'mended long before this image was built',
  source: 'glibc',
  fixedIn: '1.0-1',
};
const fresh: PackageAdvisory = {
  id: 'CVE-2099-0001',
  title: 'published after the image was deployed',
  source: 'glibc',
  fixedIn: '99.0-1',
};

export const rescan: ScenarioOn<'run' | 'registry' | 'insights' | 'servingOf'> = {
  id: 'rescan',
  title:
    'the image that prod runs is scanned again each night: clean at first, red when a vulnerability of it gets known',
  after: 'good',
  play: async ({ run, registry, insights, servingOf }) => {
    const system = await readSystem();
    const night = async (id: string, advisories: readonly PackageAdvisory[]) => {
      const database = await publishAdvisories(registry.address, system, advisories);
      return run(id, {
        pipeline: 'custom/nightly-rescan-prod',
        given: { TRIVY_DB_REPOSITORY: database },
        approves: () => Promise.resolve(false),
      });
    };
    const before = await night('rescan-clean', [old]);
    const filed = insights.calls.length;
    const after = await night('rescan-found', [old, fresh]);

    const log = await readFile(after.at(-1)?.log ?? '', 'utf8').catch(() => '');
    const finding = new RegExp(`^.*${fresh.id}.*$`, 'm').exec(log)?.[0].trim() ?? 'nothing was found';
    const { digests } = await servingOf('prod');
    const archive = await readFile(before[0]?.log ?? '', 'utf8').catch(() => '');
    return {
      steps: [...before, ...after],
      facts: [`the night after ${fresh.id} is published: ${finding}`],
      faults: unless({
        'the deployed image is fetched': outcomeOf(before, fetched) === 'passed',
        'it is what prod serves': digests.length === 1 && archive.includes(digests[0] ?? 'none'),
        'the first scan passes': outcomeOf(before, scanned) === 'passed',
        'the second fetches, too': outcomeOf(after, fetched) === 'passed',
        'and fails in its scan': outcomeOf(after, scanned) === 'failed',
        'it names the vulnerability, and the package': /CVE-2099-0001.*libc6/s.test(log),
        'it does not name the one that the image never had': !log.includes(old.id),
        'a report of it is filed': insights.calls.length > filed,
      }),
    };
  },
};

/** The local base image is made of this machine's packages, so its system is this one's. */
async function readSystem(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const valueOf = (name: string): string => new RegExp(`^${name}="?([^"\\n]*)`, 'm').exec(text)?.[1] ?? '';
  return `${valueOf('ID')} ${valueOf('VERSION_ID')}`;
}
