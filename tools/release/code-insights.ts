import { request } from 'node:http';
import type { Report } from '../lib/insights.ts';
import { Problem } from '../../app/src/commands/problem.ts';

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
  const text = body === undefined ? '' : JSON.stringify(body);
  const headers = {
    host: new URL(url).host,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  };
  const { status, answer } = await new Promise<{ status: number; answer: string }>((resolve, reject) => {
    const call = request({ hostname, port, method, path: url, headers, timeout: timeoutMs }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, answer: Buffer.concat(chunks).toString() });
      });
    });
    call.on('timeout', () => call.destroy(new Error(`no answer in ${timeoutMs} ms`)));
    call.on('error', reject);
    call.end(text);
  });
  if (accepted.includes(status)) return;
  throw new Problem(
    `Bitbucket answered ${status} to ${method} ${url}: ${answer.slice(0, 300)}`,
    'The findings are in the artifacts of the step all the same.',
  );
}
