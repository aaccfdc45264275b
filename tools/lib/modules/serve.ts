import { Misuse, reasonOf } from '../../../app/src/commands/problem.ts';
import { serveMirror } from './registry-server.ts';
import type { Context, ExitCode } from './verbs.ts';

/** Serves the mirror until the process is asked to end. */
export async function serve({ mirror, print }: Context, port: number): Promise<ExitCode> {
  const server = await serveMirror(mirror, port).catch((error: unknown) => {
    throw new Misuse(
      `port ${port} can't be used: ${reasonOf(error)}`,
      'name another with --port, or 0 for any',
    );
  });
  const { port: actual } = new URL(server.url);
  print(`Serving ${(await mirror.list()).length} releases of ${mirror.directory} on ${server.url}`);
  print(`Point Terraform at it: npm run modules -- config --port ${actual} --out mirror.tfrc`);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  await server.close();
  return 0;
}
