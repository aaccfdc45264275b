import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { parse } from '@cdktn/hcl2json';
import { Problem, reasonOf } from '../../app/src/commands/problem.ts';
import { parseRegistrySource } from './module-releases.ts';

/** A file of a module's tree. Paths are relative, with `/`. */
export interface TreeFile {
  readonly path: string;
  readonly kind: 'file' | 'executable' | 'symlink';
  readonly content: Buffer;
}

/**
 * The normalised tree of a directory, sorted by path: what git would track of it, and nothing that depends on how it
 * came here. Git's own directory is left out; owners, times, and permissions other than "executable" don't count; a
 * link is its target's name and is not followed.
 */
export async function readTree(directory: string): Promise<TreeFile[]> {
  const files = await readLevel(directory, '');
  return files.sort((left, right) => compareBytes(left.path, right.path));
}

async function readLevel(directory: string, prefix: string): Promise<TreeFile[]> {
  const names = (await readdir(directory)).filter((name) => prefix !== '' || name !== '.git');
  const files = await Promise.all(names.map((name) => readEntry(join(directory, name), `${prefix}${name}`)));
  return files.flat();
}

async function readEntry(absolute: string, path: string): Promise<TreeFile[]> {
  const status = await lstat(absolute);
  if (status.isDirectory()) return readLevel(absolute, `${path}/`);
  if (status.isSymbolicLink())
    return [{ path, kind: 'symlink', content: Buffer.from(await readlink(absolute)) }];
  return [
    { path, kind: (status.mode & 0o100) === 0 ? 'file' : 'executable', content: await readFile(absolute) },
  ];
}

/** The 40 hex digits that `git rev-parse <commit>^{tree}` prints for these files. */
export function gitTreeHash(files: readonly TreeFile[]): string {
  return hashLevel(files, 0).toString('hex');
}

const gitModes = { file: '100644', executable: '100755', symlink: '120000' } as const;

function hashLevel(files: readonly TreeFile[], depth: number): Buffer {
  const entries = new Map<string, { mode: string; hash: Buffer }>();
  const directories = new Map<string, TreeFile[]>();
  for (const file of files) {
    const [name = '', ...below] = file.path.split('/').slice(depth);
    if (below.length === 0)
      entries.set(name, { mode: gitModes[file.kind], hash: hashObject('blob', file.content) });
    else directories.set(name, [...(directories.get(name) ?? []), file]);
  }
  for (const [name, below] of directories)
    entries.set(`${name}/`, { mode: '40000', hash: hashLevel(below, depth + 1) });
  // Git sorts a directory as if its name ended in a slash.
  const sorted = [...entries].sort(([left], [right]) => compareBytes(left, right));
  const parts = sorted.flatMap(([name, { mode, hash }]) => [
    Buffer.from(`${mode} ${name.replace(/\/$/, '')}\0`),
    hash,
  ]);
  return hashObject('tree', Buffer.concat(parts));
}

function hashObject(type: string, content: Buffer): Buffer {
  return createHash('sha1').update(`${type} ${content.length}\0`).update(content).digest();
}

function compareBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

/** What the HCL of one directory can do, one sorted line per ability: `resource aws_vpc`, `provisioner local-exec on …`. */
export type Capabilities = readonly string[];

/** Directories of a package ('.' for its root) with what each can do. */
export type CapabilitiesByDirectory = Readonly<Record<string, Capabilities>>;

/** No caller reaches these unless a directory outside of them uses one as a module. */
const aside = /^(?:examples?|tests?|wrappers)(?:\/|$)/;

/**
 * Reads what every directory of a package can do that a caller can reach: all with configuration, without examples,
 * tests and wrappers unless a module inside the package uses one. Throws a Problem that names a file that can't be read.
 */
