import { readdir, readFile } from 'node:fs/promises';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { isMissing, Problem } from '../../app/src/commands/problem.ts';
import type { Annotation, Report } from '../lib/insights.ts';
import parts from '../lib/test-parts.json' with { type: 'json' };

/** Files what earlier targets left in `folder` with the commit; outside of a pipeline step it only lists it. */
export async function fileReports(
  folder: string,
  env: NodeJS.ProcessEnv,
  say: (line: string) => void,
): Promise<void> {
  const { BITBUCKET_WORKSPACE: workspace, BITBUCKET_REPO_SLUG: repository, BITBUCKET_COMMIT: commit } = env;
  for (const report of await collectReports(folder)) {
    say(`${report.title}: ${report.result}, ${report.annotations.length} annotations`);
    if (workspace === undefined || repository === undefined || commit === undefined) continue;
    const proxy = env['CODE_INSIGHTS_PROXY'] ?? 'http://localhost:29418';
    await fileReport({ workspace, repository, commit, proxy }, report);
  }
  if (workspace === undefined) say('Not in a pipeline step: nothing was filed.');
}

/** The reports that earlier targets left in `folder`: tests or a part of them, security. Those of targets that didn't run are absent. */
export async function collectReports(folder: string): Promise<readonly Report[]> {
  const reports = await Promise.all([
    read(join(folder, 'tests', 'junit.xml'), reportTests),
    ...(await foldersOf(folder)).map((name) =>
      read(join(folder, name, 'report.json'), (text) => JSON.parse(text) as Report),
    ),
  ]);
  return reports.filter((report) => report !== undefined);
}

/** Those that `writeReport` made; others have no report.json. */
const foldersOf = (folder: string): Promise<readonly string[]> =>
  readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });

async function read(file: string, toReport: (text: string) => Report): Promise<Report | undefined> {
  try {
    return toReport(await readFile(file, 'utf8'));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * jest-junit's XML: counts are attributes of the root, a failed scenario holds a `failure`. Each part of the tests has a report
 * of its own (`make test PART=…` names it), for a second one with the same id replaces the first.
 */
export function reportTests(xml: string): Report {
  const root = /<testsuites\b[^>]*>/.exec(xml)?.[0] ?? '';
  const count = (name: string): number => Number(attribute(root, name) ?? 0);
  const name = attribute(root, 'name') ?? '';
  const part = Object.keys(parts).find((one) => one === name);
  const failed = count('failures') + count('errors');
  const cases = [...xml.matchAll(/<testcase\b([^>]*[^/])>([\s\S]*?)<\/testcase>/g)];
  const skipped = [...xml.matchAll(/<skipped\b/g)].length;
  return {
    id: part === undefined ? 'tests' : `tests-${part}`,
    title: part === undefined ? 'Tests' : `Tests of the ${part}`,
    details: `${count('tests') - failed - skipped} passed, ${failed} failed, ${skipped} skipped.`,
    report_type: 'TEST',
    // A run without a single test proves nothing.
    result: failed === 0 && count('tests') > 0 ? 'PASSED' : 'FAILED',
    data: [
      { title: 'Tests', type: 'NUMBER', value: count('tests') },
      { title: 'Failed', type: 'NUMBER', value: failed },
      { title: 'Skipped', type: 'NUMBER', value: skipped },
      { title: 'Time', type: 'DURATION', value: Math.round(count('time') * 1000) },
    ],
    annotations: cases
      .filter(([, , inner = '']) => inner.includes('<failure') || inner.includes('<error'))
      .map(([, attributes = '', inner = '']): Annotation => ({
        annotation_type: 'BUG',
        result: 'FAILED',
        severity: 'HIGH',
        summary: unescapeXml(attribute(attributes, 'name') ?? 'a scenario without a name'),
        details: unescapeXml(inner.replace(/<[^>]+>/g, '').trim()),
      })),
  };
}

const attribute = (tag: string, name: string): string | undefined =>
  new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1];

const unescapeXml = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&');

/** Which commit of which repository, and the proxy that signs a step's plain HTTP requests. */
export interface Place {
  readonly workspace: string;
  readonly repository: string;
  readonly commit: string;
  readonly proxy: string;
}

/** Bitbucket's limits. */
export const limits = { perCall: 100, perReport: 1000, summary: 450, details: 2000, data: 10 } as const;
const timeoutMs = 20_000;

/** Files a report and its annotations. A report of the same id is replaced, so a step that runs again repeats nothing. */
export async function fileReport(place: Place, { id, annotations, ...report }: Report): Promise<void> {
  const { workspace, repository, commit, proxy } = place;
  const url = `http://api.bitbucket.org/2.0/repositories/${workspace}/${repository}/commit/${commit}/reports/${id}`;
  const left = annotations.length - limits.perReport;
  const details = left > 0 ? `${report.details} ${left} more are in the step's artifacts.` : report.details;
  await send(proxy, 'DELETE', url, undefined, [204, 404]);
  await send(proxy, 'PUT', url, {
    ...report,
    reporter: 'movies-api',
    details: clip(details, limits.details),
    data: report.data.slice(0, limits.data),
  });
  const numbered = annotations.slice(0, limits.perReport).map((annotation, index) => ({
    ...annotation,
    external_id: `${id}-${index + 1}`,
    summary: clip(annotation.summary, limits.summary),
    ...(annotation.details === undefined ? {} : { details: clip(annotation.details, limits.details) }),
  }));
  for (let start = 0; start < numbered.length; start += limits.perCall) {
    await send(proxy, 'POST', `${url}/annotations`, numbered.slice(start, start + limits.perCall));
  }
}

const clip = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1)}…`;

/** A proxy takes the whole address in the request line; this one wants plain HTTP, because it adds the credentials. */
async function send(
  proxy: string,
  method: string,
  url: string,
  body: unknown,
  accepted: readonly number[] = [200, 201],
): Promise<void> {
  const { hostname, port } = new URL(proxy);
  const sent = body === undefined ? '' : JSON.stringify(body);
  const headers = {
    host: new URL(url).host,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(sent),
  };
  const signal = AbortSignal.timeout(timeoutMs);
  const call = request({ hostname, port, method, path: url, headers, signal }).end(sent);
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  const [status = 0, answer] = [response.statusCode, await text(response)];
  if (accepted.includes(status)) return;
  throw new Problem(
    `Bitbucket answered ${status} to ${method} ${url}: ${answer.slice(0, 300)}`,
    'The findings are in the artifacts of the step all the same.',
  );
}
