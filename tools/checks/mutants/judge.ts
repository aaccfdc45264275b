import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { isDeepStrictEqual, stripVTControlCharacters } from 'node:util';
import { reasonOf } from '../../../app/src/commands/problem.ts';
import { priorResources, type ModuleConfiguration, type PlanJson } from '../../lib/terraform/plan-json.ts';
import { output, run } from '../../lib/processes.ts';
import { terraformEnvironment } from '../../lib/terraform/environment.ts';
import { digestInputs, type Environment } from '../plans/inputs.ts';
import { startPlanner } from '../plans/live.ts';
import { normalise, type Recording } from '../plans/recording.ts';
import { apply } from './draw.ts';
import type { Mistake, Outcome } from './table.ts';

/** Tests below `tests`, without `.test.ts` (a folder ends with /). The other names are commands: see `check`. */
const ofPlans = [
  ...['data', 'edge', 'network', 'observability', 'safety', 'service', 'task-role'],
  ...['experiments', 'values'],
].map((name) => `checks/plan/${name}`);
const ofAlarms = ['alarms', 'events', 'grafana', 'objectives', 'metric-filters', 'runbook'].map(
  (name) => `observability/${name}`,
);
const inOrder: readonly Environment[] = ['prod', 'dev', 'staging'];
/** What a check of a plan proves of itself by mistakes of its own says nothing of this one. */
const ofThemselves = 'and not when|has been seen failing|bootstrap|a mistake in a plan';
/** Names of scenarios that say nothing of the other environments, which are planned later, nor count all that were played. */
const withoutOthers = `dev|staging|environments|seen failing|${ofThemselves}`;
const leaveOut = (names: string): string => `^(?!.*\\b(${names})\\b)`;
/** What refuses a value is declared there, and what is refused is tried for nothing else. */
const isOfVariables = (file: string): boolean => file.endsWith('/variables.tf');

