import { request } from 'node:http';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Annotation, Report } from '../../tools/lib/insights.ts';
import { fileReport } from '../../tools/release/insights.ts';
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
