import { join, relative, resolve } from 'node:path';
import { Command, CommanderError } from 'commander';
import { Misuse, Problem } from '../../app/src/commands/problem.ts';
import { findImage } from '../lib/scanned-image.ts';
import { createCosign } from './cosign.ts';
import { writeImageSbom, writeRepositorySbom, type ImagePlace } from './sbom.ts';

const project = resolve(import.meta.dirname, '../..');
const fileOf = (what: 'image' | 'repository'): string =>
  join(project, 'reports', 'security', `${what}.cdx.json`);
const cosign = createCosign(process.env);

function signingKey(): string {
  const key = process.env['SIGNING_KEY'] ?? '';
  if (key !== '' && key !== 'none') return key;
  throw new Misuse(
    'SIGNING_KEY names no key.',
    'A file, or awskms:///… (output signing_key of terraform/bootstrap).',
  );
}

async function writeSboms(place: ImagePlace): Promise<void> {
  const [repository, image] = [fileOf('repository'), fileOf('image')];
  console.log(`${await writeRepositorySbom(repository)} components: ${relative(project, repository)}`);
  console.log(`${await writeImageSbom(image, place)} components: ${relative(project, image)}`);
}

/** The image by its name, else what `make image` built. */
async function placeOf(name?: string): Promise<ImagePlace> {
  const image = await findImage(project, name);
  if ('missing' in image) throw new Problem(image.missing, 'make image, or name one: make sbom IMAGE=…');
  return image.place;
}

const program = new Command('signing')
  .description('Bill of materials and signatures of images, with the key that SIGNING_KEY names')
  .addHelpText('after', '\nExit codes: 0 done, 1 a signature that does not verify or a failure, 2 misuse.')
  .exitOverride();

program
  .command('sbom [image]')
  .description('Write the bills of materials (CycloneDX) of the repository and of an image')
  .action(async (image?: string) => writeSboms(await placeOf(image === '' ? undefined : image)));
program
  .command('sign <image>')
  .description(
    'Sign an image by its digest, and attach the signed bills of materials of image and repository',
  )
  .action(async (image: string) => {
    if (!/@sha256:[0-9a-f]{64}$/.test(image))
      throw new Misuse(`${image} is not a digest.`, 'A tag can be moved.');
    const key = signingKey();
    await writeSboms(await placeOf(image));
    await cosign.sign(image, key);
    await cosign.attest(image, key, fileOf('image'));
    await cosign.attest(image, key, fileOf('repository'));
    console.log(`Signed ${image} and both bills of materials`);
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
