import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createPaint } from '../../../app/src/commands/terminal.ts';
import type { Context } from '../../../tools/checks/modules.ts';
import { createMirror, type Mirror } from '../../../tools/lib/module-mirror.ts';

/** The files of a small module of our own, by path. */
export const gardenFiles = {
  '.editorconfig': 'root = true\n',
  'README.md': '# A garden\n',
  'main.tf': `terraform {
  required_version = ">= 1.11"
}

resource "terraform_data" "tree" {
  input = "apple"
}

module "bed" {
  source = "./modules/bed"
}
`,
  'modules/bed/main.tf': 'resource "terraform_data" "flower" {\n  input = "rose"\n}\n',
  'modules/bed/.hint': 'water daily\n',
  'examples/shed/main.tf': 'data "http" "weather" {\n  url = "https://example.com"\n}\n',
} as const;

export const gardenSource = 'example/garden/local';
export const garden = `${gardenSource}@1.0.0`;

export interface Workplace extends Context {
  readonly lines: string[];
  readonly mirror: Mirror;
  readonly remove: () => Promise<void>;
}

/** An empty project with an empty mirror, whose lines are kept. */
export async function createWorkplace(): Promise<Workplace> {
  const directory = await mkdtemp(join(tmpdir(), 'modules-test-'));
  const lines: string[] = [];
  return {
    directory,
    mirror: createMirror(join(directory, 'mirror')),
    lockPath: join(directory, 'modules.lock.json'),
    paint: createPaint({}),
    lines,
    print: (line) => lines.push(...line.split('\n')),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

export async function writeFiles(
  directory: string,
  files: Readonly<Record<string, string>>,
): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
  return directory;
}

export function git(directory: string, ...args: string[]): string {
  const identity = [
    'user.name=Test',
    'user.email=test@example.com',
    'commit.gpgsign=false',
    'tag.gpgsign=false',
  ];
  return execFileSync('git', ['-C', directory, ...identity.flatMap((one) => ['-c', one]), ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}

/** A git repository with one commit of the files, tagged. */
export async function createClone(
  directory: string,
  files: Readonly<Record<string, string>>,
  tag = 'v1.0.0',
): Promise<string> {
  await writeFiles(directory, files);
  git(directory, 'init', '--quiet');
  git(directory, 'add', '--all');
  git(directory, 'commit', '--quiet', '--message', 'A release');
  git(directory, 'tag', tag);
  return directory;
}

/** A working directory as `terraform init` leaves it for one call `garden` of the files at a version. */
export async function createRoot(
  directory: string,
  files: Readonly<Record<string, string>>,
  version = '1.0.0',
): Promise<string> {
  const store = '.terraform/modules';
  await writeFiles(join(directory, store, 'garden'), files);
  const source = `registry.terraform.io/${gardenSource}`;
  await writeManifest(directory, [
    { Key: '', Source: '', Dir: '.' },
    { Key: 'garden', Source: source, Version: version, Dir: `${store}/garden` },
    { Key: 'garden.bed', Source: './modules/bed', Dir: `${store}/garden/modules/bed` },
  ]);
  return directory;
}

export async function writeManifest(root: string, modules: readonly Record<string, string>[]): Promise<void> {
  await writeFiles(root, { '.terraform/modules/modules.json': JSON.stringify({ Modules: modules }) });
}

/** As `createRoot`, with a second call of the same package: Terraform copies it without what starts with a dot. */
export async function createRootWithCopy(
  directory: string,
  files: Readonly<Record<string, string>>,
): Promise<string> {
  await createRoot(directory, files);
  const store = join(directory, '.terraform', 'modules');
  await cp(join(store, 'garden'), join(store, 'second'), {
    recursive: true,
    filter: (path) => !/\/\.(?!terraform)[^/]*$/.test(path),
  });
  const source = `registry.terraform.io/${gardenSource}`;
  await writeManifest(directory, [
    { Key: 'garden', Source: source, Version: '1.0.0', Dir: '.terraform/modules/garden' },
    {
      Key: 'second',
      Source: `${source}//modules/bed`,
      Version: '1.0.0',
      Dir: '.terraform/modules/second/modules/bed',
    },
  ]);
  return directory;
}
