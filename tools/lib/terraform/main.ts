import { spawn } from 'node:child_process';
import { runCommand } from '../../../app/src/commands/command.ts';
import { Problem } from '../../../app/src/commands/problem.ts';
import { checkModules } from '../module-lock.ts';
import { terraformEnvironment } from './environment.ts';

/**
 * `terraform` with this project's environment: same arguments, same output, same exit code. After `init` and `get` the
 * installed modules are compared with the module lock, and a difference is a failure.
 */
async function main(args: readonly string[]): Promise<number> {
  const command = args.find((arg) => !arg.startsWith('-'));
  const installs = command === 'init' || command === 'get';
  // Everything else runs on what was installed: nobody needs to know whether the registry answers.
  const asksRegistry = installs || command === 'providers';
  const { env, stop: end } = await terraformEnvironment(
    asksRegistry ? {} : { registryAnswers: () => Promise.resolve(true) },
  );
  try {
    const code = await runTerraform(args, env);
    const root = args.find((arg) => arg.startsWith('-chdir='))?.slice('-chdir='.length) ?? '.';
    if (code === 0 && installs && !args.includes('-help')) await checkModules(root, console.error, env);
    return code;
  } finally {
    await end();
  }
}

function runTerraform(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn('terraform', args, { env, stdio: 'inherit' });
  // A terminal interrupts Terraform too: it releases its state lock and ends, and this process after it.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((settle, reject) => {
    child.once('error', (error) => {
      reject(
        new Problem(
          `terraform can't be started: ${error.message}`,
          'install Terraform 1.11 or newer and put it on the PATH',
        ),
      );
    });
    child.once('close', (code) => {
      settle(code ?? 1);
    });
  });
}

await runCommand(main);
