import { createHash, createHmac } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { Sha256 } from '../../../app/src/dynamo/sha256.ts';

const text = 'Ünïcode, and a body that is signed';
const bytes = new TextEncoder().encode(text);
const hex = (digest: Uint8Array) => Buffer.from(digest).toString('hex');

describe('what signs the requests for the table', () => {
  test.each([
    ['text', [text]],
    ['bytes', [bytes]],
    ['a buffer', [bytes.buffer]],
    ['a part of a buffer', [new DataView(bytes.buffer, 3, 7)]],
    ['several parts', [text, bytes, '']],
    ['nothing', []],
  ])('hashes %s as SHA-256', async (_name, parts) => {
    const ours = new Sha256();
    const expected = createHash('sha256');
    for (const part of parts) {
      ours.update(part);
      expected.update(part instanceof ArrayBuffer ? new Uint8Array(part) : part);
    }

    expect(hex(await ours.digest())).toBe(expected.digest('hex'));
  });

  test.each([
    ['text', 'a secret'],
    ['bytes', new TextEncoder().encode('a secret')],
    ['a buffer', new TextEncoder().encode('a secret').buffer],
  ])('takes a secret as %s for an HMAC, again and again', async (_name, secret) => {
    const expected = createHmac('sha256', 'a secret').update(text).digest('hex');
    for (const ours of [new Sha256(secret), new Sha256(secret)]) {
      ours.update(text);

      expect(hex(await ours.digest())).toBe(expected);
    }
  });

  test('secrets of the same length give different signatures', async () => {
    const signatures = ['one', 'two'].map((secret) => new Sha256(Buffer.from(secret)).digest());

    expect(new Set((await Promise.all(signatures)).map(hex)).size).toBe(2);
  });

  test('begins anew when it is reset', async () => {
    const ours = new Sha256();
    ours.update('forgotten');
    ours.reset();
    ours.update(text);

    expect(hex(await ours.digest())).toBe(createHash('sha256').update(text).digest('hex'));
  });
});
