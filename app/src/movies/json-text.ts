/** JSON as it is sent, and its length in UTF-8. */
export interface JsonText {
  readonly json: string;
  readonly jsonBytes: number;
}

export function toJsonText(value: unknown): JsonText {
  const json = JSON.stringify(value);
  return { json, jsonBytes: Buffer.byteLength(json) };
}
