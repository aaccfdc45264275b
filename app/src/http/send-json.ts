import type { ServerResponse } from 'node:http';
import type { JsonText } from '../movies/json-text.ts';

const jsonType = 'application/json; charset=utf-8';

/**
 * As `response.json` of Express, without what that finds out on the way. Text whose characters are one byte each is the same
 * in both encodings, but Node.js copies it in one and converts it in the other, which is a quarter of a read from memory.
 */
export function sendJson(response: ServerResponse, { json, jsonBytes }: JsonText, type = jsonType): void {
  response.setHeader('Content-Type', type).setHeader('Content-Length', jsonBytes);
  response.end(json, jsonBytes === json.length ? 'latin1' : 'utf8');
}
