import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Command, CommanderError } from 'commander';
import { createDebianTools } from './debian.ts';
import tools from './optional-tools.json' with { type: 'json' };
import { installTools, type Tool } from './tool.ts';
import { installDynamoDbLocal, isDynamoDbLocalInstalled } from './dynamodb-local.ts';
import { isPythonEnvironmentBuilt, pythonEnvironment } from './python/environment.ts';

const project = resolve(import.meta.dirname, '../..');

const pythonTools: Tool[] = tools.python.map(({ environment, for: purpose }) => ({
  name: environment,
  purpose,
  isPresent: () => isPythonEnvironmentBuilt(environment),
  install: async () => {
    await pythonEnvironment(environment);
  },
}));

/** A plain image of Debian has Python, and nothing that makes environments of it. */
const isForPython = ({ package: name }: { readonly package: string }): boolean => name === 'python3-venv';

/** Built by the Makefile from the checksums in tools/install/go: minutes of work, which only `make tools` takes on. */
const goTools = (mayBuild: boolean): Tool[] =>
  tools.go.map(({ tool, for: purpose }) => ({
    name: tool,
    purpose,
    isPresent: () => Promise.resolve(existsSync(join(project, '.cache', 'bin', tool))),
    install: async () => {
      if (!mayBuild) throw new Error('`make tools` builds it');
      await promisify(execFile)('make', ['-C', project, `.cache/bin/${tool}`]);
    },
  }));

const javaTools: Tool[] = tools.java.map(({ tool, for: purpose }) => ({
  name: tool,
  purpose,
  isPresent: () => Promise.resolve(isDynamoDbLocalInstalled()),
  install: () => Promise.resolve(void installDynamoDbLocal()),
}));

function readOptions(): { cacheOnly: boolean; cached: boolean } {
  const command = new Command('make tools')
    .description(
      'Install what the tests can use and this machine lacks. Optional: nothing here fails when missing.',
    )
    .option('--cache-only', 'install into .cache only, no Debian packages', false)
    .option(
      '--cached',
      "what the pipeline's caches hold, and what that takes; here everything must be had",
      false,
    )
    .exitOverride()
    .allowExcessArguments(false)
    .parse();
  return command.opts();
}

try {
  const { cacheOnly, cached } = readOptions();
  const wanted = cached
    ? [...createDebianTools(tools.debian.filter(isForPython), true), ...pythonTools]
    : [...createDebianTools(tools.debian, !cacheOnly), ...pythonTools, ...javaTools, ...goTools(!cacheOnly)];
  const outcomes = await installTools(wanted, (line) => {
    console.log(line);
  });
  if (cached && outcomes.includes('missing')) process.exitCode = 1;
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
