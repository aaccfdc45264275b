import type { Dispatcher } from 'undici';

/** As the SDK's handler calls what goes wrong before an answer begins: by these names the SDK tries again. */
const names: ReadonlyMap<unknown, string> = new Map([
  ['UND_ERR_BODY_TIMEOUT', 'TimeoutError'],
  ['UND_ERR_SOCKET', 'RequestTimeout'],
]);

/** All of an answer of undici. What the SDK does by default pipes it through another stream, and its errors as they are. */
export async function collectBytes(body: Dispatcher.ResponseData['body']): Promise<Uint8Array> {
  try {
    return await body.bytes();
  } catch (error) {
    const name = error instanceof Error && 'code' in error ? names.get(error.code) : undefined;
    throw name === undefined ? error : Object.assign(error as Error, { name });
  }
}