export async function readCapabilities(files: readonly TreeFile[]): Promise<CapabilitiesByDirectory> {
  const byDirectory = groupByDirectory(files.filter(isConfiguration));
  const waiting = [...byDirectory.keys()].filter((directory) => !aside.test(directory));
  const found = new Map<string, Capabilities>();
  for (const directory of waiting) {
    if (found.has(directory)) continue;
    const bodies = await Promise.all((byDirectory.get(directory) ?? []).map(parseFile));
    found.set(directory, [...new Set(bodies.flatMap(capabilitiesOf))].sort());
    // The list grows while it is walked: a nested module is followed wherever it is.
    waiting.push(
      ...bodies.flatMap((body) => localModules(body, directory)).filter((path) => byDirectory.has(path)),
    );
  }
  return Object.fromEntries([...found].sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** Terraform loads `*.tf` and `*.tf.json`, without the files that editors leave behind. */
function isConfiguration({ path, kind }: TreeFile): boolean {
  const name = posix.basename(path);
  return kind !== 'symlink' && /\.tf(?:\.json)?$/.test(name) && !name.startsWith('.');
}

async function parseFile({ path, content }: TreeFile): Promise<Block> {
  try {
    const text = content.toString('utf8');
    const parsed: unknown = path.endsWith('.json') ? JSON.parse(text) : await parse(path, text);
    return isBlock(parsed) ? parsed : {};
  } catch (error) {
    throw new Problem(
      `what ${path} can do can't be told: ${reasonOf(error)}`,
      "a module that can't be parsed can't be locked",
    );
  }
}

function capabilitiesOf(body: Block): string[] {
  const resources = labelled(body, 'resource');
  const checks = children(body, 'check').flatMap(([, check]) => labelled(check, 'data'));
  return [
    ...resources.map(({ type }) => `resource ${type}`),
    ...[...labelled(body, 'data'), ...checks].map(({ type }) => `data ${type}`),
    ...labelled(body, 'ephemeral').map(({ type }) => `ephemeral ${type}`),
    ...resources.flatMap(({ type, name, block }) => provisioners(block, `${type}.${name}`)),
    ...blocks(body['removed']).flatMap((block) => provisioners(block, 'a removed resource')),
    ...children(body, 'module').map(([, { source, version }]) => `module ${words(source, version)}`),
    ...children(body, 'provider').map(([name]) => `provider configuration ${name}`),
    ...blocks(body['terraform']).flatMap(requirements),
    ...functions(body),
  ];
}

function provisioners(block: Block, owner: string): string[] {
  return children(block, 'provisioner').map(([kind]) => `provisioner ${kind} on ${owner}`);
}

function requirements(terraform: Block): string[] {
  const providers = blocks(terraform['required_providers']).flatMap((block) => Object.entries(block));
  return [
    ...(terraform['required_version'] === undefined
      ? []
      : [`terraform ${words(terraform['required_version'])}`]),
    ...providers.map(([name, value]) =>
      isBlock(value)
        ? `provider ${words(value['source'] ?? `hashicorp/${name}`, value['version'])}`
        : `provider ${words(`hashicorp/${name}`, value)}`,
    ),
    ...children(terraform, 'backend').map(([kind]) => `backend ${kind}`),
  ];
}

const callPattern =
  /\b(file|filebase64|fileexists|fileset|templatefile|pathexpand|file(?:base64)?(?:md5|sha1|sha256|sha512)|provider::[\w-]+::[\w-]+)\s*\(/g;

/**
 * Functions that look at the machine's files, and those that providers bring: in values and keys alike. An expression stands
 * in a template here, whatever it was in the file, except in the arguments of Terraform's own that take no template.
 */
function functions(value: unknown): string[] {
  if (typeof value === 'string')
    return [...value.matchAll(/[$%]\{[^]*/g)].flatMap(([template]) =>
      [...template.matchAll(callPattern)].map(([, name]) => `function ${name ?? ''}`),
    );
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) => [...functions(key), ...functions(part)]);
}

function localModules(body: Block, directory: string): string[] {
  const sources = children(body, 'module').map(([, { source }]) => source);
  return sources
    .filter((source) => typeof source === 'string')
    .filter((source) => parseRegistrySource(source) === undefined && source.startsWith('.'))
    .map((source) => posix.join(directory, source).replace(/\/$/, ''));
}

type Block = Readonly<Record<string, unknown>>;

const isBlock = (value: unknown): value is Block =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A block may be given once or as a list, in HCL's JSON form as well as in hcl2json's. */
const blocks = (value: unknown): Block[] => (Array.isArray(value) ? value : [value]).filter(isBlock);

/** The blocks inside labels, as [label, block]. */
const entries = (labels: Block): [string, Block][] =>
  Object.entries(labels).flatMap(([label, value]) =>
    blocks(value).map((block): [string, Block] => [label, block]),
  );

/** Blocks with one label. */
const children = (body: Block, keyword: string): [string, Block][] => blocks(body[keyword]).flatMap(entries);

/** Blocks with the labels type and name. */
const labelled = (body: Block, keyword: string): { type: string; name: string; block: Block }[] =>
  children(body, keyword).flatMap(([type, names]) =>
    entries(names).map(([name, block]) => ({ type, name, block })),
  );

const words = (...values: unknown[]): string => values.filter((value) => typeof value === 'string').join(' ');

function groupByDirectory(files: readonly TreeFile[]): Map<string, TreeFile[]> {
  const groups = new Map<string, TreeFile[]>();
  for (const file of files) {
    const directory = posix.dirname(file.path);
    groups.set(directory, [...(groups.get(directory) ?? []), file]);
  }
  return groups;
}
