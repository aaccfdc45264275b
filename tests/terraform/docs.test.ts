import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { describeWith, program } from '../support/requirements.ts';
import { terraformDirectories } from '../support/terraform.ts';

const project = resolve(import.meta.dirname, '../..');
const terraformDocs = join(project, '.cache/bin/terraform-docs');

/** Status and what was said, when the README of `directory` is compared with its HCL. */
function check(directory: string): { status: number | null; said: string } {
  const config = join(project, '.terraform-docs.yml');
  const run = spawnSync(terraformDocs, ['--config', config, '--output-check', directory], {
    encoding: 'utf8',
  });
  return { status: run.status, said: run.stdout + run.stderr };
}

describeWith([program(terraformDocs, '`make docs` builds it (Go)')], 'generated documentation', () => {
  test.each(terraformDirectories(project))('the README of %s is what its HCL says', (directory) => {
    const { status, said } = check(join(project, directory));

    expect({ status, said }).toEqual({ status: 0, said: expect.stringContaining('is up to date') });
  });

  let copy: string;

  beforeEach(async () => {
    copy = await mkdtemp(join(tmpdir(), 'terraform-docs-'));
    await cp(join(project, 'modules/api-access'), copy, {
      recursive: true,
      filter: (path) => !path.includes('.terraform'),
    });
  });

  afterEach(async () => {
    await rm(copy, { recursive: true });
  });

  test('a variable described anew without `make docs` fails the check', async () => {
    const variables = join(copy, 'variables.tf');
    const before = await readFile(variables, 'utf8');
    await writeFile(variables, before.replace('Name of the user pool', 'Title of the user pool'));

    const { status, said } = check(copy);

    expect({ status, said }).toEqual({ status: 1, said: expect.stringContaining('out of date') });
  });
});
