import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Command, CommanderError } from 'commander';
import { Misuse, Problem } from '../modules/problem.ts';
import { createCosign } from './cosign.ts';

const project = resolve(import.meta.dirname, '../..');
const sbomFile = join(project, 'reports', 'security', 'repository.cdx.json');
const cosign = createCosign(process.env);

function signingKey(): string {
  const key = process.env['SIGNING_KEY'] ?? '';
  if (key !== '' && key !== 'none') return key;
  throw new Misuse(
    'SIGNING_KEY names no key.',
    'A file, or awskms:///… (output signing_key of terraform/bootstrap).',
  );
}

/** CycloneDX of everything that package-lock.json ships. */
async function writeSbom(): Promise<void> {
  const args = ['sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev', '--package-lock-only'];
  const { stdout } = await promisify(execFile)('npm', args, { cwd: project, maxBuffer: 64 * 1024 * 1024 });
  const { components = [] } = JSON.parse(stdout) as { components?: readonly unknown[] };
  if (components.length === 0) throw new Problem('npm listed no components.', 'Run `make install` first.');
  await mkdir(join(project, 'reports', 'security'), { recursive: true });
  await writeFile(sbomFile, stdout);
  console.log(`${components.length} components: reports/security/repository.cdx.json`);
}

const program = new Command('signing')
  .description('Bill of materials and signatures of images, with the key that SIGNING_KEY names')
  .addHelpText('after', '\nExit codes: 0 done, 1 a signature that does not verify or a failure, 2 misuse.')
  .exitOverride();

program.command('sbom').description('Write the bill of materials (CycloneDX)').action(writeSbom);
program
  .command('sign <image>')
  .description('Sign an image by its digest, and attach its signed bill of materials')
  .action(async (image: string) => {
    if (!/@sha256:[0-9a-f]{64}$/.test(image))
      throw new Misuse(`${image} is not a digest.`, 'A tag can be moved.');
    const key = signingKey();
    await writeSbom();
    await cosign.sign(image, key);
    await cosign.attest(image, key, sbomFile);
    console.log(`Signed ${image}`);
  });
program
  .command('verify <image>')
  .description('Exit 0 when the image and its bill of materials are signed with the key')
  .action(async (image: string) => {
    await cosign.verify(image, signingKey());
    await cosign.verifySbom(image, signingKey());
    console.log(`${image}: signature and bill of materials verify`);
  });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else if (error instanceof Problem) {
    console.error(`${error.message}\n${error.remedy}`);
    process.exitCode = error.exitCode;
  } else {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
