import { spawn } from 'node:child_process';
import { terraformEnvironment } from './environment.ts';

/** `terraform` with this project's environment: same arguments, same output, same exit code. */
const terraform = await terraformEnvironment();
const child = spawn('terraform', process.argv.slice(2), { env: terraform.env, stdio: 'inherit' });
// A terminal sends the interrupt to Terraform too, which releases its locks first.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
process.exitCode = await new Promise<number>((resolve) => {
  child.once('error', (error) => {
    console.error(
      `terraform can't be started: ${error.message}\nInstall Terraform 1.11 or newer and put it on the PATH.`,
    );
    resolve(1);
  });
  child.once('close', (code) => {
    resolve(code ?? 1);
  });
});
await terraform.stop();
