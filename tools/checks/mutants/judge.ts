import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual, stripVTControlCharacters } from 'node:util';
import { reasonOf } from '../../../app/src/commands/problem.ts';
import { priorResources, type PlanJson } from '../../lib/terraform/plan-json.ts';
import { output, run } from '../../lib/processes.ts';
import { terraformEnvironment } from '../../lib/terraform/environment.ts';
import { digestInputs, type Environment } from '../plans/inputs.ts';
import { startPlanner } from '../plans/live.ts';
import { normalise, readRecording, writeRecording, type Recording } from '../plans/recording.ts';
import { apply } from './draw.ts';
import type { Mistake, Outcome } from './table.ts';

/** Tests below `tests`, without `.test.ts` (a folder ends with /). The other names are commands: see `check`. */
const ofPlans = [
  ...['access', 'data', 'edge', 'network', 'observability', 'safety', 'service', 'task-role'].map(
    (name) => `checks/plan/${name}`,
  ),
  ...['alarms', 'events', 'grafana', 'objectives', 'metric-filters', 'runbook'].map(
    (name) => `observability/${name}`,
  ),
];
const inOrder: readonly Environment[] = ['prod', 'dev', 'staging'];
/** Names of scenarios that say nothing of the other environments, which are recorded later, nor count all that were played. */
const withoutOthers = (environment: Environment): string =>
  `^(?!.*\\b(${inOrder.filter((other) => other !== environment).join('|')}|environments|seen failing)\\b)`;
/** What refuses a value is declared there, and what is refused is tried for nothing else. */
const isOfVariables = (file: string): boolean => file.endsWith('/variables.tf');
/** They take so long that they are asked last. */
const late = ['roles', 'checkov-hcl'];

