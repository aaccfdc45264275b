import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { toInsights } from '../../tools/checks/gates/reports.ts';
import type { GateVerdict, JudgedFinding, Verdict } from '../../tools/checks/gates/verdict.ts';
import { type Annotation, type Report, writeReport } from '../../tools/lib/insights.ts';
import { collectReports, fileReport, reportTests } from '../../tools/release/insights.ts';
import { startCodeInsightsApi } from '../../tools/sandbox/pipeline/code-insights-api.ts';

const commit = 'c'.repeat(40);
const url = `http://api.bitbucket.org/2.0/repositories/movies/movies-api/commit/${commit}/reports/security`;
const annotation: Annotation = {
  annotation_type: 'VULNERABILITY',
  result: 'FAILED',
  severity: 'HIGH',
  summary: 'DL3008: pin versions',
  details: 'hadolint: Dockerfile',
  path: 'Dockerfile',
  line: 3,
};
const report: Report = {
  id: 'security',
  title: 'Security gates',
  details: 'One gate blocks.',
  report_type: 'SECURITY',
  result: 'FAILED',
  data: [{ title: 'Blocked', type: 'NUMBER', value: 1 }],
  annotations: [annotation],
};

let bitbucket: Awaited<ReturnType<typeof startCodeInsightsApi>>;
const file = (changes: Partial<Report>): Promise<void> =>
  fileReport(
    { workspace: 'movies', repository: 'movies-api', commit, proxy: bitbucket.proxy },
    { ...report, ...changes },
  );

beforeEach(async () => {
  bitbucket = await startCodeInsightsApi();
});

afterEach(async () => {
  await bitbucket.stop();
});

test('a report replaces the one of the last run, and its annotations follow', async () => {
  await file({});

  const { id, annotations, ...fields } = report;
  expect(bitbucket.calls).toEqual([
    { method: 'DELETE', url, body: undefined },
    { method: 'PUT', url, body: { ...fields, reporter: 'movies-api' } },
    {
      method: 'POST',
      url: `${url}/annotations`,
      body: annotations.map((one) => ({ ...one, external_id: `${id}-1` })),
    },
  ]);
});

test('annotations go in hundreds, a thousand at most, and the report says how many are left', async () => {
  await file({ annotations: Array.from({ length: 1042 }, () => annotation) });

  const sizes = bitbucket.calls
    .filter(({ method }) => method === 'POST')
    .map(({ body }) => (body as readonly unknown[]).length);
  expect(sizes).toEqual(Array.from({ length: 10 }, () => 100));
  expect(bitbucket.calls[1]?.body).toMatchObject({
    details: "One gate blocks. 42 more are in the step's artifacts.",
  });
});

test('texts longer than Bitbucket takes are cut', async () => {
  await file({
    details: 'd'.repeat(3000),
    annotations: [{ ...annotation, summary: 's'.repeat(451), details: 'd'.repeat(2001) }],
  });

  expect(bitbucket.calls[2]?.body).toEqual([
    expect.objectContaining({ summary: `${'s'.repeat(449)}…`, details: `${'d'.repeat(1999)}…` }),
  ]);
});

test('a report without annotations is one call', async () => {
  await file({ annotations: [] });

  expect(bitbucket.calls.map(({ method }) => method)).toEqual(['DELETE', 'PUT']);
});

test('what Bitbucket refuses fails, with its reason', async () => {
  await expect(file({ title: '' })).rejects.toThrow(
    /Bitbucket answered 400 to PUT .*data\/title must NOT have fewer than 1 characters/,
  );
});

test('where no proxy answers, it fails', async () => {
  await bitbucket.stop();

  await expect(file({})).rejects.toThrow('ECONNREFUSED');

  bitbucket = await startCodeInsightsApi();
});

test('the stand-in refuses what Bitbucket would: annotations without their report, and more than a thousand', async () => {
  const post = (report: string, count: number): Promise<number> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(bitbucket.proxy);
      const path = `${url.replace(/security$/, report)}/annotations`;
      const call = request(
        { hostname, port, method: 'POST', path, headers: { host: 'api.bitbucket.org' } },
        (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        },
      );
      call.on('error', reject);
      call.end(
        JSON.stringify(Array.from({ length: count }, (_, n) => ({ ...annotation, external_id: `${n}` }))),
      );
    });
  await file({ annotations: Array.from({ length: 950 }, () => annotation) });

  expect(await post('absent', 1)).toBe(404);
  expect(await post('security', 51)).toBe(400);
  expect(await post('security', 50)).toBe(200);
  expect(await post('security', 101)).toBe(400);
});

