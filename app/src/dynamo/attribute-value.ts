import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { InvalidMovie } from '../movies/errors.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** DynamoDB keeps numbers of this magnitude; zero is fine. */
const largest = 9.999_999_999_999_999e125;
const smallest = 1e-130;
/** Lists and objects within each other, counted from an attribute of the item. */
const maxLevels = 31;
const loneSurrogate = /\p{Surrogate}/u;

/**
 * A JSON value as DynamoDB stores it. A number travels as its shortest decimal text, so 8.3 stays 8.3.
 * Throws `InvalidMovie` for what would not come back as it went in, whichever engine stores it.
 * @param level of nesting that this value is on
 */
export function toAttribute(value: Json, level = 1): AttributeValue {
  if (value === null) return { NULL: true };
  if (typeof value === 'boolean') return { BOOL: value };
  if (typeof value === 'number') return { N: exactNumber(value) };
  if (typeof value === 'string') return { S: wellFormed(value) };
  if (level > maxLevels) throw tooDeep();
  if (isList(value)) return { L: value.map((item) => toAttribute(item, level + 1)) };
  return {
    M: Object.fromEntries(
      Object.entries(value).map(([name, item]) => [attributeName(name), toAttribute(item, level + 1)]),
    ),
  };
}

/**
 * Attributes after a JSON merge patch (RFC 7396): null removes, objects merge, anything else replaces. What the patch
 * doesn't name stays as it is, kinds that JSON lacks among it.
 * @param level of nesting that these attributes are on
 */
export function patchAttributes(
  attributes: Record<string, AttributeValue>,
  patch: Readonly<Record<string, Json>>,
  level = 1,
): Record<string, AttributeValue> {
  if (level > maxLevels) throw tooDeep();
  const patched = new Map(Object.entries(attributes));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) patched.delete(name);
    else if (isObject(value)) {
      const target = patched.get(name)?.M ?? {};
      patched.set(attributeName(name), { M: patchAttributes(target, value, level + 1) });
    } else patched.set(attributeName(name), toAttribute(value, level + 1));
  }
  return Object.fromEntries(patched);
}

/**
 * What DynamoDB stores as a JSON value. Other writers' kinds are read as far as JSON goes: sets become lists, binary
 * becomes base64, and a number beyond double precision its nearest double.
 */
export function fromAttribute(attribute: AttributeValue): Json {
  if (attribute.S !== undefined) return attribute.S;
  if (attribute.N !== undefined) return Number(attribute.N);
  if (attribute.BOOL !== undefined) return attribute.BOOL;
  if (attribute.L !== undefined) return attribute.L.map((item) => fromAttribute(item));
  if (attribute.M !== undefined) return fromAttributes(attribute.M);
  if (attribute.SS !== undefined) return attribute.SS;
  if (attribute.NS !== undefined) return attribute.NS.map(Number);
  if (attribute.B !== undefined) return base64(attribute.B);
  if (attribute.BS !== undefined) return attribute.BS.map(base64);
  return null;
}

export function fromAttributes(attributes: Record<string, AttributeValue>): Record<string, Json> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, fromAttribute(value)]));
}

function exactNumber(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude > largest || (magnitude !== 0 && magnitude < smallest)) {
    throw new InvalidMovie(`The number ${value} is outside of what the table can hold (1e-130 to 9.99e125).`);
  }
  return String(value);
}

function wellFormed(text: string): string {
  if (loneSurrogate.test(text)) throw new InvalidMovie('A text holds half of a Unicode surrogate pair.');
  return text;
}

function attributeName(name: string): string {
  if (name === '') throw new InvalidMovie('An attribute has an empty name.');
  // The SDK would lose it on the way: it builds objects by assignment.
  if (name === '__proto__') throw new InvalidMovie('An attribute must not be called __proto__.');
  return wellFormed(name);
}

const tooDeep = () => new InvalidMovie(`Objects and lists nest more than ${maxLevels - 1} levels deep.`);

const isObject = (value: Json): value is Readonly<Record<string, Json>> =>
  typeof value === 'object' && value !== null && !isList(value);

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
