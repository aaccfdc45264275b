import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Problem } from '../../app/src/commands/problem.ts';
import { output, run } from '../lib/processes.ts';

/** Something that a build takes in, by its content (a resource descriptor of in-toto). */
interface Material {
  readonly name: string;
  readonly uri?: string;
  /** `sha256` or `gitCommit`; none of what nobody but this machine has. */
  readonly digest?: Readonly<Record<string, string>>;
}

/** How an image was built: the predicate https://slsa.dev/provenance/v1 of an in-toto statement about the image. */
export interface Provenance {
  readonly buildDefinition: {
    readonly buildType: string;
    readonly externalParameters: { readonly repository: string; readonly target: string };
    readonly resolvedDependencies: readonly Material[];
  };
  readonly runDetails: {
    readonly builder: { readonly id: string; readonly builderDependencies: readonly Material[] };
    readonly metadata: { readonly invocationId: string };
  };
}

/** What an image's own labels say of its build. */
export interface Labels {
  readonly revision: string;
  readonly base: string;
}

/** Files that decide what gets into an image, into an account, or into the hands of who builds it. */
const isMaterial = (path: string): boolean =>
  /(^|\/)(package-lock\.json|go\.sum|\.terraform\.lock\.hcl)$|^(Dockerfile|bitbucket-pipelines\.yml|security\/modules\.lock\.json|app\/collector\/image\.json|tools\/install\/(toolchain\.json|python\/[\w-]+\.txt))$/.test(
    path,
  );

type ReadBytes = (path: string) => Promise<Buffer>;

interface Materials {
  readonly source: Material;
  readonly bases: readonly Material[];
  readonly stepImage: readonly Material[];
  readonly files: readonly Material[];
}

async function readMaterials(commit: string, paths: readonly string[], read: ReadBytes): Promise<Materials> {
  const hash = async (path: string): Promise<Material> => ({
    name: path,
    digest: {
      sha256: createHash('sha256')
        .update(await read(path))
        .digest('hex'),
    },
  });
  return {
    source: { name: 'source', digest: { gitCommit: commit } },
    bases: imagesIn(String(await read('Dockerfile')), /^ARG (\w+_IMAGE)=(\S+)@sha256:([0-9a-f]{64})$/gm),
    stepImage: imagesIn(
      String(await read('bitbucket-pipelines.yml')),
      /^(image): (\S+)@sha256:([0-9a-f]{64})$/gm,
    ).map((image) => ({ ...image, name: 'image of the step' })),
    files: await Promise.all(paths.filter(isMaterial).sort().map(hash)),
  };
}

const imagesIn = (text: string, pattern: RegExp): readonly Material[] =>
  [...text.matchAll(pattern)].map(([, name = '', uri = '', sha256 = '']) => ({
    name,
    uri,
    digest: { sha256 },
  }));

/** As the files lie here, for an image that was built from them just now. */
export async function describeBuild(
  project: string,
  { revision, base }: Labels,
  env: NodeJS.ProcessEnv,
): Promise<Provenance> {
  const paths = (await output('git', ['ls-files'], { cwd: project })).split('\n');
  const { source, bases, stepImage, files } = await readMaterials(revision, paths, (path) =>
    readFile(join(project, path)),
  );
  const isPinned = bases.some((one) => base === referenceOf(one));
  const {
    BITBUCKET_REPO_FULL_NAME: repository,
    BITBUCKET_BUILD_NUMBER: build,
    BITBUCKET_STEP_UUID: step,
  } = env;
  const address = `https://bitbucket.org/${repository ?? ''}`;
  const isStep = repository !== undefined && build !== undefined;
  return {
    buildDefinition: {
      buildType: 'urn:movies-api:make-image:v1',
      externalParameters: { repository: isStep ? address : 'a working copy', target: 'make image' },
      resolvedDependencies: [
        source,
        // The labels are the truth: bases that were named otherwise are none of the Dockerfile's.
        ...(isPinned ? bases : [{ name: 'BASE_IMAGE', uri: base }]),
        ...files,
      ],
    },
    runDetails: {
      builder: {
        id: isStep ? `${address}/pipelines` : "a person's machine",
        builderDependencies: isStep ? stepImage : [],
      },
      metadata: {
        invocationId: isStep ? `${address}/pipelines/results/${build}/steps/${step ?? ''}` : 'by hand',
      },
    },
  };
}

export async function writeProvenance(file: string, provenance: Provenance): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify(provenance, undefined, 2));
}

/**
 * Rejects unless one of the statements is true: each of its materials has the content that its commit has in git, and none is
 * left out. The statement is signed, so it is what the builder saw; git tells what a reviewer saw.
 */
