import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { build } from 'esbuild';
import {
  callsOf,
  describeMinutes,
  judgePipeline,
  longestMinutes,
} from '../../tools/checks/pipeline-rules.ts';
import optionalTools from '../../tools/install/optional-tools.json' with { type: 'json' };
import { replaceBlock } from '../../tools/lib/markdown.ts';
import {
  linesOf,
  listOf,
  readDefinition,
  settingsOf,
  variablesOf,
} from '../../tools/lib/pipeline-definition.ts';
import { built, describeWith } from '../support/requirements.ts';

const project = resolve(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(project, path), 'utf8');
const definition = readDefinition(read('bitbucket-pipelines.yml'));
const makefile = read('Makefile');
// Inside `make test PART=…` the flags of that make would bring its own part along.
const run = (program: string, ...args: readonly string[]) =>
  spawnSync(program, args, {
    cwd: project,
    env: { ...process.env, MAKEFLAGS: '' },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
const stepsOf = (pipeline: string) => definition.steps.filter((step) => step.pipeline === pipeline);
const linesIn = (pipeline: string): readonly string[] => stepsOf(pipeline).flatMap(linesOf);

const checks = [
  'make tools FOR=tests',
  'make plan-changes check test PART=project STRICT=1',
  'make tools FOR=gates',
  'make image security test PART=gates STRICT=1',
];
const release = [
  'make bench ARGS=--quick',
  'make tools FOR=build',
  'make image push sign',
  'make tools FOR=release',
  'make release ENV=dev',
  'make tools FOR=release',
  'make release ENV=staging LOAD_TEST=yes',
  'make tools FOR=drills',
  'make deploy-local drill DRILLS=task-killed,zone-lost,database-gone,broken-deployment STRICT=1',
  'make tools FOR=plan',
  'make plan ENV=prod PLAN=release/prod.tfplan',
  'make tools FOR=release',
  'make release ENV=prod PLAN=release/prod.tfplan',
];

test("the project's pipeline keeps every rule", () => {
  expect(judgePipeline(definition)).toEqual([]);
});

test.each([
  ['pull-requests/**', checks],
  ['branches/main', [...checks, ...release]],
])('%s runs every check, and nothing else than this', (pipeline, lines) => {
  expect(linesIn(pipeline)).toEqual(lines);
});

/** What a person or a schedule starts, by the environments that have it. */
const all = ['dev', 'staging', 'prod'];
const open = ['dev', 'staging'];
const started: readonly (readonly [string, readonly string[], ...string[]])[] = [
  ['rollback-ENV', all, 'release', 'rollback ENV=ENV'],
  ['rotate-cursor-key-ENV', open, 'release', 'rotate-cursor-key ENV=ENV'],
  [
    'rotate-cursor-key-ENV',
    ['prod'],
    ...['plan', 'plan ENV=ENV PLAN=release/rotation.tfplan'],
    ...['release', 'rotate-cursor-key ENV=ENV PLAN=release/rotation.tfplan'],
  ],
  ['destroy-ENV', open, 'plan', 'destroy ENV=ENV'],
  ['load-data-ENV', open, 'release', 'deploy ENV=ENV DATA=yes'],
  ['nightly-drift-ENV', all, 'plan', 'drift ENV=ENV'],
  ['nightly-rescan-ENV', all, 'release', 'verify ENV=ENV ARCHIVE=yes', 'rescan', 'security ENV=ENV'],
  ['nightly-drills', [''], 'drills', 'deploy-local drill STRICT=1'],
  ['nightly-mutants', [''], 'tests', 'roles mutants ROLES=all'],
];

test('what a person or a schedule starts runs exactly this, for each environment that has it', () => {
  const meant = started.flatMap(([name, environments, ...lines]) =>
    environments.map((environment) => [
      `custom/${name.replace('ENV', environment)}`,
      lines.map((line, at) =>
        `make ${at % 2 === 0 ? 'tools FOR=' : ''}${line}`.replace('ENV=ENV', `ENV=${environment}`),
      ),
    ]),
  );
  const custom = [...new Set(definition.steps.map(({ pipeline }) => pipeline))].filter((name) =>
    name.startsWith('custom/'),
  );

  expect(Object.fromEntries(custom.map((name) => [name, linesIn(name)]))).toEqual(Object.fromEntries(meant));
});

/** Size and minutes of a step, by the last target that it calls: a bound on a hang, and what an hour's token still covers. */
const bounds: Readonly<Record<string, readonly string[]>> = {
  test: ['2x 17', '2x 13'],
  bench: ['1x 10'],
  security: ['2x 20'],
  sign: ['2x 20'],
  plan: ['1x 20'],
  drift: ['1x 20'],
  verify: ['1x 20'],
  drill: ['2x 40', '2x 60'],
  mutants: ['2x 40'],
};

test('each step has the size and the minutes that its work takes, and Docker the memory for a build', () => {
  const wrong = definition.steps
    .map((step) => {
      const { size, 'max-time': minutes } = step.settings;
      const target = callsOf(step).at(-1)?.target ?? '';
      return {
        name: step.name,
        has: `${String(size)} ${String(minutes)}`,
        meant: bounds[target] ?? ['1x 45'],
      };
    })
    .filter(({ has, meant }) => !meant.includes(has));

  expect(wrong).toEqual([]);
  expect(settingsOf(definition.content['definitions'])['services']).toEqual({
    docker: { type: 'docker', memory: 2048 },
  });
  expect(definition.content['options']).toEqual({ 'max-time': 30 });
});

/** By the last target of a step: what it leaves, whatever came of it or after a success only. */
const left: Readonly<Record<string, readonly string[]>> = {
  test: ['tests always reports/tests/**', 'security always reports/security/**'],
  bench: [''],
  sign: ['image success release/image'],
  plan: ['plan success release/*.tfplan,release/*.tfplan.json'],
  drift: ['plan success release/*.tfplan,release/*.tfplan.json'],
  verify: ['deployed success release/deployed-*.tar'],
  security: ['security always reports/security/**'],
  drill: ['drills always reports/drills/**'],
  mutants: ['mutants always reports/mutants/**'],
};

test('each step leaves what the next one takes, and what a person reads after a failure', () => {
  const wrong = definition.steps.flatMap((step) => {
    const target = callsOf(step).at(-1)?.target ?? '';
    const leaves = listOf(settingsOf(step.settings['artifacts'])['upload'])
      .map(settingsOf)
      .map(({ name, 'capture-on': on = 'success', paths }) => [name, on, listOf(paths).join()].join(' '))
      .join();
    const meant = left[target] ?? ['probes always reports/verify/**,reports/load-test/**'];
    return meant.includes(leaves) ? [] : [`${step.name} leaves "${leaves}", not ${meant.join(' or ')}`];
  });

  expect(wrong).toEqual([]);
});

test('nothing but what does no harm is filled in for who starts a pipeline', () => {
  const asked = variablesOf(definition).map(({ pipeline, variable }) => {
    const { name, default: given = '(none)', 'allowed-values': allowed } = variable;
    return [pipeline.replace(/-(dev|staging|prod)$/, ''), name, given, ...listOf(allowed)].join(' ');
  });

  expect([...new Set(asked)]).toEqual([
    'custom/rollback IMAGE (none)',
    'custom/rotate-cursor-key STEP accept accept sign drop',
    'custom/destroy CONFIRM no',
    'custom/load-data FILE ',
  ]);
});

test('one red check hides no other: all of them end', () => {
  const groups = ['pull-requests', 'branches'].flatMap((kind) =>
    Object.values(settingsOf(settingsOf(definition.content['pipelines'])[kind])).flatMap((items) =>
      listOf(items).flatMap((item) => settingsOf(item)['parallel'] ?? []),
    ),
  );

  expect(groups.map((group) => settingsOf(group)['fail-fast'])).toStrictEqual([false, false]);
});

test('no check waits for a person, signs in, or is left out under a condition', () => {
  const settings = stepsOf('pull-requests/**').map((step) => step.settings);

  expect(settings).toHaveLength(2);
  for (const name of ['trigger', 'oidc', 'deployment', 'condition'])
    expect(settings.map((of) => of[name])).toStrictEqual(settings.map(() => undefined));
});

test('secrets are looked for in every commit', () => {
  const step = stepsOf('pull-requests/**').find((one) =>
    linesOf(one).some((line) => line.startsWith('make image security ')),
  );

  expect(step?.settings['clone']).toEqual({ depth: 'full' });
});

test('every step has a size and a time limit, and calls targets that the Makefile has', () => {
  const targets = new Set([...makefile.matchAll(/^([a-z][a-z-]*):(?![=:])/gm)].map(([, name = '']) => name));
  const unknown = definition.steps.flatMap(callsOf).filter(({ target }) => !targets.has(target));
  const unbounded = definition.steps.filter(({ settings }) => !settings['size'] || !settings['max-time']);

  expect([unknown, unbounded]).toEqual([[], []]);
});

test('each role, and the token that the local issuer makes, outlive the longest step that signs in by a quarter of an hour', () => {
  const sessions = [...read('terraform/bootstrap/roles.tf').matchAll(/max_session_duration = (\d+)/g)];
  const tokens = [...read('tools/sandbox/pipeline/tokens.ts').matchAll(/lifetimeSeconds = ([\d_]+)/g)];
  const seconds = [...sessions, ...tokens].map(([, text = '']) => Number(text.replace('_', '')));

  expect(seconds).toHaveLength(3);
  expect(Math.min(...seconds)).toBeGreaterThanOrEqual((longestMinutes + 15) * 60);
});

test('docs/deploy.md tells what each step of main counts at most, as the file has it', () => {
  const page = read('docs/deploy.md');

  expect(replaceBlock(page, 'minutes', describeMinutes(definition))).toBe(page);
});

test('a recipe of the Makefile ends with its first failure', () => {
  const recipes = makefile.split('\n').filter((line) => line.startsWith('\t'));

  expect(makefile).toMatch(/^\.SHELLFLAGS := -euo pipefail -c$/m);
  expect(makefile).toMatch(/^SHELL := \/bin\/bash$/m);
  expect(recipes.length).toBeGreaterThan(30);
  expect(recipes.filter((line) => /^\t@?-|\|\| *(true|:)|; *true *$|set \+e|^\.IGNORE/.test(line))).toEqual(
    [],
  );
});

/** What a target takes before itself, from make's own view of the Makefile. */
const databases = new Map<string, string>();
const prerequisitesOf = (target: string, kind = ''): readonly string[] => {
  const database =
    databases.get(kind) ?? run('make', '--print-data-base', '--dry-run', 'help', `FOR=${kind}`).stdout;
  databases.set(kind, database);
  return (new RegExp(`^${target}:(?!=)(.*)$`, 'm').exec(database)?.[1] ?? '').trim().split(' ');
};

test('make check is made of every check that needs no running service', () => {
  const { stdout } = run('make', '--dry-run', 'check');

  for (const part of [
    'npm run lint',
    'npm run typecheck',
    'node tools/checks/pipeline-check.ts',
    'terraform fmt -check -diff -recursive',
    '.cache/bin/tflint --config=',
    'npm run plans --silent -- check',
    'node tools/checks/roles/main.ts',
  ])
    expect(stdout).toContain(part);
});

/** Of what a step calls by name: in node:24-bookworm, which is Debian's buildpack-deps with Node.js. */
const inImage = [
  ...['apt-get', 'bash', 'cp', 'curl', 'dpkg-deb', 'git', 'node', 'npm', 'npx', 'openssl', 'pgrep', 'ps'],
  ...['python3', 'sh', 'tar', 'unzip'],
];
const starts = /\b(?:run|output|answer|execFile(?:Sync)?|spawn(?:Sync)?)\(\s*'([a-z][a-z0-9-]*)',/g;
/** Asked for, and done without: tasks run as processes, rivals are left out, only a base of this machine is made of packages. */
const optional: Readonly<Record<string, readonly string[]>> = {
  drill: ['podman'],
  bench: ['go'],
  test: ['mvn'],
};
/** What the image may lack; a recipe that names one starts it. */
const inRecipes = /(?<=^|[\s;(@])(terraform|go|haproxy|podman|docker|buildah|promtool|java|unzip)(?= )/gm;

/** Each verb of the release program loads what it needs, so that one verb's programs are no other's. */
function entriesOf(file: string, verb: string): readonly string[] {
  if (file !== 'tools/release/main.ts') return [file];
  const block =
    read(file)
      .split(/\.command\('/)
      .find((one) => one.startsWith(verb)) ?? '';
  const loaded = [...block.matchAll(/import\('\.\/(.+?)'\)/g)].map(([, name = '']) => name);
  return [...loaded, ...(block.includes('openAccount') ? ['account.ts'] : [])].map(
    (name) => `tools/release/${name}`,
  );
}

/** What a step starts: by its recipes, and by all that the scripts in them import. */
async function programsOf(step: (typeof definition.steps)[number]): Promise<readonly string[]> {
  const lines = linesOf(step).filter(
    (line) => !line.startsWith('make tools') && !line.startsWith('make test'),
  );
  const recipes = lines
    .map((line) => run('bash', '-c', `${line.replace('make', 'make --dry-run')} CI=1`).stdout)
    .join('\n');
  const scripts = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const called = [...recipes.matchAll(/npm run ([\w:-]+)/g)].map(
    ([, name = '']) => scripts.scripts[name] ?? '',
  );
  const commands = [...`${recipes}\n${called.join('\n')}`.matchAll(/node (\S+\.ts)(?: ([a-z-]+))?/g)];
  const entries = commands.flatMap(([, file = '', verb = '']) => entriesOf(file, verb));
  const { metafile } = await build({
    entryPoints: [...new Set(entries)],
    absWorkingDir: project,
    outdir: 'nowhere',
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    metafile: true,
    write: false,
    logLevel: 'silent',
    loader: { '.node': 'empty' },
  });
  const sources = Object.keys(metafile.inputs)
    .filter((file) => file.endsWith('.ts'))
    .map(read);
  const started = sources.flatMap((source) => [...source.matchAll(starts)].map(([, name = '']) => name));
  return [
    ...new Set([
      ...started.filter((name) => !['plan', 'apply'].includes(name)),
      ...[...recipes.matchAll(inRecipes)].map(([name]) => name),
    ]),
  ].sort();
}

test('each step starts nothing but what the image has and what the step installs', async () => {
  const kinds: Readonly<Record<string, { pinned: readonly string[]; debian: readonly string[] }>> =
    optionalTools.steps;
  const seen = new Map<string, readonly string[]>();
  const lacking: string[] = [];
  for (const step of definition.steps) {
    const key = linesOf(step).join('\n');
    const programs = seen.get(key) ?? (await programsOf(step));
    seen.set(key, programs);
    const kind = /^make tools FOR=(\w+)$/.exec(linesOf(step)[0] ?? '')?.[1] ?? '';
    const { pinned = [], debian = [] } = kinds[kind] ?? {};
    const without = callsOf(step).flatMap(({ target, settings }) =>
      // With ENV it scans one image, and no Terraform.
      target === 'security' && 'ENV' in settings ? ['terraform'] : (optional[target] ?? []),
    );
    const services = listOf(step.settings['services']).map(String);
    const there = [...inImage, ...pinned, ...debian, ...services, ...without];
    lacking.push(...programs.filter((name) => !there.includes(name)).map((name) => `${step.name}: ${name}`));
  }

  expect([...seen.values()].flat()).toEqual(
    expect.arrayContaining(['terraform', 'haproxy', 'git', 'python3']),
  );
  expect(lacking).toEqual([]);
});

test('each kind of step installs what its targets start', () => {
  const kindOf: Readonly<Record<string, string>> = { haproxy: 'drills', terraform: 'plan', go: 'release' };
  for (const [program, kind] of Object.entries(kindOf))
    expect(JSON.stringify(Object.entries(optionalTools.steps).find(([name]) => name === kind))).toContain(
      program,
    );
  const drilling = definition.steps.filter((step) => callsOf(step).some(({ target }) => target === 'drill'));
  expect(drilling.map((step) => linesOf(step)[0])).toEqual(drilling.map(() => 'make tools FOR=drills'));
});

const caches = Object.entries(settingsOf(settingsOf(definition.content['definitions'])['caches'])).map(
  ([name, cache]) => {
    const { path, key } = settingsOf(cache);
    return { name, path, files: listOf(settingsOf(key)['files']).map(String) };
  },
);
const cachesIn = (step: (typeof definition.steps)[number]) =>
  caches.filter(({ name }) => listOf(step.settings['caches']).includes(name));

test('each cache is defined, has a path of its own in a step, and a key of files that are there', () => {
  const wrong = definition.steps.filter((step) => {
    const paths = cachesIn(step).map(({ path }) => path);
    return paths.length !== listOf(step.settings['caches']).length || new Set(paths).size !== paths.length;
  });

  expect(wrong.map(({ name }) => name)).toEqual([]);
  expect(caches.filter(({ files }) => files.length === 0)).toEqual([]);
  expect(caches.flatMap(({ files }) => files).filter((file) => !existsSync(join(project, file)))).toEqual([]);
});

test('packages and pinned programs are cached by the files that decide what they are', () => {
  expect(Object.fromEntries(caches.map(({ name, files }) => [name, files]))).toMatchObject({
    'npm-modules': ['package.json', 'package-lock.json'],
    toolchain: ['tools/install/toolchain.json'],
  });
});

const pins = globSync('tools/install/go/*/go.mod', { cwd: project });
/** The folder of tools/install/go that names a program among its tools. */
const pinsOf = (tool: string): string =>
  pins
    .find((file) => new RegExp(`/${tool}(/v\\d+)?$`, 'm').test(readFileSync(join(project, file), 'utf8')))
    ?.split('/')[3] ?? `nothing pins ${tool}`;

test('each step fills a cache of Go tools with what the key of that cache names', () => {
  const filled = definition.steps.flatMap((step) =>
    cachesIn(step)
      .filter(({ path }) => path === '.cache/bin')
      .map(({ files }) => ({
        step: step.name,
        names: files.map((file) => file.split('/')[3] ?? '').sort(),
        builds: [
          ...new Set(
            callsOf(step).flatMap(({ target, settings }) =>
              prerequisitesOf(target, settings['FOR']).flatMap(
                (name) => /^\.cache\/bin\/(.+)$/.exec(name)?.slice(1, 2).map(pinsOf) ?? [],
              ),
            ),
          ),
        ].sort(),
      })),
  );

  expect(filled.length).toBeGreaterThan(10);
  expect(filled.filter(({ builds, names }) => builds.join() !== names.join())).toEqual([]);
});

test('each step with Python tools installs all of them, each of which is pinned and in the key', () => {
  const using = definition.steps.filter((step) => cachesIn(step).some(({ name }) => name === 'python-tools'));
  const pinned = readdirSync(join(project, 'tools/install/python')).filter((file) => file.endsWith('.txt'));
  const key = caches.find(({ name }) => name === 'python-tools')?.files;

  expect(using.length).toBeGreaterThan(3);
  for (const step of using) expect(linesOf(step)[0]).toMatch(/^make tools FOR=(tests|gates|drills)$/);
  expect(key).toEqual(pinned.sort().map((file) => `tools/install/python/${file}`));
  expect(optionalTools.python.map(({ environment }) => `${environment}.txt`).sort()).toEqual(pinned);
});

const argumentsFor = (...part: string[]) => run(process.execPath, 'tools/checks/test-parts.ts', ...part);

test('each test file runs in exactly one part, and no part names what is not there', () => {
  const gates = argumentsFor('gates').stdout.trim().split(' ');

  expect(gates.filter((path) => !existsSync(join(project, path)))).toEqual([]);
  expect(argumentsFor('project').stdout).toBe(`--coverage --testPathIgnorePatterns ${gates.join(' ')}\n`);
  expect(argumentsFor().stdout).toBe('--coverage\n');
});

test.each(['nonsense', 'Project', 'toString'])('an unknown part such as %s is misuse', (part) => {
  const { status, stderr } = argumentsFor(part);

  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: expect.stringContaining(
      `PART is project or gates, or nothing for all tests; not ${part}.`,
    ) as unknown,
  });
});

const check = (file: string) => run(process.execPath, 'tools/checks/pipeline-check.ts', file);

test.each([
  [
    'that breaks a rule fails, and says where',
    'pipelines:\n  default:\n    - step: { name: a, script: [npm ci] }',
    1,
    'only-make: default, step "a"',
  ],
  [
    'with an alias to nowhere is misuse, in one sentence',
    'image: *nowhere',
    2,
    "can't be read: Unresolved alias",
  ],
])('make pipeline-check of a file %s', (_what, text, code, message) => {
  const folder = mkdtempSync(join(tmpdir(), 'pipeline-'));
  writeFileSync(join(folder, 'file.yml'), text);

  const { status, stderr } = check(join(folder, 'file.yml'));

  rmSync(folder, { recursive: true });
  expect(status).toBe(code);
  expect(stderr).toContain(message);
  expect(stderr).not.toMatch(/^ +at /m);
});

test('a pipelines file that is not there is misuse', () => {
  expect(check('none.yml')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('Name a pipelines file.') as unknown,
  });
});

describeWith([built('python/check-jsonschema')], "Bitbucket's published schema", () => {
  test('is kept by the pipeline, and breaks a file that is none', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pipeline-'));
    writeFileSync(
      join(folder, 'file.yml'),
      'pipelines:\n  default:\n    - step: { script: [make test], size: huge }',
    );

    expect(check('bitbucket-pipelines.yml').stdout).toContain("Bitbucket's schema: kept.");
    expect(check(join(folder, 'file.yml')).stderr).toContain('huge');
    rmSync(folder, { recursive: true });
  });
});
