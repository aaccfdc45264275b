/** A bucket of a bbolt file: values and further buckets, by key. */
export interface Bucket {
  readonly [key: string]: string | Bucket;
}

const pageBytes = 4_096;
const headerBytes = 16;
const kinds = { meta: 4, freelist: 16, leaf: 2 } as const;

/**
 * A file of bbolt (go.etcd.io/bbolt, format 2) that holds these buckets, for programs that read one and bring nothing to write
 * it. Each bucket is one leaf page, as long as it has to be: there are no branches, so it is for little data.
 */
export function writeBoltFile(root: Bucket): Buffer {
  // Two meta pages and the list of free ones come first.
  const pages: Buffer[] = [Buffer.alloc(2 * pageBytes), writePage(2, kinds.freelist, 0, Buffer.alloc(0))];
  let next = 3;

  const writeBucket = (bucket: Bucket): number => {
    const entries = Object.entries(bucket)
      .map(([key, value]) => ({ key: Buffer.from(key), ...encode(value) }))
      .sort((one, other) => one.key.compare(other.key));
    const elements = Buffer.alloc(entries.length * headerBytes);
    const data: Buffer[] = [];
    let offset = elements.length;
    for (const [index, { key, value, isBucket }] of entries.entries()) {
      const at = index * headerBytes;
      elements.writeUInt32LE(isBucket ? 1 : 0, at);
      elements.writeUInt32LE(offset - at, at + 4);
      elements.writeUInt32LE(key.length, at + 8);
      elements.writeUInt32LE(value.length, at + 12);
      data.push(key, value);
      offset += key.length + value.length;
    }
    const page = writePage(next, kinds.leaf, entries.length, Buffer.concat([elements, ...data]));
    pages.push(page);
    const id = next;
    next += page.length / pageBytes;
    return id;
  };
  const encode = (value: string | Bucket): { readonly value: Buffer; readonly isBucket: boolean } =>
    typeof value === 'string'
      ? { value: Buffer.from(value), isBucket: false }
      : { value: writeReference(writeBucket(value)), isBucket: true };

  const rootPage = writeBucket(root);
  for (const id of [0, 1]) writeMeta(id, rootPage, next).copy(pages[0] ?? Buffer.alloc(0), id * pageBytes);
  return Buffer.concat(pages);
}

function writePage(id: number, kind: number, count: number, content: Buffer): Buffer {
  const length = Math.ceil((headerBytes + content.length) / pageBytes);
  const page = Buffer.alloc(length * pageBytes);
  page.writeBigUInt64LE(BigInt(id), 0);
  page.writeUInt16LE(kind, 8);
  page.writeUInt16LE(count, 10);
  page.writeUInt32LE(length - 1, 12);
  content.copy(page, headerBytes);
  return page;
}

/** Page of a bucket, and its sequence, which nobody counts here. */
function writeReference(page: number): Buffer {
  const reference = Buffer.alloc(headerBytes);
  reference.writeBigUInt64LE(BigInt(page));
  return reference;
}

function writeMeta(id: number, rootPage: number, pageCount: number): Buffer {
  const meta = Buffer.alloc(64);
  meta.writeUInt32LE(0xed0cdaed, 0);
  meta.writeUInt32LE(2, 4);
  meta.writeUInt32LE(pageBytes, 8);
  writeReference(rootPage).copy(meta, 16);
  meta.writeBigUInt64LE(2n, 32);
  meta.writeBigUInt64LE(BigInt(pageCount), 40);
  meta.writeBigUInt64LE(BigInt(id), 48);
  meta.writeBigUInt64LE(fnv1a(meta.subarray(0, 56)), 56);
  return writePage(id, kinds.meta, 0, meta);
}

function fnv1a(bytes: Buffer): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  return hash;
}
