import { setTimeout as pause } from 'node:timers/promises';
import { Option } from 'commander';
import { address, createCommand, runCommand, wholeNumber } from './command.ts';
import {
  createProbe,
  describeProbe,
  limits,
  type Probed,
  parseMovie,
  type Target,
} from './outside-caller.ts';

/** Probes until it is well, or was missed so often in a row. Each probe is told. */
export async function watch(
  probe: () => Promise<Probed>,
  {
    misses,
    wait,
    tell,
  }: {
    readonly misses: number;
    readonly wait: () => Promise<unknown>;
    readonly tell: (probe: Probed) => void;
  },
): Promise<boolean> {
  for (let left = misses; left > 0; left -= 1) {
    const seen = await probe();
    tell(seen);
    if (seen.miss === undefined) return true;
    if (left > 1) await wait();
  }
  return false;
}

interface Options {
  readonly url: string;
  readonly tokenEndpoint: string;
  readonly client: string;
  readonly movie: string;
  readonly certificateDays: number;
  readonly answerMs: number;
  readonly misses: number;
  readonly every: number;
}

function readOptions(
  argv: readonly string[],
): Omit<Options, 'movie'> & Pick<Target, 'movie'> & { readonly secret: string } {
  const required = (flags: string, about: string, variable: string): Option =>
    new Option(flags, about).env(variable).makeOptionMandatory();
  const command = createCommand(
    'npm run outside-probe --',
    'Does what a caller outside does: finds the name, checks the certificate, signs in, reads a movie that must be there.\nOne line of JSON for each probe; a miss names its cause, and docs/runbook.md, "The outside probe", says what to do.',
  )
    .addOption(required('--url <url>', 'of the service', 'PROBE_URL').argParser(address))
    .addOption(
      required('--token-endpoint <url>', 'where the client signs in', 'PROBE_TOKEN_ENDPOINT').argParser(
        address,
      ),
    )
    .addOption(
      required(
        '--client <id>',
        'a client with movies/read; its secret: PROBE_CLIENT_SECRET',
        'PROBE_CLIENT_ID',
      ),
    )
    .addOption(
      new Option('--movie <year/title>', 'a movie that must be there')
        .env('PROBE_MOVIE')
        .default('1994/Pulp Fiction'),
    )
    .addOption(
      new Option('--certificate-days <n>', 'for which it must still run')
        .default(limits.certificateDays)
        .argParser(wholeNumber(0, 400)),
    )
    .addOption(
      new Option('--answer-ms <n>', 'that an answer may take')
        .default(limits.answerMs)
        .argParser(wholeNumber(1, 60_000)),
    )
    .addOption(
      new Option('--misses <n>', 'in a row that are told somebody').default(2).argParser(wholeNumber(1, 100)),
    )
    .addOption(
      new Option('--every <seconds>', 'between two probes').default(60).argParser(wholeNumber(0, 3_600)),
    )
    .addHelpText('after', '\nExit codes: 0 it is well, 1 missed so often in a row, 2 misuse.');
  const options = command.parse(argv, { from: 'user' }).opts<Options>();
  const secret = process.env['PROBE_CLIENT_SECRET'] ?? '';
  if (secret === '') command.error('error: PROBE_CLIENT_SECRET is not set: the secret of the client');
  const movie = parseMovie(options.movie);
  if (movie === undefined)
    return command.error('error: --movie is a year and a title, such as "1994/Pulp Fiction"');
  return { ...options, movie, secret };
}

if (process.argv[1] === import.meta.filename)
  await runCommand(async (argv) => {
    const { client: id, secret, misses, every, ...target } = readOptions(argv);
    const client = { id, secret: () => Promise.resolve(secret) };
    const isWell = await watch(createProbe({ ...target, client }), {
      misses,
      wait: () => pause(every * 1_000),
      tell: (probe) => {
        console.log(describeProbe(probe));
      },
    });
    return isWell ? 0 : 1;
  });
