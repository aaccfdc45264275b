import type { ServerResponse } from 'node:http';

/** JSON as it is sent. */
export interface JsonText {
  readonly json: string;
  readonly jsonBytes: number;
}

export function toJsonText(value: unknown): JsonText {
  const json = JSON.stringify(value);
  return { json, jsonBytes: Buffer.byteLength(json) };
}

/** Names and values of headers, in turn. */
export const describeJson = ({ jsonBytes }: JsonText) =>
  ['Content-Type', 'application/json; charset=utf-8', 'Content-Length', String(jsonBytes)] as const;

/**
 * The last of an answer. Text whose characters are one byte each is the same in both encodings, but Node.js copies it in
 * one and converts it in the other, which is a fifth of a read from memory (ADR 0177).
 */
export function endWithJson(response: ServerResponse, { json, jsonBytes }: JsonText): void {
  response.end(json, jsonBytes === json.length ? 'latin1' : 'utf8');
}

/** As `response.json` of Express, without what that finds out on the way: no type to look up, no text to make twice. */
export function sendJson(response: ServerResponse, text: JsonText): void {
  const [type, json, length, bytes] = describeJson(text);
  endWithJson(response.setHeader(type, json).setHeader(length, bytes), text);
}
