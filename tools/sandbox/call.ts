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

/** Passes a call, changed or not, on to moto. */
export type Forward = (call: Call) => Promise<Answer>;

/** What moto lacks and the front adds, together with why. */
export interface Gap {
  /** What moto does not do, and what that would break. */
  readonly reason: string;
  /** By `service.Action`, where service is the signing name: `logs.PutQueryDefinition`. */
  readonly answers: Readonly<Record<string, (call: Call, forward: Forward) => Answer | Promise<Answer>>>;
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

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

/** A JSON object from a body; an empty or other body reads as an empty object. */
export function readJson(body: Buffer): JsonObject {
  return objectOf(JSON.parse(body.length === 0 ? '{}' : body.toString()) as Json);
}

export const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
export const list = (value: Json | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : [];

export function json(value: JsonObject, status = 200, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.1', ...headers },
    body: Buffer.from(JSON.stringify(value)),
  };
}

/** The envelope of a query-protocol answer around the inner XML of its result. */
export function xml(action: string, namespace: string, result: string): Answer {
  const body =
    `<${action}Response xmlns="${namespace}"><${action}Result>${result}</${action}Result>` +
    `<ResponseMetadata><RequestId>emulator</RequestId></ResponseMetadata></${action}Response>`;
  return { status: 200, headers: { 'content-type': 'text/xml' }, body: Buffer.from(body) };
}

/** An error that no AWS client retries, in the form that the caller's protocol expects. */
export function refusal(call: Call, code: string, message: string, status = 400): Answer {
  if (call.protocol === 'json' || call.protocol === 'rest-json') {
    return json({ __type: code, message }, status, { 'x-amzn-errortype': code });
  }
  const error = `<Code>${code}</Code><Message>${escape(message)}</Message>`;
  const body = Buffer.from(`<?xml version="1.0"?>${envelopes[call.protocol](error)}`);
  return { status, headers: { 'content-type': 'text/xml' }, body };
}

const envelopes: Record<Exclude<Protocol, 'json' | 'rest-json'>, (error: string) => string> = {
  query: (error) =>
    `<ErrorResponse><Error><Type>Sender</Type>${error}</Error><RequestId>emulator</RequestId></ErrorResponse>`,
  ec2: (error) =>
    `<Response><Errors><Error>${error}</Error></Errors><RequestID>emulator</RequestID></Response>`,
  'rest-xml': (error) => `<Error>${error}<RequestId>emulator</RequestId></Error>`,
};

export const escape = (value: string): string =>
  value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
