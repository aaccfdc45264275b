import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';

type Data = string | ArrayBuffer | ArrayBufferView;

/** The SDK keeps its signing key of a day: for as long as it does, this has it in the form that costs nothing to use. */
const keys = new WeakMap<object, KeyObject>();

/**
 * SHA-256, with a secret HMAC-SHA-256, as the SDK wants it for its signatures. Its own class copies each hash that it takes, and
 * gives Node.js secrets as bytes, for which Node.js throws and catches an error each time: two thirds of an HMAC.
 */
export class Sha256 {
  readonly #key: KeyObject | string | undefined;
  #data: Uint8Array[] = [];

  constructor(secret?: Data) {
    this.#key = typeof secret === 'object' ? keyOf(secret) : secret;
  }

  update(data: Data): void {
    this.#data.push(toBytes(data));
  }

  /** 32 bytes. */
  digest(): Promise<Uint8Array> {
    const [first, ...rest] = this.#data;
    const data = first !== undefined && rest.length === 0 ? first : Buffer.concat(this.#data);
    return Promise.resolve(
      this.#key === undefined
        ? hash('sha256', data, 'buffer')
        : createHmac('sha256', this.#key).update(data).digest(),
    );
  }

  reset(): void {
    this.#data = [];
  }
}

function keyOf(secret: ArrayBuffer | ArrayBufferView): KeyObject {
  const known = keys.get(secret);
  if (known !== undefined) return known;
  const key = createSecretKey(toBytes(secret));
  keys.set(secret, key);
  return key;
}

function toBytes(data: Data): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data, 'utf8');
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
