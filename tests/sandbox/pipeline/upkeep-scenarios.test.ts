import { createServer, type Server } from 'node:http';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { closeServer, listenOnLoopback } from '../../../app/src/local/listen.ts';
import type { FiledCall } from '../../../tools/sandbox/pipeline/code-insights-api.ts';
import type { Outcome, StepResult } from '../../../tools/sandbox/pipeline/runner.ts';
import { byHand } from '../../../tools/sandbox/pipeline/scenarios/by-hand.ts';
import { rescan } from '../../../tools/sandbox/pipeline/scenarios/rescan.ts';
import { countServing } from '../../../tools/sandbox/pipeline/serving.ts';
import type { Choices } from '../../../tools/sandbox/pipeline/world.ts';

const repository = '000000000000.dkr.ecr.eu-west-1.amazonaws.com/movies-api';
const [good, regretted] = [`sha256:${'a'.repeat(64)}`, `sha256:${'b'.repeat(64)}`];
const choices = { leftOut: [], say: () => undefined };
let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'scenario-'));
});

afterEach(async () => {
  await rm(home, { recursive: true });
});

async function write(path: string, text: string): Promise<string> {
  const file = join(home, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

/** A step's result, as the runner gives it, with what its log says. */
const step = async (name: string, outcome: Outcome, says = ''): Promise<StepResult> => ({
  ...{ name, outcome, seconds: 1, stage: 0 },
  log: await write(`${name}.log`, says),
});

test('what serves is what runs: not what drains or was stopped', () => {
  const tasks = [
    { status: 'RUNNING', digest: good },
    { status: 'RUNNING', digest: good },
    { status: 'PENDING', digest: regretted },
    { status: 'DEACTIVATING', digest: regretted },
    { status: 'STOPPED', digest: regretted },
  ] as const;

  expect(countServing(tasks)).toEqual({ digests: [good], tasks: 2 });
});

describe('the scenario by-hand', () => {
  /** A world in which all goes well, but for one thing. */
  async function play(
    wrong: Partial<Record<'second' | 'refusal' | 'serves' | 'returned', string>> & { taken?: Outcome } = {},
  ) {
    let serving = good;
    const image = (id: string, digest: string) =>
      write(`runs/${id}/artifacts/shared/image/release/image`, `${repository}@${digest}\n`);
    await image('good', good);
    const run = async (id: string, { pipeline, given }: Choices): Promise<readonly StepResult[]> => {
      if (pipeline === undefined) {
        serving = wrong.second ?? regretted;
        await image(id, serving);
        return [await step('Release to prod exactly what was planned', 'passed')];
      }
      const named = given?.['IMAGE'] ?? '';
      if (!named.includes('@'))
        return [
          await step('Return prod to a named image', 'failed', wrong.refusal ?? 'it names an image by a tag'),
        ];
      serving = wrong.serves ?? named.replace(/.*@/, '');
      return [await step('Return prod to a named image', wrong.taken ?? 'passed')];
    };
    const hub = {
      ...{ path: '', head: () => Promise.resolve(''), read: () => Promise.resolve('') },
      propose: () => Promise.resolve(''),
      restore: () => Promise.resolve(),
    };
    const servingOf = () => Promise.resolve({ digests: [serving], tasks: 3 });
    return (await byHand.play({ hub, run, home, servingOf }, choices)).faults;
  }

  test('holds when prod serves the named digest again', async () => {
    expect(await play()).toEqual([]);
  });

  test.each([
    ['the second commit makes no other image', { second: good }, ['not so: it is another image']],
    [
      'the tag is refused for something else',
      { refusal: 'a program is missing' },
      ['not so: a name without a digest is refused'],
    ],
    [
      'the tag is refused after a plan',
      { refusal: 'it names an image by a tag\nprod: plan …' },
      ['not so: nothing is planned for it'],
    ],
    [
      'prod goes on to serve what is regretted',
      { serves: regretted },
      ['not so: all tasks of prod run the named digest again'],
    ],
    [
      'the return fails its probes',
      { taken: 'failed' as const },
      ['not so: the return passes, with its probes'],
    ],
  ])('does not hold when %s', async (_what, wrong, faults) => {
    expect(await play(wrong)).toEqual(faults);
  });
});

describe('the scenario rescan', () => {
  let registry: Server;
  let address: string;

  /** A registry that takes whatever it is given. */
  beforeEach(async () => {
    registry = createServer((request, response) => {
      request.resume();
      response.writeHead(201, { location: '/v2/upload' }).end();
    });
    address = (await listenOnLoopback(registry, 0)).url.replace(/^http:\/\//, '');
  });

  afterEach(() => closeServer(registry));

  const found = 'CVE-2099-0001 (high) libc6 2.36-9: published after the image was deployed';

  async function play(
    wrong: { first?: Outcome; second?: Outcome; says?: string; filed?: boolean; serves?: string } = {},
  ) {
    const calls: FiledCall[] = [];
    const run = async (id: string): Promise<readonly StepResult[]> => {
      if (wrong.filed !== false) calls.push({ method: 'PUT', url: '/reports/security', body: {} });
      const isFirst = id === 'rescan-clean';
      const outcome = isFirst ? (wrong.first ?? 'passed') : (wrong.second ?? 'failed');
      const says = isFirst ? 'nothing' : (wrong.says ?? found);
      return [
        await step('Fetch what prod runs', 'passed', `prod runs ${repository}@${good}`),
        await step('Scan it by what is known today', outcome, says),
      ];
    };
    const world = {
      run,
      registry: { address, environment: {}, stop: () => Promise.resolve() },
      insights: { proxy: '', calls, refusals: [], stop: () => Promise.resolve() },
      servingOf: () => Promise.resolve({ digests: [wrong.serves ?? good], tasks: 3 }),
    };
    return (await rescan.play(world, choices)).faults;
  }

  test('holds when the scan is red for what got known, and for nothing else', async () => {
    expect(await play()).toEqual([]);
  });

  test.each([
    ['the first night is red', { first: 'failed' as const }, ['not so: the first scan passes']],
    ['the second night stays green', { second: 'passed' as const }, ['not so: and fails in its scan']],
    [
      'it is red because nothing could look',
      { says: 'NOT CHECKED' },
      ['not so: it names the vulnerability, and the package'],
    ],
    [
      'it names what the image never had',
      { says: `${found}\nCVE-2000-0001 libc6` },
      ['not so: it does not name the one that the image never had'],
    ],
    ['no report is filed', { filed: false }, ['not so: a report of it is filed']],
    ['another image runs', { serves: regretted }, ['not so: it is what prod serves']],
  ])('does not hold when %s', async (_what, wrong, faults) => {
    expect(await play(wrong)).toEqual(faults);
  });
});
