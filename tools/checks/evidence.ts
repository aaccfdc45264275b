import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { createCommand, runCommand } from '../../app/src/commands/command.ts';
import { Misuse, Problem } from '../../app/src/commands/problem.ts';
import { output, run } from '../lib/processes.ts';
import { drawPlan } from './evidence-picture.ts';
import { renderPage, type Control, type Section, type Table } from './evidence-page.ts';
import { gates } from './gates/all.ts';
import { readExceptions, type Exception } from './gates/exceptions.ts';
import type { Verdict } from './gates/verdict.ts';
import { environments, type Environment } from './plans/inputs.ts';
import { denormalise, readRecording } from './plans/recording.ts';

/** `make evidence`: one folder and one page of what is claimed, what proves it, and when that was last looked at. */
const project = resolve(import.meta.dirname, '../..');
const document = join(project, 'docs', 'security.md');
const [sums, signature] = ['SHA256SUMS', 'SHA256SUMS.sigstore.json'];

/** How the tests of a file went, by the report of `make test`. */
export interface TestFile {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly at: string;
}

/** What `make test` left: one entry for each file of its report (JUnit, with the file of each scenario). */
export function readTests(junit: string): readonly TestFile[] {
  const files = new Map<string, TestFile>();
  for (const suite of junit.split('<testsuite ').slice(1)) {
    const at = /timestamp="([^"]+)"/.exec(suite)?.[1] ?? '';
    for (const scenario of suite.split('<testcase ').slice(1)) {
      const file = /\bfile="([^"]+)"/.exec(scenario)?.[1] ?? '';
      const outcome = /<(failure|error)\b/.test(scenario)
        ? 'failed'
        : /<skipped\b/.test(scenario)
          ? 'skipped'
          : 'passed';
      const known = files.get(file) ?? { file, passed: 0, failed: 0, skipped: 0, at };
      files.set(file, { ...known, [outcome]: known[outcome] + 1 });
    }
  }
  return [...files.values()];
}

