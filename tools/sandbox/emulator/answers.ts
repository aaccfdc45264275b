import type { Answer, Call, Protocol } from './call.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A JSON object from a body; an empty or other body reads as an empty object. */
export function readJson(body: Buffer): JsonObject {
  const value = JSON.parse(body.length === 0 ? '{}' : body.toString()) as Json;
  return isObject(value) ? value : {};
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
