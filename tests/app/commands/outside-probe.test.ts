import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createProbe, type Probed } from '../../../app/src/commands/outside-caller.ts';
import { watch } from '../../../app/src/commands/outside-probe.ts';
import { parseFilterPattern } from '../../support/cloudwatch/patterns.ts';
import { planned } from '../../support/cloudwatch/alarm.ts';
import { runProgram } from '../../support/processes.ts';
import { describeWith, program } from '../../support/requirements.ts';
import { startApiUnderTest, type ApiUnderTest } from '../local/api-under-test.ts';

const nobody = 'http://127.0.0.1:9';
const movie = '1994/Pulp Fiction';
let api: ApiUnderTest;

beforeAll(async () => {
  api = await startApiUnderTest(3_200);
}, 120_000);
afterAll(() => api.stop());

/** Two probes without a wait: what two misses of a minute each are to who is on call. */
async function probe(changes: Readonly<Record<string, string>> = {}, env: NodeJS.ProcessEnv = {}) {
  const given = {
    url: api.url,
    'token-endpoint': api.issuer.tokenEndpoint,
    client: api.issuer.machineClient.id,
    movie,
    every: '0',
    ...changes,
  };
  const args = Object.entries(given).flatMap(([name, value]) => [`--${name}`, value]);
  const { exitCode, output, errors } = await runProgram('outside-probe', args, {
    env: { PROBE_CLIENT_SECRET: api.issuer.machineClient.secret, ...env },
  });
  return {
    exitCode,
    errors,
    results: output
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

const twoMisses = (cause: string, what: RegExp) => ({
  exitCode: 1,
  results: Array.from({ length: 2 }, () =>
    expect.objectContaining({ ok: false, cause, what: expect.stringMatching(what) }),
  ),
});

describe('what a caller outside meets', () => {
  test('all is well: one probe, its time, and nobody is told', async () => {
    expect(await probe({ 'answer-ms': '60000' })).toMatchObject({
      exitCode: 0,
      results: [{ ok: true, answerMs: expect.any(Number) }],
    });
  });

  test.each<readonly [string, Readonly<Record<string, string>>, string, RegExp]>([
    ['the name has no address', { url: 'https://movies.invalid' }, 'dns', /^movies\.invalid has no address/],
    ['nobody listens', { url: nobody }, 'unreachable', /ECONNREFUSED|bad port/],
    ['the issuer is away', { 'token-endpoint': `${nobody}/token` }, 'issuer', /:9\/token: /],
    [
      'the issuer has no address',
      { 'token-endpoint': 'https://issuer.invalid/token' },
      'issuer',
      /^issuer\.invalid has no address/,
    ],
    ['the issuer refuses the client', { client: 'another' }, 'issuer', /\/token answers 401$/],
    ['the movie is not there', { movie: '1994/No such movie' }, 'movie-missing', /answers 404, request /],
    ['an answer takes too long', { 'answer-ms': '1' }, 'slow', /took \d+ ms, 1 are allowed, request /],
  ])('%s: two misses with that cause', async (_what, changes, cause, what) => {
    expect(await probe(changes)).toMatchObject(twoMisses(cause, what));
  });

  test('without a secret, or with a movie that is none: misuse', async () => {
    expect(await probe({}, { PROBE_CLIENT_SECRET: '' })).toMatchObject({
      exitCode: 2,
      errors: expect.stringContaining('PROBE_CLIENT_SECRET'),
    });
    expect(await probe({ movie: 'Pulp Fiction' })).toMatchObject({
      exitCode: 2,
      errors: expect.stringContaining('a year and a title'),
    });
  });
});

describe('by the runtime interface of AWS Lambda', () => {
  /** https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html; the events are those of EventBridge's schedules. */
  const event = {
    version: '0',
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    resources: ['arn:aws:events:eu-west-1:123456789012:rule/movies-api-prod-outside'],
    detail: {},
  };
  const secretArn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:movies-api-prod/outside-AbCdEf';
  const serve = async (listener: RequestListener) => {
    const server = createHttpServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { server, host: `127.0.0.1:${(server.address() as AddressInfo).port}` };
  };

  /** The program as Lambda starts it, given so many events. */
  async function invoke(events: number, changes: Readonly<Record<string, string>> = {}) {
    const answers: string[] = [];
    const secretCalls: unknown[] = [];
    const over = new AbortController();
    const done = once(over.signal, 'abort');
    let given = 0;
    const runtime = await serve((request, response) => {
      if (request.url === '/2018-06-01/runtime/invocation/next') {
        // As in Lambda: with no event left, nobody is answered.
        if (given === events) {
          over.abort();
          return;
        }
        given += 1;
        response.setHeader('lambda-runtime-aws-request-id', `event-${given}`).end(JSON.stringify(event));
        return;
      }
      void text(request).then((body) => {
        answers.push(`${request.url ?? ''} ${body}`);
        response.writeHead(202).end();
      });
    });
    const secrets = await serve((request, response) => {
      void text(request).then((body) => {
        secretCalls.push([request.headers['x-amz-target'], request.headers.authorization, JSON.parse(body)]);
        response.end(JSON.stringify({ SecretString: api.issuer.machineClient.secret }));
      });
    });
    const { exitCode, output } = await runProgram('outside-lambda', [], {
      when: done,
      signals: ['SIGTERM'],
      env: {
        AWS_LAMBDA_RUNTIME_API: runtime.host,
        AWS_REGION: 'eu-west-1',
        AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
        AWS_SECRET_ACCESS_KEY: 'example',
        AWS_SESSION_TOKEN: 'session',
        AWS_ENDPOINT_URL_SECRETS_MANAGER: `http://${secrets.host}`,
        PROBE_URL: api.url,
        PROBE_TOKEN_ENDPOINT: api.issuer.tokenEndpoint,
        PROBE_CLIENT_ID: api.issuer.machineClient.id,
        PROBE_CLIENT_SECRET_ARN: secretArn,
        PROBE_MOVIE: movie,
        ...changes,
      },
    });
    for (const { server } of [runtime, secrets]) {
      server.close();
      server.closeAllConnections();
    }
    const lines = output.trim().split('\n');
    return {
      exitCode,
      lines,
      results: lines.map((line) => JSON.parse(line) as object),
      answers,
      secretCalls,
    };
  }
  const isCounted = (line: string) => {
    const filters = planned<{ pattern: string }>('prod', 'aws_cloudwatch_log_metric_filter');
    return parseFilterPattern(filters.get('main["outside_probes_good"]')?.pattern ?? '')(line);
  };

  test('each event is a probe, told in the log and answered; the token of the first is kept', async () => {
    const { results, lines, answers, secretCalls } = await invoke(2);

    expect(results).toEqual(
      [1, 2].map(() => expect.objectContaining({ ok: true, answerMs: expect.any(Number) })),
    );
    expect(lines.map(isCounted)).toEqual([true, true]);
    expect(answers).toEqual(
      lines.map((line, at) => `/2018-06-01/runtime/invocation/event-${at + 1}/response ${line}`),
    );
    expect(secretCalls).toEqual([
      [
        'secretsmanager.GetSecretValue',
        expect.stringMatching(
          /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/secretsmanager\/aws4_request, /,
        ),
        { SecretId: secretArn },
      ],
    ]);
  });

  test('a miss has its cause, is not counted as good, and the next probe signs in anew', async () => {
    const { results, lines, secretCalls } = await invoke(2, { PROBE_MOVIE: '1994/No such movie' });

    expect(results).toEqual(twoMisses('movie-missing', /answers 404/).results);
    expect(lines.map(isCounted)).toEqual([false, false]);
    expect(secretCalls).toHaveLength(2);
  });

  test('a secret that nobody gives is a miss of the issuer', async () => {
    const { results } = await invoke(1, { AWS_ENDPOINT_URL_SECRETS_MANAGER: nobody });

    expect(results).toMatchObject([
      { ok: false, cause: 'issuer', what: expect.stringMatching(/secret .* can't be read/) },
    ]);
  });
});

test('an empty table: the movie is missing', async () => {
  const empty = await startApiUnderTest(0);
  try {
    const { url, issuer } = empty;
    expect(
      await probe(
        { url, 'token-endpoint': issuer.tokenEndpoint, client: issuer.machineClient.id },
        { PROBE_CLIENT_SECRET: issuer.machineClient.secret },
      ),
    ).toMatchObject(twoMisses('movie-missing', /answers 404/));
  } finally {
    await empty.stop();
  }
});

test('the issuer signs with a key that the service has not fetched: its new tokens are refused', async () => {
  const { url, issuer, stop } = await startApiUnderTest(0);
  try {
    const target = {
      url,
      tokenEndpoint: issuer.tokenEndpoint,
      client: { ...issuer.machineClient, secret: () => Promise.resolve(issuer.machineClient.secret) },
      movie: { year: 1994, title: 'Pulp Fiction' },
      certificateDays: 14,
      answerMs: 60_000,
    };
    await issuer.rotateKeys();
    const ask = createProbe(target);
    await ask();
    await issuer.rotateKeys();

    expect(await ask()).toMatchObject({
      miss: {
        cause: 'token-refused',
        what: expect.stringMatching(
          /answers 401 to a new token, request .+: .* signed by a key that is not among/,
        ),
      },
    });
  } finally {
    await stop();
  }
});

test('the issuer signs with a key that it has withdrawn: the issuer is the cause', async () => {
  const { issuer } = api;
  const token = await issuer.token('movies/read');
  await issuer.rotateKeys();
  const late = createHttpServer((_request, response) => {
    response.end(JSON.stringify({ access_token: token }));
  });
  late.listen(0, '127.0.0.1');
  await once(late, 'listening');
  try {
    const tokenEndpoint = `http://127.0.0.1:${(late.address() as AddressInfo).port}/token`;

    expect(await probe({ 'token-endpoint': tokenEndpoint })).toMatchObject(
      twoMisses('issuer', /does not hold the key .+ that it signs with$/),
    );
  } finally {
    late.close();
  }
});

describeWith([program('openssl', 'install OpenSSL', ['version'])], 'the certificate', () => {
  let folder: string;
  let server: Server;
  const serve = async (days: string): Promise<{ url: string; env: NodeJS.ProcessEnv }> => {
    const [key, request, cert] = ['key.pem', 'request.pem', 'cert.pem'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const run = (...args: readonly string[]) => execFileSync('openssl', args, { stdio: 'ignore' });
    const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    run('req', '-new', '-newkey', 'rsa:2048', '-nodes', ...name, '-keyout', key, '-out', request);
    const signed = ['-signkey', key, '-days', days, '-copy_extensions', 'copy', '-out', cert];
    run('x509', '-req', '-in', request, ...signed);
    server = createServer({ key: await readFile(key), cert: await readFile(cert) }, (_request, response) => {
      response.writeHead(404).end();
    });
    server.listen(0);
    await once(server, 'listening');
    return {
      url: `https://localhost:${(server.address() as AddressInfo).port}`,
      env: { PROBE_CLIENT_SECRET: api.issuer.machineClient.secret, NODE_EXTRA_CA_CERTS: cert },
    };
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'certificate-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.each([
    ['has expired', '-1', {}, true, /CERT_HAS_EXPIRED/],
    ['runs out in a week', '7', {}, true, /runs for [67] more days, 14 are wanted/],
    ["is nobody's that is trusted", '30', {}, false, /SELF_SIGNED/],
  ] as const)('that %s: two misses with that cause', async (_what, days, changes, isTrusted, what) => {
    const { url, env } = await serve(days);
    const { NODE_EXTRA_CA_CERTS: _trusted, ...untrusting } = env;

    const result = await probe({ url, ...changes }, isTrusted ? env : untrusting);
    server.close();

    expect(result).toMatchObject(twoMisses('certificate', what));
  });

  test('that is good lets the probe go on, and its days are told', async () => {
    const { url, env } = await serve('90');

    const { results } = await probe({ url }, env);
    server.close();

    expect(results[0]).toMatchObject({ cause: 'movie-missing', certificateDays: expect.any(Number) });
  });
});

describe('who is told', () => {
  const miss: Probed = { miss: { cause: 'slow', what: 'slow' } };
  const watched = async (results: readonly Probed[]) => {
    const told: Probed[] = [];
    const left = [...results];
    const isWell = await watch(() => Promise.resolve(left.shift() ?? {}), {
      misses: 2,
      wait: () => Promise.resolve(),
      tell: (result) => told.push(result),
    });
    return { isWell, results: told.length };
  };

  test('nobody of a single miss', async () => {
    expect(await watched([miss, {}])).toEqual({ isWell: true, results: 2 });
  });

  test('somebody of two in a row', async () => {
    expect(await watched([miss, miss])).toEqual({ isWell: false, results: 2 });
  });
});
