/** `a/b; c="d"` in lower case, without its parameters, and these. */
export interface MediaType {
  readonly type: string;
  /** Values without their quotes, in lower case. */
  readonly parameters: readonly (readonly [name: string, value: string])[];
}

/** Parts between separators, none of which is one within quotes (RFC 9110, section 5.6.4). */
const elements = /(?:[^,"]|"(?:\\.|[^"\\])*"?)+/g;
const parameters = /;\s*([^\s=;"]+)\s*=\s*("(?:\\.|[^"\\])*"|[^\s;"]*)/g;

export function readMediaType(text: string): MediaType {
  const end = text.indexOf(';');
  const type = (end === -1 ? text : text.slice(0, end)).trim().toLowerCase();
  const rest = end === -1 ? '' : text.slice(end);
  return {
    type,
    parameters: [...rest.matchAll(parameters)].map(([, name = '', value = '']) => [
      name.toLowerCase(),
      value.replace(/^"|"$/g, '').replace(/\\(.)/g, '$1').toLowerCase(),
    ]),
  };
}

const ranges = ['*/*', 'application/*', 'application/json'];
/** Of all others, of which a browser sends many, the parameters make no difference. */
const isRange = /^\s*(?:\*\/\*|application\/(?:\*|json))\s*(?:;|$)/i;

/**
 * Whether JSON may be the answer: the most specific range decides (RFC 9110, section 12.5.1). Its parameters, such as the
 * charset that is served anyway, make no difference, only its weight does.
 */
export function acceptsJson(accept: string | undefined): boolean {
  if (accept === undefined || accept === '*/*' || accept === 'application/json') return true;
  const found = (accept.match(elements) ?? [])
    .filter((element) => isRange.test(element))
    .map(readMediaType)
    .map(({ type, parameters: given }) => ({ rank: ranges.indexOf(type), weight: weightOf(given) }))
    .filter(({ rank }) => rank >= 0);
  const best = Math.max(...found.map(({ rank }) => rank));
  return found.some(({ rank, weight }) => rank === best && weight > 0);
}

function weightOf(given: MediaType['parameters']): number {
  const [, text = '1'] = given.find(([name]) => name === 'q') ?? [];
  return Number(text);
}

/** JSON is UTF-8 (RFC 8259, section 8.1). Who says nothing else means that. */
export const isUtf8 = ({ parameters: given }: MediaType): boolean =>
  given.every(([name, value]) => name !== 'charset' || value === 'utf-8' || value === 'utf8');
