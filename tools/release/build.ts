import { fileURLToPath } from 'node:url';
import { createCommand, runCommand } from '../../app/src/commands/command.ts';
import { bundle } from '../lib/bundle.ts';
import { readSource } from '../lib/source.ts';

const projectRoot = fileURLToPath(new URL('../../', import.meta.url));

await runCommand(async (argv) => {
  const { out } = createCommand(
    'npm run build --',
    'Bundle the service for production. The same source gives the same bytes.',
  )
    .option('--out <folder>', 'where the bundle goes; what is there is replaced', 'dist')
    .addHelpText('after', '\nREVISION and SOURCE_DATE_EPOCH say what is built where there is no git.')
    .parse(argv, { from: 'user' })
    .opts<{ out: string }>();
  const source = readSource(projectRoot, process.env);
  const { files, bytes } = await bundle({ projectRoot, out, source });
  console.log(
    `${out}: ${files} files, ${(bytes / 1e6).toFixed(2)} MB, ${source.version} at ${source.commit}`,
  );
});