/** The checks of a pull request that can see a file, quick ones first. */
const suites: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^terraform\/bootstrap\//, ['checks/plan/settings', 'module', 'terraform/refusals', ...late]],
  [/^terraform\/environments\//, ['checks/plan/settings', ...ofPlans]],
  [/^modules\/observability\/prometheus\//, ['observability/objectives', 'observability/alerts']],
  [/^modules\//, ['checks/plan/settings', 'module', 'terraform/refusals', ...ofPlans, 'checkov-hcl']],
  [/^terraform\//, ['checks/plan/settings', 'terraform/refusals', ...ofPlans, 'checkov-hcl']],
  [/^(bitbucket-pipelines\.yml|Makefile)$/, ['pipeline', 'checks/pipeline-steps']],
  [/^Dockerfile$/, ['checks/pinned', 'hadolint', 'release/image/image']],
  [/^app\/collector\//, ['observability/collector', ...ofPlans]],
  [/^docs\/slo\.yaml$/, ['observability/objectives', 'observability/alerts', ...ofPlans]],
  [/^app\/table\.json$/, ['app/local/embedded-dynamodb', 'app/contract/', ...ofPlans]],
  [/^app\//, ['checks/links', 'checks/plan/service', 'app/movies/', 'app/api/']],
];

/** What must stop a mistake by its plan is planned together, where the files don't meet; each other one is by itself. */
export function inBatches(mistakes: readonly Mistake[]): Mistake[][] {
  const unitOf = ({ file }: Mistake): string => file.replace(/^(modules\/[\w-]+)\/.*/, '$1');
  const isAlone = ({ file, stop }: Mistake): boolean =>
    stop === undefined ||
    !ofPlans.includes(stop.check) ||
    !/^(modules\/|terraform\/(?!variables)[\w-]+\.tf$)/.test(file);
  const batches: Mistake[][] = [];
  for (const mistake of mistakes.filter((one) => !isAlone(one))) {
    const batch = batches.find((one) => !one.some((other) => unitOf(other) === unitOf(mistake)));
    if (batch === undefined) batches.push([mistake]);
    else batch.push(mistake);
  }
  return [...batches, ...mistakes.filter(isAlone).map((one) => [one])];
}

interface Said {
  readonly failed: boolean;
  readonly said: string;
}

/** A copy of the project in which one mistake at a time is made. */
export interface Judge {
  /** Plans mistakes in different files in one go, and keeps for each the part of the plan that its file makes. */
  readonly planTogether: (mistakes: readonly Mistake[]) => Promise<void>;
  readonly judge: (mistake: Mistake) => Promise<Outcome>;
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
  // Some tests ask git which files there are.
  await output('git', ['init', '-q'], { cwd: tree });
  await output('git', ['add', '-A'], { cwd: tree });
  const { env, stop } = await terraformEnvironment();
  const initialised = new Set<string>();
  const recorded = new Map<Environment, Recording>();
  for (const environment of inOrder) recorded.set(environment, await readRecording(tree, environment));
  let planner: Awaited<ReturnType<typeof startPlanner>> | undefined;

  const tell = async (program: string, args: readonly string[]): Promise<Said> => {
    const { code, stdout, stderr } = await run(program, args, {
      cwd: tree,
      env: { ...env, NO_COLOR: '1' },
      timeoutMs: 3_600_000,
    });
    return { failed: code !== 0, said: stripVTControlCharacters(stdout + stderr) };
  };

  const tests = (names: readonly string[], only?: string): Promise<Said> => {
    const paths = names.map((name) => `tests/${name}${name.endsWith('/') ? '' : '.test.ts'}`);
    // In one process: each one more would read everything anew, and both processors are at work.
    const options = ['--runInBand', '--bail', ...(only === undefined ? [] : ['-t', only])];
    return tell('npm', ['test', '--silent', '--', ...paths, ...options]);
  };

  /** Runs one check on the copy as it is. */
  async function check(name: string, file: string): Promise<Said> {
    if (name === 'pipeline') return tell('node', ['tools/checks/pipeline-check.ts']);
    if (name === 'roles') return tell('node', ['tools/checks/roles/main.ts']);
    if (name === 'checkov-hcl' || name === 'hadolint')
      return tell('node', ['tools/checks/security.ts', '--only', name]);
    if (name === 'terraform/refusals') return tests([name], `in ${dirname(file)} each`);
    if (name !== 'module') return tests([name]);
    const directory = `-chdir=${dirname(file)}`;
    if (!initialised.has(directory)) {
      await output('terraform', [directory, 'init', '-backend=false', '-input=false'], { cwd: tree, env });
      initialised.add(directory);
    }
    const suites = (await readdir(join(tree, dirname(file), 'tests'))).filter(
      (suite) => suite !== 'refusals.tftest.hcl' || isOfVariables(file),
    );
    const filters = suites.map((suite) => `-filter=${join('tests', suite)}`);
    return tell('terraform', [directory, 'test', '-no-color', ...filters]);
  }

  /** A check that fails on the clean copy, too, has stopped nothing. */
  function passesClean(name: string, file: string): Promise<boolean> {
    const key = name === 'module' ? dirname(file) : name;
    const passes = clean.get(key) ?? check(name, file).then(({ failed }) => !failed);
    clean.set(key, passes);
    return passes;
  }

  const keptIn = async (environment: Environment): Promise<string> =>
    join(project, '.cache', 'mutants', `${environment}-${await digestInputs(tree)}.json`);
  const keep = async (file: string, plan: PlanJson): Promise<void> => {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(`${file}.${process.pid}`, JSON.stringify(plan));
    await rename(`${file}.${process.pid}`, file);
  };
  async function makePlan(environment: Environment): Promise<PlanJson> {
    planner ??= await startPlanner(tree, join(folder, 'plans'));
    return normalise(JSON.parse(await planner.plan(environment)) as PlanJson);
  }

  /** Records the plan of an environment again, as a person would. Resolves with whether it differs. */
  async function record(environment: Environment): Promise<boolean> {
    const kept = await keptIn(environment);
    const plan = await readFile(kept, 'utf8').then(
      (text) => JSON.parse(text) as PlanJson,
      () => makePlan(environment),
    );
    await keep(kept, plan);
    if (isDeepStrictEqual(plan, recorded.get(environment)?.plan)) return false;
    await writeRecording(tree, environment, { inputs: await digestInputs(tree), plan });
    return true;
  }

  async function restore(mistake: Mistake, text: string): Promise<void> {
    await writeFile(join(tree, mistake.file), text);
    for (const [environment, recording] of recorded) await writeRecording(tree, environment, recording);
    if (mistake.file === 'docs/slo.yaml')
      await output('node', ['tools/checks/alert-rules.ts'], { cwd: tree });
  }

  /** Asks the named check first, then each that sees the file; the first one that fails ends it. */
  async function ask({ file, stop: wanted }: Mistake): Promise<Outcome['stopped']> {
    const all = (suites.find(([pattern]) => pattern.test(file))?.[1] ?? []).filter(
      (name) => name !== 'terraform/refusals' || isOfVariables(file),
    );
    const stoppedBy = ({ failed, said }: Said, name: string): Outcome['stopped'] =>
      failed ? { check: fileIn(said) ?? name, sentence: sentenceIn(said, wanted?.says) } : undefined;
    const one = (name: string) => async (): Promise<Outcome['stopped']> =>
      stoppedBy(await check(name, file), name);
    const onPlans = (names: readonly string[]) => async (): Promise<Outcome['stopped']> => {
      let differs = false;
      for (const environment of names.length === 0 ? [] : inOrder) {
        try {
          if (!(await record(environment))) continue;
        } catch (error) {
          return { check: 'plan', sentence: reasonOf(error) };
        }
        const stopped = stoppedBy(await tests(names, withoutOthers(environment)), names.join(' '));
        if (stopped !== undefined) return stopped;
        differs = true;
      }
      // Now that each is recorded again they may be compared.
      return differs ? stoppedBy(await tests(names), names.join(' ')) : undefined;
    };
    const planned = all.filter((name) => ofPlans.includes(name));
    const named = wanted?.check;
    const attempts = [
      ...(named === undefined
        ? []
        : [named === 'plan' ? onPlans(planned) : ofPlans.includes(named) ? onPlans([named]) : one(named)]),
      ...all.filter((name) => ![...ofPlans, ...late].includes(name)).map(one),
      onPlans(planned),
      ...all.filter((name) => late.includes(name)).map(one),
    ];
    for (const attempt of attempts) {
      const stopped = await attempt();
      if (stopped !== undefined) return stopped;
    }
    return undefined;
  }

  return {
    planTogether: async (mistakes) => {
      const [environment = 'prod'] = inOrder;
      const base = recorded.get(environment)?.plan;
      const read = (file: string): Promise<string> => readFile(join(tree, file), 'utf8');
      const texts = new Map<string, string>();
      const places: string[] = [];
      for (const mistake of mistakes) {
        const text = await read(mistake.file);
        texts.set(mistake.file, text);
        await writeFile(join(tree, mistake.file), apply(text, mistake));
        places.push(await keptIn(environment));
        await writeFile(join(tree, mistake.file), text);
      }
      if (base === undefined || places.every((place) => existsSync(place))) return;
      for (const mistake of mistakes)
        await writeFile(join(tree, mistake.file), apply(texts.get(mistake.file) ?? '', mistake));
      // Where one of them can't be planned, each is planned by itself.
      const made = await makePlan(environment).catch(() => undefined);
      for (const [file, text] of texts) await writeFile(join(tree, file), text);
      const root = (
        await Promise.all(files.filter((name) => /^terraform\/[\w-]+\.tf$/.test(name)).map(read))
      ).join('\n');
      for (const [at, { file }] of made === undefined ? [] : mistakes.entries())
        await keep(
          places[at] ?? '',
          partOf(base, made ?? base, file, ownersIn(file, texts.get(file) ?? '', root)),
        );
    },
    judge: async (mistake) => {
      const path = join(tree, mistake.file);
      const text = await readFile(path, 'utf8');
      await writeFile(path, apply(text, mistake));
      if (mistake.file === 'docs/slo.yaml') await tell('node', ['tools/checks/alert-rules.ts']);
      // What could not be asked has stopped nothing, and the others are asked all the same.
      const answer = await ask(mistake).catch((error: unknown) => ({ unasked: reasonOf(error) }));
      await restore(mistake, text);
      if (answer === undefined) return { mistake };
      if ('unasked' in answer) return { mistake, otherwise: `could not be judged: ${answer.unasked}` };
      const stopped = answer;
      if (stopped.check !== 'plan' && !(await passesClean(stopped.check, mistake.file)))
        return { mistake, otherwise: `${stopped.check} fails without any mistake, too: repair it first` };
      return { mistake, stopped, ...otherwise(mistake, stopped) };
    },
    end: async () => {
      await planner?.stop();
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Addresses of what a file declares; a file of a module stands for all of it. */
function ownersIn(file: string, text: string, root: string): readonly string[] {
  const module = /^modules\/([\w-]+)\//.exec(file)?.[1];
  const heads =
    module === undefined
      ? text.matchAll(/^(resource|data|module) "(\w+)"(?: "(\w+)")? \{/gm)
      : root.matchAll(new RegExp(`^(module) "(\\w+)" \\{\\n  source +=\\s"../modules/${module}"`, 'gm'));
  return [...heads].map(([, kind = '', first = '', second]) =>
    [...(kind === 'resource' ? [] : [kind]), first, second].filter((part) => part !== undefined).join('.'),
  );
}

/** The base with what the owners have become in another plan. */
function partOf(base: PlanJson, made: PlanJson, file: string, owners: readonly string[]): PlanJson {
  const isOwn = (address: string): boolean =>
    owners.some(
      (owner) => address === owner || address.startsWith(`${owner}.`) || address.startsWith(`${owner}[`),
    );
  const pick = <T extends { readonly address: string }>(
    old: readonly T[] = [],
    now: readonly T[] = [],
  ): T[] =>
    [...old.filter(({ address }) => !isOwn(address)), ...now.filter(({ address }) => isOwn(address))].sort(
      (a, b) => a.address.localeCompare(b.address, 'en'),
    );
  const roots = [base, made].map(({ configuration }) => configuration.root_module);
  const calls = roots.map(({ module_calls: of = {} }) => Object.entries(of));
  return {
    ...base,
    resource_changes: pick(base.resource_changes, made.resource_changes),
    prior_state: { values: { root_module: { resources: pick(priorResources(base), priorResources(made)) } } },
    output_changes: (file === 'terraform/task.tf' ? made : base).output_changes ?? {},
    configuration: {
      root_module: {
        ...roots[0],
        resources: pick(roots[0]?.resources, roots[1]?.resources),
        module_calls: Object.fromEntries([
          ...(calls[0] ?? []).filter(([name]) => !isOwn(`module.${name}`)),
          ...(calls[1] ?? []).filter(([name]) => isOwn(`module.${name}`)),
        ]),
      },
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
    lines.find((line) => line.startsWith('● ')) ??
    (assertion < 0 ? undefined : lines.slice(assertion + 1).find((line) => /^[A-Z].*\.$/.test(line))) ??
    lines.find((line) => /^error:|Error: |CKV|✗|blocks/.test(line)) ??
    lines.find((line) => line !== '');
  return (reason ?? '').slice(0, 240);
}
