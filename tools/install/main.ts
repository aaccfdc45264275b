import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Option } from 'commander';
import { createCommand, runCommand } from '../../app/src/commands/command.ts';
import { installDynamoDbLocal, isDynamoDbLocalInstalled } from './dynamodb-local.ts';
import tools from './optional-tools.json' with { type: 'json' };
import { isPythonEnvironmentBuilt, pythonEnvironment } from './python/environment.ts';
import { createDebianTools, installTools, type Tool } from './tool.ts';
import pinned from './toolchain.json' with { type: 'json' };
import { provideTool } from './toolchain.ts';

const project = resolve(import.meta.dirname, '../..');
interface Wanted {
  readonly pinned: readonly string[];
  readonly debian: readonly string[];
  readonly python?: boolean;
  readonly java?: boolean;
}
const steps: Readonly<Record<string, Wanted>> = tools.steps;

const pythonTools: Tool[] = tools.python.map(({ environment, for: purpose }) => ({
  name: environment,
  purpose,
  isPresent: () => isPythonEnvironmentBuilt(environment),
  install: async () => {
    await pythonEnvironment(environment);
  },
}));

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

/** Apart from package.json because of their licences, and run as processes. */
const nodeTools: Tool[] = tools.node.map(({ tool, for: purpose }) => {
  const target = join(project, '.cache', tool);
  const isCopied = (file: string): boolean =>
    existsSync(join(target, file)) &&
    readFileSync(join(target, file)).equals(readFileSync(join(import.meta.dirname, tool, file)));
  return {
    name: tool,
    purpose,
    isPresent: () =>
      Promise.resolve(
        existsSync(join(target, 'node_modules')) && ['evaluate.js', 'package-lock.json'].every(isCopied),
      ),
    install: async () => {
      await cp(join(import.meta.dirname, tool), target, { recursive: true });
      await promisify(execFile)('npm', [
        'ci',
        '--prefix',
        target,
        '--ignore-scripts',
        '--no-audit',
        '--no-fund',
      ]);
    },
  };
});

/** What a kind of pipeline step uses and the build image lacks. All of it must be had; the Makefile builds the Go tools. */
async function installFor(wanted: Wanted): Promise<number> {
  for (const tool of pinned.filter(({ name }) => wanted.pinned.includes(name))) {
    const origin = await provideTool(tool, join(project, '.cache', 'toolchain'), process.env['PATH'] ?? '');
    console.log(
      origin.kind === 'machine'
        ? `${tool.name} ${origin.version} is on this machine: ${origin.path} (sha256 ${origin.sha256})`
        : `${tool.name} ${tool.version} ${origin.kind}`,
    );
  }
  const packages = tools.debian.filter(({ package: name }) => wanted.debian.includes(name));
  const debian = createDebianTools(packages, true);
  // The first is what Python tools are installed by. All that follows takes its time side by side, one package of Debian after another.
  const python = wanted.python ? [...pythonTools, ...nodeTools] : [];
  const before = await installTools(debian.slice(0, 1), console.log);
  const beside = [debian.slice(1), ...python.map((tool) => [tool])].map((some) =>
    installTools(some, console.log),
  );
  const outcomes = [before, ...(await Promise.all(beside))].flat();
  // Maven is one of those packages.
  outcomes.push(...(await installTools(wanted.java ? javaTools : [], console.log)));
  return outcomes.includes('missing') ? 1 : 0;
}

const program = createCommand(
  'make tools',
  'Install what the tests can use and this machine lacks. Optional: nothing here fails when missing.',
)
  .option('--cache-only', 'install into .cache only, no Debian packages', false)
  .addOption(
    new Option('--for <kind>', 'what a kind of pipeline step uses; here everything must be had').choices(
      Object.keys(steps),
    ),
  )
  .action(async ({ cacheOnly, for: kind = '' }: { cacheOnly: boolean; for?: string }) => {
    const wanted = steps[kind];
    if (wanted !== undefined) {
      process.exitCode = await installFor(wanted);
      return;
    }
    await installTools(
      [
        ...createDebianTools(tools.debian, !cacheOnly),
        ...pythonTools,
        ...nodeTools,
        ...javaTools,
        ...goTools(!cacheOnly),
      ],
      console.log,
    );
  });

await runCommand(() => program.parseAsync());