/** The checks of a pull request that can see a file and need no plan, quick ones first; `late` ones take long. */
export const suites: readonly {
  readonly files: RegExp;
  readonly quick: readonly string[];
  readonly onPlans?: readonly string[];
  readonly late?: readonly string[];
}[] = [
  {
    files: /^terraform\/bootstrap\//,
    quick: ['checks/plan/settings', 'checks/plan/values', 'module', 'terraform/refusals'],
    late: ['roles', 'checkov-hcl'],
  },
  {
    files: /^terraform\/environments\//,
    quick: ['checks/plan/settings'],
    onPlans: [...ofPlans, ...ofAlarms],
  },
  {
    files: /^modules\/observability\/prometheus\//,
    quick: ['observability/objectives', 'observability/alerts'],
  },
  {
    // What none of its resources shows.
    files: /^(terraform|modules\/[\w-]+)\/(variables|terraform|providers)\.tf$/,
    quick: ['checks/plan/settings', 'terraform/refusals'],
    onPlans: [...ofPlans, ...ofAlarms],
    late: ['module', 'checkov-hcl'],
  },
  {
    files: /^modules\//,
    quick: [],
    onPlans: [...ofPlans, ...ofAlarms],
    late: ['checks/plan/settings', 'module', 'checkov-hcl'],
  },
  {
    files: /^terraform\//,
    quick: [],
    onPlans: [...ofPlans, ...ofAlarms],
    late: ['checks/plan/settings', 'roles', 'checkov-hcl'],
  },
  { files: /^(bitbucket-pipelines\.yml|Makefile)$/, quick: ['pipeline', 'checks/pipeline-steps'] },
  { files: /^Dockerfile$/, quick: ['checks/pinned', 'hadolint', 'release/image/image'] },
  { files: /^app\/collector\//, quick: ['observability/collector'], onPlans: ['checks/plan/observability'] },
  {
    files: /^docs\/slo\.yaml$/,
    quick: ['observability/objectives', 'observability/alerts'],
    onPlans: ['checks/plan/observability', ...ofAlarms],
  },
  {
    files: /^app\/table\.json$/,
    quick: ['app/local/embedded-dynamodb', 'app/contract/'],
    onPlans: ['checks/plan/data'],
  },
  { files: /^app\/openapi\.yaml$/, quick: ['checks/contract', 'app/api/', 'app/contract/'] },
  {
    files: /^security\//,
    quick: ['checks/security/exceptions', 'checks/security/policies'],
    late: ['checkov-hcl', 'checkov-plan'],
  },
  { files: /^app\//, quick: ['checks/links', 'app/movies/', 'app/api/'] },
];
const suitesOf = ({ file }: Mistake): (typeof suites)[number] | undefined =>
  suites.find(({ files }) => files.test(file));
export const isPlanned = (mistake: Mistake): boolean => suitesOf(mistake)?.onPlans !== undefined;
/** The check of plans that is most likely about a file. */
const nearest: Readonly<Record<string, string>> = {
  ...{ task: 'service', roles: 'safety', outside: 'observability' },
  ...{ 'web-acl': 'edge', 'movies-table': 'data', 'rotated-secret': 'data' },
};

/** The part of the HCL that a mistake is in: a block of the outermost level, or all of a module or root. */
interface Unit {
  readonly root: string;
  /** Of a resource, data source or module call; undefined where others may be made from it. */
  readonly address?: string;
}
function unitOf(text: string, { file, line }: Mistake): Unit {
  const root = dirname(file);
  const head = text.split('\n', line + 1).findLast((one) => /^\w/.test(one)) ?? '';
  const [, kind = '', first = '', second] =
    /^(resource|data|module) "(\w+)"(?: "(\w+)")? \{/.exec(head) ?? [];
  if (kind === '') return { root };
  const address = [...(kind === 'resource' ? [] : [kind]), first, second].filter(Boolean).join('.');
  return { root, address };
}

/** What is planned together: mistakes in blocks that have nothing to do with each other. */
export function inBatches(
  mistakes: readonly Mistake[],
  files: ReadonlyMap<string, string>,
  most: number,
): Mistake[][] {
  const unit = (mistake: Mistake): Unit => unitOf(files.get(mistake.file) ?? '', mistake);
  const isAlone = (one: Unit): boolean =>
    !/^(terraform$|modules\/)/.test(one.root) || (one.root === 'terraform' && one.address === undefined);
  const meets = (one: Unit, other: Unit): boolean =>
    isAlone(one) ||
    isAlone(other) ||
    (one.root === other.root &&
      (one.address === undefined || other.address === undefined || one.address === other.address));
  const batches: Mistake[][] = [];
  for (const mistake of mistakes) {
    const batch = batches.find(
      (one) => one.length < most && !one.some((other) => meets(unit(other), unit(mistake))),
    );
    if (batch === undefined) batches.push([mistake]);
    else batch.push(mistake);
  }
  return batches;
}

interface Said {
  readonly failed: boolean;
  readonly said: string;
}

/** A copy of the project in which one mistake at a time is made. */
export interface Judge {
  /** Asks the check that the table names, and those that need no plan. */
  readonly askQuick: (mistake: Mistake) => Promise<Outcome | undefined>;
  /** Plans mistakes that don't meet in one go, and asks for each with the part of the plan that it makes. */
  readonly askOnPlans: (
    mistakes: readonly Mistake[],
    environments: readonly Environment[],
    tell: (mistake: Mistake, outcome: Outcome | undefined) => Promise<void>,
  ) => Promise<void>;
  /** Asks what takes longest. */
  readonly askLate: (mistake: Mistake) => Promise<Outcome>;
  readonly end: () => Promise<void>;
}

/** @param clean whether each check passes without any mistake: asked once by all judges */
export async function startJudge(project: string, clean: Map<string, Promise<boolean>>): Promise<Judge> {
  const folder = await mkdtemp(join(tmpdir(), 'mutants-'));
  const tree = join(folder, 'tree');
  const files = (await output('git', ['ls-files', '-co', '--exclude-standard'], { cwd: project })).split(
    '\n',
  );
  for (const file of files) {
    await mkdir(dirname(join(tree, file)), { recursive: true });
    await cp(join(project, file), join(tree, file)).catch(() => undefined);
  }
  await symlink(join(project, 'node_modules'), join(tree, 'node_modules'));
  await mkdir(join(tree, '.cache'));
  for (const name of await readdir(join(project, '.cache')))
    if (!['plans', 'roles', 'mutants'].includes(name))
      await symlink(join(project, '.cache', name), join(tree, '.cache', name));
  // Some checks ask git which files there are, and of which commit.
  await output('git', ['init', '-q'], { cwd: tree });
  await output('git', ['add', '-A'], { cwd: tree });
  const who = ['-c', 'user.name=mutants', '-c', 'user.email=mutants@localhost'];
  await output('git', [...who, 'commit', '-q', '-m', 'The copy'], { cwd: tree });
  const { env, stop } = await terraformEnvironment();
  const recordings = new Map<
    Environment,
    { readonly file: string; readonly text: string; readonly plan: PlanJson }
  >();
  for (const environment of inOrder) {
    const file = join(tree, 'tests', 'checks', 'plan', 'recorded', `${environment}.json`);
    const text = await readFile(file, 'utf8');
    recordings.set(environment, { file, text, plan: (JSON.parse(text) as Recording).plan });
  }
  const root = (
    await Promise.all(
      files
        .filter((name) => /^terraform\/[\w-]+\.tf$/.test(name))
        .map((name) => readFile(join(tree, name), 'utf8')),
    )
  ).join('\n');
  let planner: Awaited<ReturnType<typeof startPlanner>> | undefined;

  const tell = async (program: string, args: readonly string[]): Promise<Said> => {
    const { code, stdout, stderr } = await run(program, args, {
      cwd: tree,
      env: { ...env, NO_COLOR: '1' },
      timeoutMs: 3_600_000,
    });
    return { failed: code !== 0, said: stripVTControlCharacters(stdout + stderr) };
  };

  const tests = (names: readonly string[], only = leaveOut(ofThemselves)): Promise<Said> => {
    const paths = names.map((name) => `tests/${name}${name.endsWith('/') ? '' : '.test.ts'}`);
    // In one process: each one more would read everything anew, and both processors are at work.
    const options = ['--runInBand', '--bail', '-t', only];
    return tell('npm', ['test', '--silent', '--', ...paths, ...options]);
  };

  const initialised = new Set<string>();
  /** The tests of a root or module, or only those that say this. */
  async function moduleTest(directory: string, says: string | undefined): Promise<Said> {
    const at = `-chdir=${directory}`;
    if (!initialised.has(directory)) {
      await output('terraform', [at, 'init', '-backend=false', '-input=false'], { cwd: tree, env });
      initialised.add(directory);
    }
    const folder = join(tree, directory, 'tests');
    const [own = ''] = await readdir(folder);
    const text = await readFile(join(folder, own), 'utf8');
    const run = /^run "[\s\S]*?^\}\n?/gm;
    const all = text.match(run) ?? [];
    const wanted = all.filter((one) => says !== undefined && one.includes(says));
    const suite = 'tests/mutant.tftest.hcl';
    const runs = wanted.length > 0 ? wanted : all;
    await writeFile(join(tree, directory, suite), [text.replaceAll(run, ''), ...runs].join('\n'));
    const said = await tell('terraform', [at, 'test', '-no-color', `-filter=${suite}`]);
    await rm(join(tree, directory, suite));
    return said;
  }

  /** Runs one check on the copy as it is. */
  async function check(name: string, file: string, says?: string): Promise<Said> {
    if (name === 'pipeline') return tell('node', ['tools/checks/pipeline-check.ts']);
    if (name === 'roles') return tell('node', ['tools/checks/roles/main.ts']);
    if (['checkov-hcl', 'checkov-plan', 'hadolint'].includes(name))
      return tell('node', ['tools/checks/security.ts', '--only', name]);
    if (name === 'terraform/refusals') return tests([name], `in ${dirname(file)} each`);
    if (name === 'checks/plan/values') return tests([name], 'bootstrap');
    if (name === 'module') return moduleTest(dirname(file), says);
    return tests([name]);
  }

  /** A check that fails on the clean copy, too, has stopped nothing. */
  function passesClean(name: string, file: string): Promise<boolean> {
    const key = ['module', 'terraform/refusals'].includes(name) ? `${name} ${dirname(file)}` : name;
    const passes = clean.get(key) ?? check(name, file).then(({ failed }) => !failed);
    clean.set(key, passes);
    return passes;
  }

  async function makePlan(environment: Environment): Promise<PlanJson> {
    planner ??= await startPlanner(tree, join(folder, 'plans'));
    return normalise(JSON.parse(await planner.plan(environment)) as PlanJson);
  }

  async function restore(mistake: Mistake, text: string): Promise<void> {
    await writeFile(join(tree, mistake.file), text);
    for (const { file, text: recording } of recordings.values()) await writeFile(file, recording);
    if (mistake.file === 'docs/slo.yaml')
      await output('node', ['tools/checks/alert-rules.ts'], { cwd: tree });
  }

  const make = async (mistake: Mistake): Promise<string> => {
    const path = join(tree, mistake.file);
    const text = await readFile(path, 'utf8');
    await writeFile(path, apply(text, mistake));
    if (mistake.file === 'docs/slo.yaml') await tell('node', ['tools/checks/alert-rules.ts']);
    return text;
  };

  /** Makes a mistake, asks checks one after the other until one fails, and takes it back. */
  async function ask(
    mistake: Mistake,
    checks: readonly (readonly [string, () => Promise<Said>])[],
    before: () => Promise<void> = () => Promise.resolve(),
  ): Promise<Outcome | undefined> {
    const text = await make(mistake);
    let stopped: Outcome['stopped'];
    try {
      await before();
      for (const [name, answer] of checks) {
        const { failed, said } = await answer();
        if (!failed) continue;
        stopped = {
          check: name === 'module' ? name : (fileIn(said) ?? name),
          sentence: sentenceIn(said, mistake.stop?.says),
        };
        break;
      }
    } catch (error) {
      // What could not be asked has stopped nothing, and the others are asked all the same.
      return { mistake, otherwise: `could not be judged: ${reasonOf(error)}` };
    } finally {
      await restore(mistake, text);
    }
    if (stopped === undefined) return undefined;
    if (!(await passesClean(stopped.check, mistake.file)))
      return { mistake, otherwise: `${stopped.check} fails without any mistake, too: repair it first` };
    return { mistake, stopped, ...otherwise(mistake, stopped) };
  }
  const asked = (name: string, { file, stop: wanted }: Mistake) =>
    [name, () => check(name, file, wanted?.check === name ? wanted.says : undefined)] as const;

  const judge: Judge = {
    askQuick: (mistake) => {
      const { quick = [], onPlans = [] } = suitesOf(mistake) ?? {};
      const named = [mistake.stop?.check ?? ''].filter(
        (name) => name !== '' && name !== 'plan' && !onPlans.includes(name),
      );
      const others = quick.filter(
        (name) => !named.includes(name) && (name !== 'terraform/refusals' || isOfVariables(mistake.file)),
      );
      // What is named to be stopped by its plan is asked for that first.
      const waits = mistake.stop !== undefined && named.length === 0;
      return ask(
        mistake,
        [...named, ...(waits ? [] : others)].map((name) => asked(name, mistake)),
      );
    },
    askOnPlans: async (mistakes, environments, tellOf) => {
      const plans = new Map<Environment, PlanJson | undefined>();
      const texts = new Map<string, string>();
      for (const { file } of mistakes) texts.set(file, await readFile(join(tree, file), 'utf8'));
      let refused = '';
      try {
        // From the last line up: those above keep their places.
        for (const mistake of mistakes.toSorted((a, b) => b.line - a.line)) await make(mistake);
        for (const environment of environments) plans.set(environment, await makePlan(environment));
      } catch (error) {
        refused = reasonOf(error);
      } finally {
        for (const mistake of mistakes) await restore(mistake, texts.get(mistake.file) ?? '');
      }
      const [one] = mistakes;
      if (refused !== '' && mistakes.length > 1) {
        // One of them can't be planned: which one, halves tell.
        const half = Math.ceil(mistakes.length / 2);
        for (const part of [mistakes.slice(0, half), mistakes.slice(half)])
          await judge.askOnPlans(part, environments, tellOf);
        return;
      }
      if (refused !== '' && one !== undefined) {
        const sentence = one.stop !== undefined && refused.includes(one.stop.says) ? one.stop.says : refused;
        const stopped = { check: 'plan', sentence };
        const isRefused = refused.startsWith('terraform plan failed');
        await tellOf(
          one,
          isRefused
            ? { mistake: one, stopped, ...otherwise(one, stopped) }
            : { mistake: one, otherwise: `could not be judged: ${refused}` },
        );
        return;
      }
      for (const mistake of mistakes) {
        const unit = unitOf(texts.get(mistake.file) ?? '', mistake);
        const isPart = mistakes.length > 1;
        const parts = inOrder.flatMap((environment): [Environment, PlanJson][] => {
          const [base, made] = [recordings.get(environment)?.plan, plans.get(environment)];
          if (base === undefined || made === undefined) return [];
          const plan = isPart ? partOf(base, made, ownersOf(unit, root)) : made;
          return isDeepStrictEqual(plan, base) ? [] : [[environment, plan]];
        });
        if (parts.length === 0) {
          await tellOf(mistake, undefined);
          continue;
        }
        const { onPlans = [] } = suitesOf(mistake) ?? {};
        const name = basename(unit.root === 'terraform' ? mistake.file : unit.root, '.tf');
        const likely = mistake.stop?.check ?? `checks/plan/${nearest[name] ?? name}`;
        const first = [likely, 'checks/plan/values'].filter((other) => onPlans.includes(other));
        // The check that is named is asked by itself: the first one that fails ends a round.
        const rounds = [
          ...(mistake.stop === undefined ? [first] : first.map((name) => [name])),
          onPlans.filter((other) => !first.includes(other)),
        ];
        const only = leaveOut(environments.includes('staging') ? ofThemselves : withoutOthers);
        const outcome = await ask(
          mistake,
          rounds
            .filter((names) => names.length > 0)
            .map((names) => [names.join(' '), () => tests(names, only)] as const),
          async () => {
            const inputs = await digestInputs(tree);
            for (const [environment, plan] of parts)
              await writeFile(recordings.get(environment)?.file ?? '', JSON.stringify({ inputs, plan }));
          },
        );
        await tellOf(mistake, outcome);
      }
    },
    askLate: async (mistake) => {
      const { quick = [], late = [] } = suitesOf(mistake) ?? {};
      const isOpen = (name: string): boolean =>
        name !== mistake.stop?.check &&
        (name !== 'terraform/refusals' || isOfVariables(mistake.file)) &&
        (name !== 'module' || dirname(mistake.file) !== 'terraform');
      const names = [...(mistake.stop === undefined ? [] : quick), ...late].filter(isOpen);
      return (
        (await ask(
          mistake,
          names.map((name) => asked(name, mistake)),
        )) ?? { mistake }
      );
    },
    end: async () => {
      await planner?.stop();
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return judge;
}

/** Addresses of what a unit makes, in a plan: a module's part has one in each of its calls. */
function ownersOf({ root, address }: Unit, hcl: string): readonly string[] {
  if (root === 'terraform') return address === undefined ? [] : [address];
  const calls = hcl.matchAll(new RegExp(`^module "(\\w+)" \\{\\n  source +=\\s"../${root}"`, 'gm'));
  return [...calls].map(([, name = '']) =>
    ['module', name, ...(address === undefined ? [] : [address])].join('.'),
  );
}

/** The base with what the owners have become in another plan. */
function partOf(base: PlanJson, made: PlanJson, owners: readonly string[]): PlanJson {
  // A module's call may have an index, as a resource may.
  const isOwn = (address: string): boolean => {
    const plain = address.replaceAll(/\[[^\]]*\]/g, '');
    return owners.some((owner) => plain === owner || plain.startsWith(`${owner}.`));
  };
  const pick = <T extends { readonly address: string }>(
    old: readonly T[] = [],
    now: readonly T[] = [],
    prefix = '',
  ): T[] =>
    [
      ...old.filter(({ address }) => !isOwn(prefix + address)),
      ...now.filter(({ address }) => isOwn(prefix + address)),
    ].sort((a, b) => a.address.localeCompare(b.address, 'en'));
  const pickModule = (
    old: ModuleConfiguration,
    now: ModuleConfiguration,
    prefix = '',
  ): ModuleConfiguration => ({
    ...old,
    resources: pick(old.resources, now.resources, prefix),
    module_calls: Object.fromEntries(
      Object.entries({ ...now.module_calls, ...old.module_calls }).flatMap(([name, call]) => {
        const changed = now.module_calls?.[name];
        if (isOwn(`${prefix}module.${name}`)) return changed === undefined ? [] : [[name, changed]];
        const inner = pickModule(call.module, changed?.module ?? call.module, `${prefix}module.${name}.`);
        return [[name, { ...call, module: inner }]];
      }),
    ),
  });
  return {
    ...base,
    resource_changes: pick(base.resource_changes, made.resource_changes),
    prior_state: { values: { root_module: { resources: pick(priorResources(base), priorResources(made)) } } },
    output_changes: (owners.some((owner) => /container|task/.test(owner)) ? made : base).output_changes ?? {},
    configuration: {
      root_module: pickModule(base.configuration.root_module, made.configuration.root_module),
    },
  };
}

function otherwise({ stop: wanted }: Mistake, { check, sentence }: NonNullable<Outcome['stopped']>) {
  if (wanted === undefined) return {};
  if (wanted.check !== check) return { otherwise: `by ${check}, not by ${wanted.check}: ${sentence}` };
  return sentence.includes(wanted.says) ? {} : { otherwise: `${check} says: ${sentence}` };
}

const fileIn = (said: string): string | undefined => /^FAIL tests\/(\S+)\.test\.ts/m.exec(said)?.[1];

/** The wanted sentence if it is there, else the first that looks like the reason. */
function sentenceIn(said: string, wanted: string | undefined): string {
  const flat = said.replaceAll(/\s+/g, ' ');
  if (wanted !== undefined && flat.includes(wanted)) return wanted;
  const lines = said.split('\n').map((line) => line.replace(/^[│╷╵]/, '').trim());
  const assertion = lines.findIndex((line) => line.startsWith('Error: Test assertion failed'));
  const reason =
    // A list of sentences says more than the name of the test.
    lines.find((line) => /^\+ +".* /.test(line))?.replace(/^\+ +"|",?$/g, '') ??
    lines.find((line) => line.startsWith('● ')) ??
    (assertion < 0 ? undefined : lines.slice(assertion + 1).find((line) => /^[A-Z].*\.$/.test(line))) ??
    lines.find((line) => /^error:|Error: |CKV|✗|blocks/.test(line)) ??
    lines.find((line) => line !== '');
  return (reason ?? '').slice(0, 240);
}
