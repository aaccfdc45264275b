import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createCommand, runCommand } from '../../app/src/commands/command.ts';
import { isMissing, Misuse, Problem } from '../../app/src/commands/problem.ts';
import { isPythonEnvironmentBuilt, pythonEnvironment } from '../install/python/environment.ts';
import { replaceBlock } from '../lib/markdown.ts';
import { readDefinition } from '../lib/pipeline-definition.ts';
import { run } from '../lib/processes.ts';
import { describeMinutes, judgePipeline, rules } from './pipeline-rules.ts';

const project = resolve(import.meta.dirname, '../..');
const schema = 'check-jsonschema';

/** What Bitbucket's published schema says of a file; undefined where the program that knows it isn't installed. */
async function judgeBySchema(file: string): Promise<string | undefined> {
  if (!(await isPythonEnvironmentBuilt(schema))) return undefined;
  const program = (await pythonEnvironment(schema)).program(schema);
  const { code, stdout } = await run(program, ['--builtin-schema', 'vendor.bitbucket-pipelines', file]);
  return code === 0 ? '' : stdout.trim();
}

await runCommand(async (argv) => {
  const command = createCommand(
    'make check',
    'Check the pipeline by its schema and by the rules that protect prod',
  )
    .argument('[file]', 'the pipelines file', join(project, 'bitbucket-pipelines.yml'))
    .option('--docs', 'write what the steps of main count at most into docs/deploy.md', false)
    .addHelpText('after', '\nExit codes: 0 no rule is broken, 1 one is, 2 misuse.')
    .parse(argv, { from: 'user' });
  const file = resolve(command.processedArgs[0] as string);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (!isMissing(error)) throw error;
    throw new Misuse(`There is no ${file}.`, 'Name a pipelines file.');
  });
  const definition = readDefinition(text);
  const form = await judgeBySchema(file);
  const faults = [...(form === undefined || form === '' ? [] : [form]), ...judgePipeline(definition)];
  if (command.opts<{ docs: boolean }>().docs) {
    const page = join(project, 'docs', 'deploy.md');
    await writeFile(page, replaceBlock(await readFile(page, 'utf8'), 'minutes', describeMinutes(definition)));
  }
  if (form === undefined && process.env['STRICT'] === '1')
    throw new Problem("STRICT=1: Bitbucket's schema is not installed.", 'make tools');
  if (faults.length > 0)
    throw new Problem(faults.join('\n'), 'docs/deploy.md says how the pipeline is meant to be.');
  console.log(`${definition.steps.length} steps keep ${rules.length} rules.`);
  console.log(
    `Bitbucket's schema: ${form === undefined ? 'NOT CHECKED, it is not installed (make tools)' : 'kept'}.`,
  );
});
