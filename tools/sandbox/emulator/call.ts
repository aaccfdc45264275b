import type { IncomingHttpHeaders } from 'node:http';

/** How a service speaks: it decides where the action's name is and what an error looks like. */
export type Protocol = 'json' | 'query' | 'ec2' | 'rest-json' | 'rest-xml';

/** One request of an AWS client, understood as far as the front needs. */
export interface Call {
  /** The signing name: `ecs`, `logs`, `monitoring`, `elasticloadbalancing`, … */
  readonly service: string;
  /** `CreateService`; where a REST request can't be named, its method and path. */
  readonly action: string;
  readonly protocol: Protocol;
  readonly method: string;
  /** Path and query, as it was sent. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Names a REST request by its method and URL, or gives nothing when it can't. */
export type NameRest = (service: string, method: string, url: string) => string | undefined;

const xmlRestServices = ['s3', 'route53', 'cloudfront'];

/** Reads service, action and protocol from what every AWS request carries: its signature, target header or form. */
export function readCall(request: Omit<Call, 'service' | 'action' | 'protocol'>, nameRest: NameRest): Call {
  const service = scope(request)?.at(-2) ?? 'unsigned';
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string') {
    return { ...request, service, protocol: 'json', action: target.slice(target.lastIndexOf('.') + 1) };
  }
  const action = form(request).get('Action');
  if (action !== null) return { ...request, service, protocol: service === 'ec2' ? 'ec2' : 'query', action };
  return {
    ...request,
    service,
    protocol: xmlRestServices.includes(service) ? 'rest-xml' : 'rest-json',
    action: nameRest(service, request.method, request.url) ?? `${request.method} ${path(request.url)}`,
  };
}

/** The parameters of a query-protocol request, from its body or its URL. */
export function form({ url, headers, body }: Pick<Call, 'url' | 'headers' | 'body'>): URLSearchParams {
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
  return isForm ? new URLSearchParams(body.toString()) : new URL(url, 'http://front').searchParams;
}

/** The values of `List.member.1`, `List.member.2`, … in order; with a suffix, of `List.member.1.Key`, … */
export function members(fields: URLSearchParams, list: string, suffix = ''): readonly string[] {
  const values: string[] = [];
  for (let value = fields.get(`${list}.member.1${suffix}`); value !== null;) {
    values.push(value);
    value = fields.get(`${list}.member.${values.length + 1}${suffix}`);
  }
  return values;
}

export const path = (url: string): string => new URL(url, 'http://front').pathname;

/** The account that moto says it is. */
export const account = '123456789012';

/** The region that a request is signed for. */
export const regionOf = (call: Pick<Call, 'headers' | 'url'>): string => scope(call)?.at(2) ?? 'us-east-1';

/** The access key that a request is signed with. */
export const callerOf = (call: Pick<Call, 'headers' | 'url'>): string => scope(call)?.at(0) ?? 'unsigned';

/** `Credential=KEY/20260101/eu-west-1/ecs/aws4_request`, in the header or, presigned, in the query. */
function scope({ headers, url }: Pick<Call, 'headers' | 'url'>): readonly string[] | undefined {
  const credential =
    /Credential=([^,\s]+)/.exec(headers.authorization ?? '')?.[1] ??
    new URL(url, 'http://front').searchParams.get('X-Amz-Credential');
  return credential?.split('/');
}