/** The table of controls of docs/security.md, with what is known now of each proof that it names. */
export function readControls(
  text: string,
  verdict: Verdict | undefined,
  tests: readonly TestFile[],
): readonly Control[] {
  const start = text.indexOf('## Controls and their evidence');
  const rows = text
    .slice(start, text.indexOf('\n## ', start + 1))
    .split('\n')
    .filter((line) => /^\| (?!control |---)/.test(line));
  return rows.map((row) => {
    const [sentence = '', built = '', proof = '', frameworks = ''] = row
      .replace(/^\| | \|$/g, '')
      .split(' | ');
    const judged = [...proof.matchAll(/gate:([a-z-]+)/g)].map(([, id = '']): Judged => {
      const found = verdict?.gates.find((gate) => gate.id === id);
      const isChecked = found !== undefined && found.verdict !== 'not checked';
      return {
        name: id,
        result: isChecked ? `${found.verdict} on ${dayIn(verdict?.finishedAt)}` : 'not checked',
      };
    });
    const played = [...proof.matchAll(/\b(?:tests|modules|terraform)\/[\w./*-]+/g)].map(([path]): Judged => ({
      name: path,
      result: judgeTests(path, tests),
    }));
    return { sentence, built, proof, frameworks, result: sum([...judged, ...played]) };
  });
}

interface Judged {
  readonly name: string;
  readonly result: string;
}

const dayIn = (at = ''): string => at.slice(0, 10);

/** Once, where all went alike; else each by its name. */
function sum(judged: readonly Judged[]): string {
  const results = [...new Set(judged.map(({ result }) => result))];
  if (results.length <= 1) return results[0] ?? 'not checked';
  return results
    .map(
      (result) =>
        `${result}: ${judged
          .filter((one) => one.result === result)
          .map(({ name }) => name)
          .join(', ')}`,
    )
    .join('; ');
}

function judgeTests(path: string, tests: readonly TestFile[]): string {
  // Tests of Terraform are run by one file.
  const start = path.startsWith('tests/') ? path : 'tests/terraform/plans.test.ts';
  const found = tests.filter(({ file }) => file.startsWith(start));
  const count = (of: 'passed' | 'failed' | 'skipped'): number =>
    found.reduce((total, file) => total + file[of], 0);
  if (count('failed') > 0) return `failed (${count('failed')} tests)`;
  if (count('passed') === 0) return 'not checked';
  const open = count('skipped') > 0 ? `, ${count('skipped')} tests not checked` : '';
  return `passed on ${dayIn(found[0]?.at)}${open}`;
}

/** The first table of a Markdown page, and the others, as titles and rows. */
export function readMarkdownTables(markdown: string): readonly Table[] {
  const blocks = markdown
    .split(/\n(?!\|)/)
    .map((block) => block.split('\n').filter((line) => line.startsWith('|')));
  const cells = (line: string): readonly string[] =>
    line
      .slice(1, line.lastIndexOf('|'))
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll('\\|', '|').replaceAll('<br>', ' '));
  return blocks
    .filter((lines) => lines.length > 2)
    .map(([head = '', , ...rows]) => ({ head: cells(head), rows: rows.map(cells) }));
}

const isThere = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
const readIfThere = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').catch(() => undefined);
const dayOf = async (path: string): Promise<string> => (await stat(path)).mtime.toISOString().slice(0, 10);

/** Reports that runs against a deployment left: one Markdown page for each, its picture beside it. */
async function readRuns(folder: string): Promise<NonNullable<Section['parts']>> {
  const names = (await readdir(folder).catch((): string[] => [])).filter(
    (name) => name.endsWith('.md') && name !== 'report.md',
  );
  return Promise.all(
    names.sort().map(async (name) => {
      const text = await readFile(join(folder, name), 'utf8');
      const [table = { head: [], rows: [] }] = readMarkdownTables(text);
      const title = /^#+ (.*)$/m.exec(text)?.[1] ?? name;
      const figures = text.split('\n').find((line) => /^(Recovered|Restored)/.test(line)) ?? '';
      const picture = await readIfThere(join(folder, name.replace(/md$/, 'svg')));
      return {
        title: `${title}, ${await dayOf(join(folder, name))}`,
        about: figures,
        table,
        ...(picture === undefined ? {} : { picture }),
      };
    }),
  );
}

function describeExceptions(exceptions: readonly Exception[], today: string): Table {
  return {
    head: ['gate', 'rule', 'on', 'why', 'what protects instead', 'owner', 'ends'],
    rows: exceptions.map(({ gate, rule, resource, reason, control, owner, expires }) => [
      gate.join(', '),
      rule.join(', '),
      resource.join(', '),
      reason,
      control,
      owner,
      expires < today ? `${expires} expired` : expires,
    ]),
  };
}

/** Runs `make roles`, and reads how each kind of request was decided. */
async function proveRoles(folder: string): Promise<Section> {
  const { code, stdout } = await run(
    process.execPath,
    ['tools/checks/roles/main.ts', '--prove', '--json', join(folder, 'roles.json')],
    { cwd: project },
  );
  await writeFile(join(folder, 'roles.txt'), stdout);
  const rows = [...stdout.matchAll(/^(.*\S) +(\d+) allowed +(\d+) denied +(\d+) otherwise$/gm)].map(
    ([, ...cells]) => cells,
  );
  const { roles = {} } = JSON.parse((await readIfThere(join(folder, 'roles.json'))) ?? '{}') as {
    roles?: Readonly<Record<string, unknown>>;
  };
  const last = stdout.trim().split('\n').at(-1) ?? '';
  const proven = /^.*(claims proven|NOT PROVEN).*$/m.exec(stdout)?.[0] ?? 'nothing proven';
  return {
    title: 'Roles',
    about: `${rows.length === 0 ? 'not checked' : code === 0 ? 'passed' : 'FAILED'}: ${last} ${proven} (\`roles.txt\`). Roles: ${Object.keys(roles).join(', ')}. Their documents are in \`roles.json\`.`,
    table: { head: ['requests of', 'meant to be allowed', 'meant to be denied', 'decided otherwise'], rows },
  };
}

async function listLocks(): Promise<Section> {
  const { modules } = JSON.parse(await readFile(join(project, 'security', 'modules.lock.json'), 'utf8')) as {
    modules: Readonly<Record<string, Readonly<Record<string, { tree: string; files: object }>>>>;
  };
  return {
    title: 'Modules',
    about:
      'Registry modules that were reviewed, by the git tree of their release. `make check` and every plan compare each file.',
    table: {
      head: ['module', 'release', 'files', 'tree'],
      rows: Object.entries(modules).flatMap(([name, releases]) =>
        Object.entries(releases).map(([version, { tree, files }]) => [
          name,
          version,
          String(Object.keys(files).length),
          tree,
        ]),
      ),
    },
  };
}

/** Bills of materials and provenance, as `make sign` wrote them. */
async function listMaterials(reports: string, folder: string): Promise<Section> {
  const names = ['image.cdx.json', 'repository.cdx.json', 'provenance.json'];
  const rows = await Promise.all(
    names.map(async (name) => {
      const file = join(reports, 'security', name);
      const text = await readIfThere(file);
      if (text === undefined) return [name, 'not checked: `make sign` writes it', ''];
      await copyFile(file, join(folder, name));
      const { components = [], buildDefinition } = JSON.parse(text) as {
        components?: readonly unknown[];
        buildDefinition?: {
          resolvedDependencies: readonly { name: string; digest?: Readonly<Record<string, string>> }[];
        };
      };
      const source = buildDefinition?.resolvedDependencies.find((one) => one.name === 'source')?.digest?.[
        'gitCommit'
      ];
      return [
        name,
        source === undefined
          ? `${components.length} components`
          : `built from ${source}, ${buildDefinition?.resolvedDependencies.length ?? 0} materials`,
        await dayOf(file),
      ];
    }),
  );
  return {
    title: 'Image',
    about:
      'What is in the image and in the repository (CycloneDX), and what the image was built from (SLSA). The same lists are signed and attached to the image.',
    table: { head: ['file', 'holds', 'made'], rows },
  };
}

/** What `make mutants` left: how many known mistakes the checks stopped, and which check stopped each. */
export function readMutants(markdown: string | undefined, day: string): Section {
  const title = 'Mistakes made on purpose';
  if (markdown === undefined) return { title, about: 'not checked: `make mutants` leaves a report' };
  const score = /^killed .*$/m.exec(markdown)?.[0] ?? 'not checked: the report holds no score';
  const [table = { head: [], rows: [] }] = readMarkdownTables(markdown);
  return {
    title,
    about: `${score}, on ${day}: mistakes in copies of this project, and the check of a pull request that stopped each. Half of them are drawn, so that nobody chooses what is easy.`,
    table,
  };
}

interface Gathered {
  readonly sections: readonly Section[];
  readonly commit: string;
}

/** What the gates looked at, and when; the page of another commit says so. */
export const tellGates = (
  verdict: Pick<Verdict, 'commit' | 'finishedAt'> | undefined,
  commit: string,
): string =>
  verdict === undefined
    ? 'not checked'
    : `commit \`${verdict.commit}\`${verdict.commit === commit ? '' : ', not the one of this page'}, ${verdict.finishedAt}`;

async function gather(environment: Environment, folder: string, today: string): Promise<Gathered> {
  const reports = join(project, 'reports');
  const verdictFile = join(reports, 'security', 'verdict.json');
  const verdictText = await readIfThere(verdictFile);
  const verdict = verdictText === undefined ? undefined : (JSON.parse(verdictText) as Verdict);
  if (verdict !== undefined) await copyFile(verdictFile, join(folder, 'gates.json'));
  const tests = readTests((await readIfThere(join(reports, 'tests', 'junit.xml'))) ?? '');
  const controls = readControls(await readFile(document, 'utf8'), verdict, tests);
  const picture = await drawPlan(denormalise((await readRecording(project, environment)).plan));
  await writeFile(join(folder, 'architecture.svg'), picture);
  const mutantsFile = join(reports, 'mutants', 'mutants.md');
  const mutants = await readIfThere(mutantsFile);
  const drills = await readRuns(join(reports, 'drills'));
  const restores = [
    ...drills.filter(({ title }) => title.startsWith('Movies are lost')),
    ...(await readRuns(join(reports, 'restores'))),
  ];
  const exceptions = await readExceptions(project, [...gates.map(({ id }) => id), 'exceptions']);
  for (const name of ['security/modules.lock.json', 'security/exceptions.yaml'])
    await copyFile(join(project, name), join(folder, basename(name)));
  const commit = await output('git', ['rev-parse', 'HEAD'], { cwd: project });
  return {
    commit,
    sections: [
      {
        title: 'Controls',
        about: `${controls.length} controls. Gates: ${tellGates(verdict, commit)}. Tests: ${tests.length === 0 ? 'not checked' : `${tests.length} files, ${tests[0]?.at ?? ''}`}.`,
        table: {
          head: ['control', 'built in', 'proof', 'FSBP · CIS 5.0 · PCI DSS 4.0', 'result'],
          rows: controls.map((one) => [one.sentence, one.built, one.proof, one.frameworks, one.result]),
        },
      },
      {
        title: 'Architecture',
        about: `What the recorded plan of \`${environment}\` builds, drawn from it: a line leads from what uses to what is used. Keys, networks and logs are joined to nearly all, so their lines are left out.`,
        picture,
      },
      await proveRoles(folder),
      readMutants(mutants, mutants === undefined ? '' : await dayOf(mutantsFile)),
      await listLocks(),
      await listMaterials(reports, folder),
      {
        title: 'Drills',
        about:
          drills.length === 0
            ? 'not checked: `make drill` leaves a report'
            : `${drills.length} reports of \`make drill\`, on the local deployment.`,
        parts: drills,
      },
      {
        title: 'Restores',
        about:
          restores.length === 0
            ? 'not checked: the drill `restore` and `make restore` leave a report'
            : 'What `make restore` found beside the table that serves, and its drill under load, where there is one.',
        parts: restores,
      },
      {
        title: 'Exceptions',
        about:
          'Findings that somebody decided to live with, for a while. One that is past its end fails `make security`.',
        table: describeExceptions(exceptions, today),
      },
    ],
  };
}

const filesIn = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((name) => ![sums, signature].includes(name))
    .sort();

/** As `sha256sum --check` reads it. */
const listSums = async (folder: string): Promise<string> =>
  (
    await Promise.all(
      (await filesIn(folder)).map(
        async (name) =>
          `${createHash('sha256')
            .update(await readFile(join(folder, name)))
            .digest('hex')}  ${name}\n`,
      ),
    )
  ).join('');

/** The release's own program signs, by the key that it signs images with. */
const callRelease = async (...args: readonly string[]): Promise<void> => {
  const { code, stderr } = await run(process.execPath, ['tools/release/main.ts', ...args], { cwd: project });
  const [reason = '', remedy = ''] = stderr
    .replace(/^error: /, '')
    .trim()
    .split('\n');
  if (code !== 0) throw new Problem(reason, remedy);
};

/** Writes the sums of a folder's files, and signs them where there is a key. */
export async function seal(folder: string, key: string | undefined): Promise<void> {
  await writeFile(join(folder, sums), await listSums(folder));
  if (key !== undefined)
    await callRelease('sign-file', join(folder, sums), '--bundle', join(folder, signature), '--key', key);
}

/** Rejects unless each file of a folder is what was signed, and none was added. */
export async function checkSeal(folder: string, key: string): Promise<void> {
  if (!(await isThere(join(folder, signature))))
    throw new Problem(`${folder} is not signed.`, 'Make it again with SIGNING_KEY: make evidence.');
  await callRelease('verify-file', join(folder, sums), '--bundle', join(folder, signature), '--key', key);
  const [listed, found] = [await readFile(join(folder, sums), 'utf8'), await listSums(folder)];
  const lines = found.split('\n');
  const other = [
    ...new Set([
      ...listed.split('\n').filter((line) => !lines.includes(line)),
      ...lines.filter((line) => !listed.split('\n').includes(line)),
    ]),
  ].map((line) => line.split('  ')[1] ?? line);
  if (other.length > 0)
    throw new Problem(
      `It is not what was signed: ${[...new Set(other)].join(', ')}`,
      'Take the folder from where it was made.',
    );
}

interface Options {
  readonly env: string;
  readonly out: string;
  readonly verify?: string;
}

const command = createCommand(
  'make evidence',
  'One folder and one page for an auditor: what is claimed, what proves it, and when',
)
  .option('--env <name>', `whose recorded plan is drawn: ${environments.join(', ')}`, 'prod')
  .option('--out <folder>', 'where to; emptied first', 'reports/evidence')
  .option('--verify <folder>', 'instead: whether each file still is what was signed')
  .addHelpText(
    'after',
    '\nIt takes what make security, test, sign, drill, restore and mutants left in reports/, and runs make roles.\nSIGNING_KEY signs it and verifies it: a file, or awskms:///…\n\nExit codes: 0 done, 1 it is not what was signed, 2 misuse.',
  );

async function main(argv: readonly string[]): Promise<void> {
  const { env, out, verify } = command.parse(argv, { from: 'user' }).opts<Options>();
  const named = process.env['SIGNING_KEY'] ?? '';
  const key = named === '' || named === 'none' ? undefined : named;
  if (verify !== undefined) {
    if (key === undefined)
      throw new Misuse('SIGNING_KEY names no key.', 'The public key: a file, or awskms:///…');
    await checkSeal(resolve(verify), key);
    console.log(`${verify} is what was signed with ${key}.`);
    return;
  }
  const environment = environments.find((one) => one === env);
  if (environment === undefined)
    throw new Misuse(`There is no environment ${env}.`, `One of: ${environments.join(', ')}`);
  const folder = resolve(project, out);
  if ((await isThere(folder)) && !(await isThere(join(folder, sums))))
    throw new Misuse(
      `${out} is there, and is no evidence.`,
      'Name a folder that is new, or one that this made.',
    );
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  console.log('Deciding what each role may do, which takes a minute …');
  const madeAt = new Date();
  const { sections, commit } = await gather(environment, folder, madeAt.toISOString().slice(0, 10));
  await writeFile(join(folder, 'index.html'), renderPage({ commit, madeAt, signedWith: key, sections }));
  await seal(folder, key);
  console.log(
    `${relative(project, folder)}/index.html, ${key === undefined ? 'not signed: SIGNING_KEY names no key' : `signed with ${key}`}`,
  );
}

if (process.argv[1] === import.meta.filename) await runCommand(main);
