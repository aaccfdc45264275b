import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command, CommanderError } from 'commander';
import { Misuse, Problem } from '../../../app/src/commands/problem.ts';
import { readDefinition } from '../../lib/pipeline-definition.ts';
import { findTargets } from './make-targets.ts';
import { rules } from './rules.ts';

const project = resolve(import.meta.dirname, '../../..');

async function main(): Promise<void> {
  const command = new Command('make pipeline-check')
    .description('Check bitbucket-pipelines.yml for what the schema of Bitbucket lets pass')
    .argument('[file]', 'the pipelines file', join(project, 'bitbucket-pipelines.yml'))
    .addHelpText('after', '\nExit codes: 0 no rule is broken, 1 one is, 2 misuse.')
    .allowExcessArguments(false)
    .exitOverride()
    .parse();
  const file = resolve(command.processedArgs[0] as string);
  if (!existsSync(file)) throw new Misuse(`There is no ${file}.`, 'Name a pipelines file.');
  const definition = readDefinition(await readFile(file, 'utf8'));
  const targets = findTargets(await readFile(join(project, 'Makefile'), 'utf8'));
  const faults = rules.flatMap(({ id, find }) =>
    find(definition, { targets, hasFile: (path) => existsSync(join(project, path)) }).map(
      (fault) => `${id}: ${fault}`,
    ),
  );
  if (faults.length > 0) throw new Problem(faults.join('\n'), 'docs/pipeline.md says what each rule is for.');
  console.log(`${definition.steps.length} steps keep ${rules.length} rules.`);
}

try {
  await main();
} catch (error) {
  if (error instanceof Problem) {
    console.error(`${error.message}\n${error.remedy}`);
    process.exitCode = error.exitCode;
  } else if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    throw error;
  }
}
