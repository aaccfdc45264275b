import { Command, CommanderError } from 'commander';
import { createDebianTools } from './debian.ts';
import tools from './optional-tools.json' with { type: 'json' };
import { installTools, type Tool } from './tool.ts';
import { installDynamoDbLocal, isDynamoDbLocalInstalled } from '../dynamodb-local/install.ts';
import { isPythonEnvironmentBuilt, pythonEnvironment } from '../python/environment.ts';

const pythonTools: Tool[] = tools.python.map(({ environment, for: purpose }) => ({
  name: environment,
  purpose,
  isPresent: () => isPythonEnvironmentBuilt(environment),
  install: async () => {
    await pythonEnvironment(environment);
  },
}));

const javaTools: Tool[] = tools.java.map(({ tool, for: purpose }) => ({
  name: tool,
  purpose,
  isPresent: () => Promise.resolve(isDynamoDbLocalInstalled()),
  install: () => Promise.resolve(void installDynamoDbLocal()),
}));

function readOptions(): { cacheOnly: boolean } {
  const command = new Command('make tools')
    .description(
      'Install what the tests can use and this machine lacks. Optional: nothing here fails when missing.',
    )
    .option('--cache-only', 'install into .cache only, no Debian packages', false)
    .exitOverride()
    .allowExcessArguments(false)
    .parse();
  return command.opts();
}

try {
  const { cacheOnly } = readOptions();
  const debianTools = createDebianTools(tools.debian, !cacheOnly);
  await installTools([...debianTools, ...pythonTools, ...javaTools], (line) => {
    console.log(line);
  });
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
