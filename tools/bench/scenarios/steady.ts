import type { Bench } from '../bench.ts';
import { busyMetric, type Claim, type Figure, type Target } from '../result.ts';
import { waitForAnswer, withServer, type ServerProcess } from '../server-process.ts';
import { warmUp, worked, type Steady } from '../warm-up.ts';

export interface Subject {
  readonly name: string;
  readonly start: () => Promise<ServerProcess>;
}

export interface Comparison {
  readonly scenario: string;
  readonly subjects: readonly Subject[];
  readonly paths: readonly string[];
  /** Ours over one of the others. */
  readonly ratios: readonly { readonly over: string; readonly target?: Target }[];
}

export const ours = 'ours';
/**
 * Loads each subject in turn, round by round, each time freshly started and warmed up. The targets are about CPU time:
 * it decides how many tasks are paid for, and it stays what it is when the generator or the machine is busy.
 */
export async function compare(
  bench: Bench,
  { scenario, subjects: all, paths, ratios: asked }: Comparison,
): Promise<{ figures: Figure[]; claims: Claim[] }> {
  const ratios = asked.filter(({ target }) => !bench.pace.onlyTargets || target !== undefined);
  const subjects = all.filter(
    ({ name }) => name === ours || !bench.pace.onlyTargets || ratios.some(({ over }) => over === name),
  );
  const pathsFile = bench.file(`${scenario}.txt`, paths);
  const measured = new Map<string, Steady[]>(subjects.map(({ name }) => [name, []]));
  for (let round = 0; round < bench.pace.rounds; round += 1) {
    bench.say(`${scenario}: round ${round + 1} of ${bench.pace.rounds}`);
    // Back and forth, so that no subject is always the one after the same other.
    for (const subject of round % 2 === 0 ? subjects : subjects.toReversed()) {
      measured.get(subject.name)?.push(await measure(bench, subject, pathsFile, paths[0] ?? '/'));
    }
  }
  const of = (name: string, metric: keyof Steady) => (measured.get(name) ?? []).map((one) => one[metric]);

  return {
    figures: subjects.flatMap(({ name }) => [
      { subject: name, metric: 'CPU per request', unit: 'µs', values: of(name, 'cpuUs') },
      { subject: name, metric: 'throughput', unit: '/s', values: of(name, 'perSecond') },
      { subject: name, metric: busyMetric, unit: '%', values: of(name, 'busyPercent') },
    ]),
    claims: ratios.flatMap(({ over, target }): Claim[] => [
      {
        id: `${scenario}/cpu/${over}`,
        text: `${scenario}: ours, × ${over} by CPU time per request`,
        unit: '×',
        better: 'more',
        values: quotients(of(over, 'cpuUs'), of(ours, 'cpuUs')),
        ...(target === undefined ? {} : { target }),
      },
      {
        id: `${scenario}/throughput/${over}`,
        text: `${scenario}: ours, × ${over} by throughput`,
        unit: '×',
        better: 'more',
        values: quotients(of(ours, 'perSecond'), of(over, 'perSecond')),
      },
    ]),
  };
}

async function measure(bench: Bench, subject: Subject, pathsFile: string, first: string): Promise<Steady> {
  const { pace, issuer, load } = bench;
  return withServer(subject.start(), async (server) => {
    const headers = { authorization: `Bearer ${issuer.token}` };
    await waitForAnswer(`${server.url}${first}`, headers);
    const run = (seconds: number) => load.run({ url: server.url, pathsFile, headers, seconds });
    await warmUp(server, run, pace.warmUpSeconds);
    return worked(server, run, pace.seconds);
  });
}

const quotients = (above: readonly number[], below: readonly number[]): number[] =>
  above.map((value, index) => value / (below[index] ?? Number.NaN));
