/** JSON as it is sent, and its length in UTF-8. */
export interface JsonText {
  readonly json: string;
  readonly jsonBytes: number;
}

export const measured = (json: string): JsonText => ({ json, jsonBytes: Buffer.byteLength(json) });

export const toJsonText = (value: unknown): JsonText => measured(JSON.stringify(value));
