import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeWith, program } from '../../support/requirements.ts';
import { startApiUnderTest, type ApiUnderTest } from './api-under-test.ts';

const schemathesis = fileURLToPath(
  new URL('../../../.cache/python/schemathesis/bin/schemathesis', import.meta.url),
);
const configuration = fileURLToPath(new URL('schemathesis.toml', import.meta.url));
/** The phases that no seed changes run with the first one only. `FUZZ_SEED=7,77` names other seeds. */
const rounds: [seed: string, phases: string][] =
  process.env['FUZZ_SEED'] === undefined
    ? [
        ['20261124', 'examples,coverage,fuzzing,stateful'],
        ['1', 'fuzzing,stateful'],
        ['42', 'fuzzing,stateful'],
      ]
    : process.env['FUZZ_SEED'].split(',').map((seed) => [seed, 'examples,coverage,fuzzing,stateful']);
const fuzzTimeoutMs = 170_000;

/** What an answer must keep to. */
const conformance = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
];
/**
 * All but one of schemathesis' other checks: `positive_data_acceptance` calls a documented 400 or 428 wrong whenever
 * the request fits the schema, and some of our rules (titlePrefix needs a year) can't be said in a schema.
 */
const strictness = [
  'negative_data_rejection',
  'missing_required_header',
  'unsupported_method',
  'use_after_free',
  'ensure_resource_availability',
  'ignored_auth',
];

interface Har {
  readonly log: {
    readonly entries: readonly {
      readonly request: { readonly method: string; readonly url: string };
      readonly response: { readonly status: number };
    }[];
  };
}

describeWith([program(schemathesis, 'run `make tools`')], 'the whole contract, fuzzed', () => {
  let api: ApiUnderTest;
  let reports: string;
  beforeAll(async () => {
    reports = await mkdtemp(join(tmpdir(), 'fuzz-'));
    api = await startApiUnderTest(100);
  });
  afterAll(async () => {
    await api.stop();
    await rm(reports, { recursive: true });
  });

  /** Resolves with the verdict and with what was asked and answered. */
  async function fuzz(seed: string, phases: string, checks: readonly string[], options: readonly string[]) {
    const har = join(reports, 'fuzz.har');
    const args = ['--config-file', configuration, 'run', `${api.url}/openapi.json`, '--url', api.url];
    const common = [
      '--seed',
      seed,
      '--phases',
      phases,
      '--checks',
      checks.join(),
      '--request-retries',
      '0',
      '--no-shrink',
      '--report-har-path',
      har,
    ];
    const { code, output } = await new Promise<{ code: unknown; output: string }>((resolve) => {
      execFile(
        schemathesis,
        [...args, ...common, ...options],
        { env: { ...process.env, NO_COLOR: '1' }, cwd: reports, maxBuffer: 64 * 1024 * 1024 },
        (error, stdout, stderr) => {
          resolve({ code: error === null ? 0 : error.code, output: stdout + stderr });
        },
      );
    });
    const { log } = JSON.parse(await readFile(har, 'utf8')) as Har;
    return { verdict: code === 0 ? 'no finding' : output.slice(-20_000), entries: log.entries };
  }

  test.each(rounds)(
    'with a token and seed %s: no 5xx, no answer outside the contract, nothing wrong is accepted',
    async (seed, phases) => {
      const token = await api.issuer.token('movies/read movies/write');

      const { verdict, entries } = await fuzz(
        seed,
        phases,
        [...conformance, ...strictness],
        ['--max-examples', '8', '-H', `Authorization: Bearer ${token}`],
      );

      expect(verdict).toBe('no finding');
      const statuses = entries.map(({ response }) => response.status);
      expect(statuses).toEqual(expect.arrayContaining([200, 201, 400, 404]));
    },
    fuzzTimeoutMs,
  );

  test(
    'without a token: every movies route answers 401, whatever is asked',
    async () => {
      const { verdict, entries } = await fuzz('20261124', 'examples,coverage,fuzzing', conformance, [
        '--max-examples',
        '4',
        '--include-path-regex',
        '^/movies',
      ]);

      const statuses = new Set(entries.map(({ response }) => response.status));

      expect(verdict).toBe('no finding');
      expect(entries.length).toBeGreaterThan(100);
      expect([...statuses].filter((status) => ![401, 405].includes(status))).toEqual([]);
    },
    fuzzTimeoutMs,
  );
});
