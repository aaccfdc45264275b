import type { IncomingMessage } from 'node:http';
import type { Metrics } from '../telemetry/metrics.ts';
import { badRequest, HttpProblem } from './problem.ts';
import { isHealthCheck, type ApiRequest, type Stage } from './stages.ts';

/** With user information it is an error (RFC 9110, section 4.2.4). */
const absoluteForm = /^https?:\/\/[^/?#@]+(?=[/?#]|$)/i;

/**
 * Brings an absolute target, as clients of a proxy send it, into the form that all readers here know: it asks for the same
 * (RFC 9112, section 3.2.2). Every other form stays, for `refuseAmbiguity` to judge.
 */
export function readTarget(request: IncomingMessage): void {
  const { url = '' } = request;
  const [origin] = absoluteForm.exec(url) ?? [];
  if (origin === undefined) return;
  const rest = url.slice(origin.length);
  request.url = rest.startsWith('/') ? rest : `/${rest}`;
}

/** Refuses what two readers could understand in two ways, or what nobody here understands. */
export const refuseAmbiguity: Stage = (request, _response, next) => {
  const { headers, httpVersion } = request;
  refuseRepeats(request);
  refuseTarget(request);
  if (headers.host === undefined && httpVersion === '1.1') {
    throw badRequest({ in: 'header', field: 'Host', message: 'is missing' });
  }
  if (!authority.test(headers.host ?? '')) {
    throw badRequest({
      in: 'header',
      field: 'Host',
      message: 'is not a name or an address, with or without a port',
    });
  }
  const { expect, 'transfer-encoding': coding } = headers;
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
    throw new HttpProblem(417, 'Of all expectations only 100-continue is met here. Leave out Expect.');
  }
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
    throw new HttpProblem(501, 'Of all transfer codings only chunked is known here.');
  }
  next();
};

/** RFC 9110, section 7.2: all else must be refused. */
const authority = /^(\[[\da-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(:\d*)?$/i;

/** Of these Node keeps the first and drops the others in silence, while what stands in front may go by the last one. */
const singles = new Map(['Host', 'Authorization', 'Content-Type'].map((name) => [name.toLowerCase(), name]));

function refuseRepeats({ rawHeaders }: ApiRequest): void {
  const seen = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const field = singles.get(rawHeaders[at]?.toLowerCase() ?? '');
    if (field === undefined) continue;
    if (seen.has(field)) throw badRequest({ in: 'header', field, message: 'is given more than once' });
    seen.add(field);
  }
}

export const isForWholeServer = ({ method, url }: IncomingMessage): boolean =>
  method === 'OPTIONS' && url === '*';

function refuseTarget(request: ApiRequest): void {
  const { url = '' } = request;
  if (!url.startsWith('/') && !isForWholeServer(request)) {
    throw badRequest({ in: 'path', message: 'is not an address of this service' });
  }
  // Some readers take it for a part of the title, others for the end of the address.
  if (url.includes('#')) throw badRequest({ in: 'path', message: 'contains a #; within a title write %23' });
  const start = url.indexOf('?');
  if (start === -1 || !url.includes('%', start)) return;
  try {
    decodeURIComponent(url.slice(start));
  } catch {
    // Readers of queries put U+FFFD for it, which would be another title, or a filter that finds nothing.
    throw badRequest({ in: 'query', message: 'is not percent-encoded UTF-8; a percent sign itself is %25' });
  }
}

/** Refuses with 503 what is too much at once, so that what was accepted is still answered in time. Health is told in any case. */
export function shedLoad(mostInFlight: number, metrics: Pick<Metrics, 'requestShed'>): Stage {
  let inFlight = 0;
  return (_request, response, next) => {
    if (isHealthCheck(response)) {
      next();
      return;
    }
    if (inFlight >= mostInFlight) {
      metrics.requestShed();
      throw new HttpProblem(503, 'Too many requests at once. Try again in a moment.', {
        headers: { 'Retry-After': '1' },
      });
    }
    inFlight += 1;
    response.once('close', () => {
      inFlight -= 1;
    });
    next();
  };
}
