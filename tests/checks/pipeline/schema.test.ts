import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from '@jest/globals';
import { pythonEnvironment } from '../../../tools/install/python/environment.ts';
import { describeWith, program } from '../../support/requirements.ts';

const run = promisify(execFile);
const repository = fileURLToPath(new URL('../../../', import.meta.url));
const installTimeoutMs = 180_000;

describeWith(
  [program('python3', 'make tools', ['-c', 'import ensurepip, venv'])],
  "Bitbucket's published schema",
  () => {
    let checkSchema: string;
    beforeAll(async () => {
      checkSchema = (await pythonEnvironment('check-jsonschema')).program('check-jsonschema');
    }, installTimeoutMs);

    const check = (file: string): Promise<{ stdout: string }> =>
      run(checkSchema, ['--builtin-schema', 'vendor.bitbucket-pipelines', file], { cwd: repository });

    test('the pipeline has its form', async () => {
      expect((await check('bitbucket-pipelines.yml')).stdout).toContain('ok -- validation done');
    });

    test('a file that is no pipeline is refused', async () => {
      await expect(check('tests/checks/pipeline/no-pipeline.yml')).rejects.toMatchObject({ code: 1 });
    });
  },
);
