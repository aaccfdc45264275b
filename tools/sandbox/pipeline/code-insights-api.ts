import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { Ajv } from 'ajv';
import { closeServer, listenOnLoopback } from '../../../app/src/local/listen.ts';

export interface FiledCall {
  readonly method: string;
  readonly url: string;
  readonly body: unknown;
}

const textOf = (maxLength: number): object => ({ type: 'string', minLength: 1, maxLength });

/** As Bitbucket Cloud's REST API publishes them ("Reports", "Annotations"), and no property besides. */
const reportSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['title', 'details', 'report_type'],
  properties: {
    title: textOf(450),
    details: textOf(2000),
    reporter: textOf(450),
    link: { type: 'string' },
    report_type: { enum: ['SECURITY', 'COVERAGE', 'TEST', 'BUG'] },
    result: { enum: ['PASSED', 'FAILED', 'PENDING'] },
    data: {
      type: 'array',
      maxItems: 10,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['title', 'type', 'value'],
        properties: {
          title: textOf(450),
          type: { enum: ['BOOLEAN', 'DATE', 'DURATION', 'LINK', 'NUMBER', 'PERCENTAGE', 'TEXT'] },
          value: {},
        },
      },
    },
  },
};

const annotationsSchema = {
  type: 'array',
  minItems: 1,
  maxItems: 100,
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['external_id', 'annotation_type', 'summary'],
    properties: {
      external_id: textOf(450),
      annotation_type: { enum: ['VULNERABILITY', 'CODE_SMELL', 'BUG'] },
      result: { enum: ['PASSED', 'FAILED', 'SKIPPED', 'IGNORED'] },
      severity: { enum: ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'] },
      summary: textOf(450),
      details: textOf(2000),
      path: textOf(2000),
      line: { type: 'integer', minimum: 1 },
      link: { type: 'string' },
    },
  },
};

const ajv = new Ajv({ allErrors: true });
const schemas = { PUT: ajv.compile(reportSchema), POST: ajv.compile(annotationsSchema) };
const address =
  /^http:\/\/api\.bitbucket\.org\/2\.0\/repositories\/[\w-]+\/[\w-]+\/commit\/[0-9a-f]{40}\/reports\/[\w-]+(\/annotations)?$/;

/** Of one report, over all calls. */
const annotationsPerReport = 1_000;

export interface CodeInsightsApi {
  /** CODE_INSIGHTS_PROXY of a step. */
  readonly proxy: string;
  /** What was taken, in order. */
  readonly calls: FiledCall[];
  /** What was refused, and why. */
  readonly refusals: string[];
  readonly stop: () => Promise<void>;
}

/** The proxy of a step with the Code Insights API behind it: takes what has the published form, on loopback. */
export async function startCodeInsightsApi(): Promise<CodeInsightsApi> {
  const calls: FiledCall[] = [];
  const refusals: string[] = [];
  /** Annotations of each report that is there, by its address. */
  const annotations = new Map<string, number>();
  const server = createServer((request, response) => {
    void text(request).then((sent) => {
      const { method = '', url = '' } = request;
      const body: unknown = sent === '' ? undefined : JSON.parse(sent);
      const refuse = (status: number, reason: string): void => {
        refusals.push(`${method} ${url}: ${reason}`);
        response.writeHead(status).end(JSON.stringify({ type: 'error', error: { message: reason } }));
      };
      if (!address.test(url) || request.headers.host !== 'api.bitbucket.org') {
        refuse(404, `no such resource: ${url}`);
        return;
      }
      const accepts = method === 'PUT' || method === 'POST' ? schemas[method] : undefined;
      if (accepts !== undefined && !accepts(body)) {
        refuse(400, ajv.errorsText(accepts.errors));
        return;
      }
      const report = url.replace(/\/annotations$/, '');
      const count = (annotations.get(report) ?? 0) + (Array.isArray(body) ? body.length : 0);
      if (method === 'POST' && !annotations.has(report)) {
        refuse(404, 'annotations come after their report');
        return;
      }
      if (count > annotationsPerReport) {
        refuse(400, `a report holds ${annotationsPerReport} annotations at most`);
        return;
      }
      if (method === 'DELETE') annotations.delete(report);
      else annotations.set(report, count);
      calls.push({ method, url, body });
      response.writeHead(method === 'DELETE' ? 204 : 200).end();
    });
  });
  const { url: proxy } = await listenOnLoopback(server, 0);
  return { proxy, calls, refusals, stop: () => closeServer(server) };
}
