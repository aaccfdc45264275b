import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { add } from '../../../tools/checks/modules.ts';
import { serveMirror } from '../../../tools/lib/module-mirror.ts';
import { parseRelease } from '../../../tools/lib/module-releases.ts';
import { gitTreeHash, readTree } from '../../../tools/lib/module-tree.ts';
import {
  createClone,
  createRootWithCopy,
  createWorkplace,
  garden,
  gardenFiles,
  gardenSource,
  git,
  writeFiles,
  type Workplace,
} from './fixture.ts';

let workplace: Workplace;
let clone: string;
beforeEach(async () => {
  workplace = await createWorkplace();
  clone = await createClone(join(workplace.directory, 'clone'), gardenFiles);
});
afterEach(() => workplace.remove());

const mirroredTree = async (): Promise<string> =>
  gitTreeHash(await readTree((await workplace.mirror.find(parseRelease(garden))) ?? ''));

describe('add', () => {
  test("a release from a clone is the tag's whole tree, whatever the clone has checked out", async () => {
    await writeFiles(clone, {
      'main.tf': 'uncommitted',
      'untracked.tf': 'x',
      '.gitattributes': '* text eol=crlf',
    });

    await add(workplace, garden, { clone });

    expect(await mirroredTree()).toBe(git(clone, 'rev-parse', 'v1.0.0^{tree}'));
    expect(git(clone, 'status', '--porcelain')).toBe('M main.tf\n?? .gitattributes\n?? untracked.tf');
  });

  test('a bare clone and a tag of another name work too', async () => {
    const bare = join(workplace.directory, 'bare.git');
    git(clone, 'tag', 'release-one');
    git(clone, 'clone', '--quiet', '--bare', '.', bare);

    await add(workplace, garden, { clone: bare, tag: 'release-one' });

    expect(await mirroredTree()).toBe(git(clone, 'rev-parse', 'v1.0.0^{tree}'));
  });

  test('files that an export would leave out are there', async () => {
    const exporting = await createClone(join(workplace.directory, 'exporting'), {
      ...gardenFiles,
      '.gitattributes': '/examples export-ignore\n',
    });

    await add(workplace, garden, { clone: exporting });

    expect(await mirroredTree()).toBe(git(exporting, 'rev-parse', 'v1.0.0^{tree}'));
  });

  test('a clone that rewrites its files on checkout is refused, and the mirror stays empty', async () => {
    const rewriting = join(workplace.directory, 'rewriting');
    await createClone(rewriting, gardenFiles, 'v0.9.0');
    await writeFiles(rewriting, { '.gitattributes': '*.md text eol=crlf\n' });
    git(rewriting, 'add', '--all');
    git(rewriting, 'commit', '--quiet', '--message', 'Rewrite line ends');
    git(rewriting, 'tag', 'v1.0.0');

    await expect(add(workplace, garden, { clone: rewriting })).rejects.toThrow(
      'the files of example/garden/local@1.0.0 have the tree',
    );
    expect(await workplace.mirror.find(parseRelease(garden))).toBeUndefined();
  });

  test('a tag that the clone has not got is misuse', async () => {
    await expect(add(workplace, `${gardenSource}@9.9.9`, { clone })).rejects.toMatchObject({
      exitCode: 2,
      message: `${clone} is no git clone with the tag v9.9.9`,
    });
  });

  test('an initialised working directory gives its fullest copy of each release', async () => {
    const root = await createRootWithCopy(join(workplace.directory, 'root'), gardenFiles);

    await add(workplace, undefined, { root });

    expect(await mirroredTree()).toBe(git(clone, 'rev-parse', 'v1.0.0^{tree}'));
  });

  test.each([
    [garden, {}],
    [undefined, {}],
    [garden, { root: '.' }],
    [undefined, { clone: '.' }],
  ])('%s with %j is misuse', async (name, options) => {
    await expect(add(workplace, name, options)).rejects.toMatchObject({
      exitCode: 2,
      message: 'a release is added from one place',
    });
  });
});

test.each([
  'example/garden/local',
  'example/garden@1.0.0',
  'example/garden/local@latest',
  'example/garden/local//modules/bed@1.0.0',
  '../../x/y@1.0.0',
])('"%s" names no release and is misuse', async (name) => {
  await expect(add(workplace, name, { clone })).rejects.toMatchObject({
    exitCode: 2,
    message: `"${name}" names no module release`,
  });
});

describe('the served mirror', () => {
  let server: Awaited<ReturnType<typeof serveMirror>>;
  beforeEach(async () => {
    await add(workplace, garden, { clone });
    server = await serveMirror(workplace.mirror);
  });
  afterEach(() => server.close());

  test('the versions of a module are listed', async () => {
    const response = await fetch(`${server.url}/v1/modules/${gardenSource}/versions`);

    expect({ status: response.status, body: (await response.json()) as unknown }).toEqual({
      status: 200,
      body: { modules: [{ versions: [{ version: '1.0.0' }] }] },
    });
  });

  test('a download leads to an archive of the whole tree', async () => {
    const download = await fetch(`${server.url}/v1/modules/${gardenSource}/1.0.0/download`);
    const archive = await fetch(download.headers.get('x-terraform-get') ?? '');
    const unpacked = join(workplace.directory, 'unpacked');
    await mkdir(unpacked);
    execFileSync('tar', ['-xzf', '-', '-C', unpacked], { input: Buffer.from(await archive.arrayBuffer()) });

    expect([download.status, archive.status]).toEqual([204, 200]);
    expect(gitTreeHash(await readTree(unpacked))).toBe(git(clone, 'rev-parse', 'v1.0.0^{tree}'));
  });

  test.each([
    '/v1/modules/example/shed/local/versions',
    '/v1/modules/example/garden/local/9.9.9/download',
    '/archives/example/garden/local/9.9.9.tar.gz',
    '/archives/example/garden/local/..%2F..%2Fclone.tar.gz',
    '/archives/../../clone.tar.gz',
    '/',
  ])('%s is not found', async (path) => {
    const response = await fetch(`${server.url}${path}`);

    expect({ status: response.status, body: (await response.json()) as unknown }).toEqual({
      status: 404,
      body: { errors: ['The module mirror has no such module release.'] },
    });
  });
});