export async function checkProvenance(
  image: string,
  statements: readonly Provenance[],
  { project, env }: { readonly project: string; readonly env: NodeJS.ProcessEnv },
): Promise<Provenance> {
  let faults: readonly string[] = ['there is no statement'];
  for (const statement of statements) {
    faults = await faultsOf(statement, project, isEmulated(env));
    if (faults.length === 0) return statement;
  }
  throw new Problem(
    `The provenance of ${image} does not hold:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    'Build, push and sign it again from a commit, without changes beside it. Nothing was changed.',
  );
}

async function faultsOf(
  { buildDefinition, runDetails }: Provenance,
  project: string,
  allowsLocalBase: boolean,
): Promise<readonly string[]> {
  const told = [...buildDefinition.resolvedDependencies, ...runDetails.builder.builderDependencies];
  const commit = told.find(({ name }) => name === 'source')?.digest?.['gitCommit'] ?? '';
  if (!/^[0-9a-f]{40}$/.test(commit))
    return [`source: it was built from ${commit === '' ? 'no commit' : commit}, which no reviewer has seen`];
  const { source, bases, stepImage, files } = await readCommit(project, commit);
  const isStep = runDetails.builder.builderDependencies.length > 0;
  const wanted = [source, ...bases, ...(isStep ? stepImage : []), ...files];
  const isFree = ({ name }: Material): boolean =>
    allowsLocalBase &&
    bases.some((base) => base.name === name) &&
    told.some((one) => one.name === 'BASE_IMAGE' && (one.uri ?? '').startsWith('localhost/'));
  const names = [...new Set([...wanted, ...told].map(({ name }) => name))];
  return names.flatMap((name) => {
    const [meant, found] = [wanted, told].map((all) => all.find((one) => one.name === name));
    if (meant !== undefined && isFree(meant)) return [];
    if (meant !== undefined && found !== undefined && referenceOf(meant) === referenceOf(found)) return [];
    const [inGit, inBuild] = [meant, found].map((one) => (one === undefined ? 'nothing' : referenceOf(one)));
    return [`${name}: the build took in ${inBuild}, commit ${commit.slice(0, 12)} holds ${inGit}`];
  });
}

/** From git itself: what lies here may be another commit. An old one is fetched, for a clone of a step is shallow. */
async function readCommit(project: string, commit: string): Promise<Materials> {
  const git = (...args: readonly string[]) => run('git', args, { cwd: project, encoding: 'latin1' });
  if ((await git('cat-file', '-e', `${commit}^{commit}`)).code !== 0)
    await git('fetch', '--quiet', '--depth=1', 'origin', commit);
  const { code, stdout, stderr } = await git('ls-tree', '-r', '--name-only', commit);
  if (code !== 0)
    throw new Problem(
      `Commit ${commit}, which the image was built from, can't be read: ${stderr.trim().split('\n')[0] ?? ''}`,
      `git fetch origin ${commit}, in a clone of the repository that built it.`,
    );
  return readMaterials(commit, stdout.split('\n'), async (path) => {
    const shown = await git('show', `${commit}:${path}`);
    return Buffer.from(shown.code === 0 ? shown.stdout : '', 'latin1');
  });
}

/** Nobody is served by an account on this machine, and its images can't have bases that nothing here can pull. */
const isEmulated = ({ AWS_ENDPOINT_URL: url = '' }: NodeJS.ProcessEnv): boolean =>
  /^http:\/\/(127\.0\.0\.1|localhost):\d+\/?$/.test(url);

const referenceOf = ({ uri = '', digest = {} }: Material): string => {
  const sum = digest['sha256'] === undefined ? digest['gitCommit'] : `sha256:${digest['sha256']}`;
  return uri === '' ? (sum ?? 'nothing') : sum === undefined ? uri : `${uri}@${sum}`;
};

/** For a person: where it comes from, and by what it was fixed. */
export function describeProvenance({ buildDefinition, runDetails }: Provenance): string {
  const { resolvedDependencies: materials, externalParameters } = buildDefinition;
  const { builder, metadata } = runDetails;
  const row = (what: string, text: string): string => `  ${what.padEnd(10)} ${text}`;
  const source = materials.find(({ name }) => name === 'source')?.digest?.['gitCommit'] ?? '';
  return [
    row('built from', `${source} of ${externalParameters.repository}`),
    row('by', metadata.invocationId),
    ...builder.builderDependencies.map((one) => row('in', referenceOf(one))),
    ...materials.filter(({ uri }) => uri !== undefined).map((one) => row('on', referenceOf(one))),
    ...materials
      .filter(({ digest, uri }) => digest?.['sha256'] !== undefined && uri === undefined)
      .map((one) => row('locked by', `${one.name} ${referenceOf(one)}`)),
  ].join('\n');
}