test('a failed scenario fails the report, and is an annotation with its reason', () => {
  const xml = `<testsuites name="jest tests" tests="3" failures="1" errors="0" time="2.5">
    <testsuite name="a" tests="3"><testcase classname="a" name="it is" time="1"></testcase>
    <testcase classname="a" name="it &lt;can&apos;t&gt; be" time="1"><failure>expected 1, got &lt;2&gt;</failure></testcase>
    <testcase classname="a" name="later" time="0"><skipped/></testcase></testsuite></testsuites>`;

  expect(reportTests(xml)).toEqual({
    id: 'tests',
    title: 'Tests',
    details: '1 passed, 1 failed, 1 skipped.',
    report_type: 'TEST',
    result: 'FAILED',
    data: [
      { title: 'Tests', type: 'NUMBER', value: 3 },
      { title: 'Failed', type: 'NUMBER', value: 1 },
      { title: 'Skipped', type: 'NUMBER', value: 1 },
      { title: 'Time', type: 'DURATION', value: 2500 },
    ],
    annotations: [
      {
        annotation_type: 'BUG',
        result: 'FAILED',
        severity: 'HIGH',
        summary: "it <can't> be",
        details: 'expected 1, got <2>',
      },
    ],
  });
});

test.each(['project', 'gates'])('the %s part of the tests has a report of its own', (part) => {
  const { id, title } = reportTests(`<testsuites name="${part}" tests="3" failures="0" errors="0" time="2">`);

  expect({ id, title }).toEqual({ id: `tests-${part}`, title: `Tests of the ${part}` });
});

test('a run without a test is no pass', () => {
  expect(reportTests('<testsuites tests="0" failures="0" errors="0" time="0">').result).toBe('FAILED');
});

test('only what was reported is collected', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'reports-'));
  await writeReport(join(folder, 'drift-dev'), report);
  await mkdir(join(folder, 'verify'));

  const reports = await collectReports(folder);

  expect(reports).toEqual([report]);
  await rm(folder, { recursive: true });
});

const finding: JudgedFinding = {
  rule: 'DL3008',
  severity: 'high',
  resource: 'Dockerfile',
  file: 'Dockerfile',
  line: 3,
  message: 'pin versions',
  fate: 'blocks',
};
const gate = (changes: Partial<GateVerdict>): GateVerdict => ({
  id: 'hadolint',
  title: 'mistakes in the Dockerfile',
  verdict: 'passed',
  note: 'Dockerfile',
  seconds: 1,
  findings: [],
  ...changes,
});
const verdict = (...gates: readonly GateVerdict[]): Verdict => ({ commit: 'c', finishedAt: 'now', gates });

test('a finding that blocks fails the report and comes first, at its line', () => {
  const advice: JudgedFinding = {
    ...finding,
    rule: 'A',
    fate: 'advice',
    severity: 'unrated',
    file: 'plan:dev',
  };

  const judged = toInsights(
    verdict(gate({ verdict: 'blocked', findings: [advice, finding] }), gate({ title: 'secrets' })),
  );

  expect(judged).toEqual({
    id: 'security',
    title: 'Security gates',
    details: 'mistakes in the Dockerfile: blocked (Dockerfile)\nsecrets: passed (Dockerfile)',
    report_type: 'SECURITY',
    result: 'FAILED',
    data: [
      { title: 'Passed', type: 'NUMBER', value: 1 },
      { title: 'Blocked', type: 'NUMBER', value: 1 },
      { title: 'Not checked', type: 'NUMBER', value: 0 },
      { title: 'Findings that block', type: 'NUMBER', value: 1 },
    ],
    annotations: [
      annotation,
      {
        annotation_type: 'VULNERABILITY',
        result: 'PASSED',
        severity: 'LOW',
        summary: 'A: pin versions',
        details: 'hadolint: Dockerfile',
      },
    ],
  });
});

test('gates that could not look are no pass', () => {
  expect(toInsights(verdict(gate({ verdict: 'not checked' }))).result).toBe('FAILED');
});
