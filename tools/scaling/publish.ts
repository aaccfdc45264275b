import { join } from 'node:path';
import { recorded } from '../bench/publish.ts';
import { replaceBlock } from '../docs/block.ts';
import { drawScaling } from './chart.ts';
import { readEnvironments, type Environment } from './environments.ts';
import { limitsTable } from './limits-table.ts';
import { rankedMovies } from './popularity.ts';
import { serviceCost, type ServiceCost } from './service.ts';
import { study, type Outcome, type Setting, type StudyDeps } from './study.ts';
import { environmentTable, loadTable, remedyTable, trafficCostTable } from './tables.ts';

const project = join(import.meta.dirname, '../..');
export const docs = {
  page: join(project, 'docs/scaling.md'),
  chart: join(project, 'docs/images/scaling.svg'),
};

const rates = [100, 1_000, 10_000, 100_000, 1_000_000];
const shownRates = [100, 10_000, 1_000_000];
const exponents = [0.6, 0.8, 1, 1.2];
const usualExponent = 1;
/** The service's own defaults (app/src/config.ts) and the autoscaler's (terraform/variables.tf). */
const defaults = { ttlMs: 1_000, maxBytes: 16_000_000, cpuShare: 0.6 };
/** A private subnet is a /20 of the VPC's /16. */
const subnetAddresses = 2 ** 12;
const simulatedRequests = 200_000;

export async function publishedStudy(
  page: string,
  say: (line: string) => void = () => undefined,
): Promise<{ page: string; chart: string }> {
  const environments = await readEnvironments();
  const { sections } = recorded();
  const { blocks, outcomes } =
    sections.length === 0
      ? { blocks: notReckoned, outcomes: [] }
      : await reckon(environments, serviceCost({ sections }), say);
  return {
    page: Object.entries({ ...blocks, 'environment cost': environmentTable(environments) }).reduce(
      (text, [name, content]) => replaceBlock(text, name, content),
      page,
    ),
    chart: drawScaling(outcomes),
  };
}

const later =
  'Not reckoned yet: `make bench ARGS=--record` measures what a request costs, `make scaling` the rest.';
const notReckoned = { load: later, limits: later, remedies: later, 'traffic cost': later };

async function reckon(
  environments: readonly Environment[],
  service: ServiceCost,
  say: (line: string) => void,
): Promise<{ blocks: typeof notReckoned; outcomes: readonly Outcome[] }> {
  const prod = environments.find(({ name }) => name === 'prod');
  if (prod === undefined) throw new Error('There is no environment prod.');
  const deps: StudyDeps = {
    movies: await rankedMovies(),
    service,
    environment: prod,
    maxBytes: defaults.maxBytes,
    cpuShare: defaults.cpuShare,
    requests: simulatedRequests,
  };
  const outcomes: Outcome[] = [];
  for (const perSecond of rates) {
    say(`simulating ${perSecond.toLocaleString('en')} requests a second`);
    for (const exponent of exponents)
      outcomes.push(await study(deps, { perSecond, exponent, ttlMs: defaults.ttlMs, vcpu: prod.vcpu }));
  }
  const usual = outcomes.filter(({ exponent }) => exponent === usualExponent);
  return {
    blocks: {
      load: loadTable(outcomes.filter(({ perSecond }) => shownRates.includes(perSecond))),
      limits: limitsTable({
        environment: prod,
        service,
        cpuShare: defaults.cpuShare,
        subnetAddresses,
        outcomes: usual,
      }),
      remedies: remedyTable(await remedies(deps, prod)),
      'traffic cost': trafficCostTable(prod, usual),
    },
    outcomes,
  };
}

/** The largest rate, with one thing changed at a time. */
async function remedies(
  deps: StudyDeps,
  { vcpu }: Environment,
): Promise<(Outcome & { readonly what: string })[]> {
  const asIs: Setting = { perSecond: 1_000_000, exponent: usualExponent, ttlMs: defaults.ttlMs, vcpu };
  const changes: readonly (readonly [string, Partial<Setting>])[] = [
    ['nothing', {}],
    ['tasks of 1 vCPU', { vcpu: 1 }],
    ['movies are remembered for 10 s', { ttlMs: 10_000 }],
    ['both', { vcpu: 1, ttlMs: 10_000 }],
    ['90 % never get here: a cache in front', { perSecond: 100_000 }],
  ];
  const outcomes: (Outcome & { readonly what: string })[] = [];
  for (const [what, change] of changes)
    outcomes.push({ what, ...(await study(deps, { ...asIs, ...change })) });
  return outcomes;
}
