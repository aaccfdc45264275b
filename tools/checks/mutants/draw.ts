import { createHash } from 'node:crypto';

/** One mistake: lines of a file that are taken out, and what stands there instead. */
export interface Change {
  readonly file: string;
  /** From 0. */
  readonly line: number;
  readonly count: number;
  readonly lines: readonly string[];
}
export interface Drawn extends Change {
  /** What is done, where, to which text: the same for the same file, so that a reason can be kept for it. */
  readonly id: string;
}

/** Kinds of files, how many mistakes are drawn in each, and the form that its lines have. */
export const kinds: readonly {
  readonly files: RegExp;
  readonly count: number;
  readonly form: Form;
}[] = [
  { files: /^terraform\/[\w-]+\.tf$/, count: 34, form: 'hcl' },
  { files: /^modules\/[\w-]+\/[\w-]+\.tf$/, count: 30, form: 'hcl' },
  { files: /^terraform\/bootstrap\/[\w-]+\.tf$/, count: 18, form: 'hcl' },
  { files: /^terraform\/environments\//, count: 9, form: 'hcl' },
  { files: /^bitbucket-pipelines\.yml$/, count: 12, form: 'yaml' },
  { files: /^app\/collector\/config\.yaml$/, count: 4, form: 'yaml' },
  { files: /^(docs\/slo\.yaml|modules\/observability\/prometheus\/rules\.yaml)$/, count: 6, form: 'yaml' },
  { files: /^Dockerfile$/, count: 5, form: 'dockerfile' },
  { files: /^app\/(src\/config\.ts|table\.json)$/, count: 6, form: 'settings' },
  { files: /^app\/openapi\.yaml$/, count: 3, form: 'yaml' },
  { files: /^security\/\w+\.yaml$/, count: 3, form: 'yaml' },
];
type Form = 'hcl' | 'yaml' | 'dockerfile' | 'settings';

/** Sentences, and names that nothing but a person reads: a change of them is none of what is deployed. */
const prose =
  /^\s*"?(description|error_message|sid|label|meaning|title|name|user_impact|Name|summary|example|control|reason)"?\s*[:=]/;
const isComment = (line: string): boolean => /^\s*(#|\/\/|\/?\*)/.test(line) || line.trim() === '';
const indentOf = (line: string): number => line.length - line.trimStart().length;

/** A whole block of HCL, from the line that opens it. Undefined where the line opens none, or is of the outermost. */
export function blockAt(lines: readonly string[], line: number): number | undefined {
  const head = lines[line] ?? '';
  if (!/^\s+[\w"].*[{[(]$/.test(head)) return undefined;
  const end = lines.findIndex(
    (text, at) => at > line && indentOf(text) === indentOf(head) && /^\s*[}\])]/.test(text),
  );
  return end < 0 ? undefined : end - line + 1;
}

/** An item or a key of YAML with all that is indented below it. */
function nodeAt(lines: readonly string[], line: number): number {
  const depth = indentOf(lines[line] ?? '');
  const end = lines.findIndex((text, at) => at > line && text.trim() !== '' && indentOf(text) <= depth);
  return (end < 0 ? lines.length : end) - line;
}

const isBalanced = (text: string): boolean =>
  ['{}', '[]', '()'].every(([open = '', close = '']) => text.split(open).length === text.split(close).length);

type Rewrite = (line: string, others: readonly string[]) => string;
const number = /(?<![\w."/:-])\d+(?![\w."/:-])/;
const opposites: readonly (readonly [RegExp, string])[] = [
  [/\btrue\b/, 'false'],
  [/\bfalse\b/, 'true'],
  [/ == /, ' != '],
  [/ != /, ' == '],
  [/ >= /, ' < '],
  [/ && /, ' || '],
  [/"Deny"/, '"Allow"'],
  [/"notBreaching"/, '"breaching"'],
  [/"breaching"/, '"notBreaching"'],
];
const reference = /\b(?:(?:module|data|var|local|each)\.[\w.]+|aws_\w+\.[\w.[\]"]+\w)/;
const next: Readonly<Record<string, string>> = { dev: 'prod', staging: 'dev', prod: 'staging' };

const rewrites: Readonly<Record<string, Rewrite>> = {
  flip: (line) => {
    const found = opposites.find(([from]) => from.test(line));
    return found === undefined ? line : line.replace(...found);
  },
  halve: (line) => line.replace(number, (text) => String(Math.floor(Number(text) / 2))),
  'times ten': (line) => line.replace(number, (text) => (text === '0' ? '10' : `${text}0`)),
  widen: (line) =>
    line
      .replace(/^(\s*(?:resources|identifiers|values)\s*= )\[.+\]$/, '$1["*"]')
      .replace(/^(\s*actions\s*= )\["([\w-]+):.+\]$/, '$1["$2:*"]')
      .replace(/cidr_block = [\w."/]+/, 'cidr_block = "::/0"')
      .replace(/"(?!0\.0\.0\.0)\d+\.\d+\.\d+\.\d+\/\d+"/, '"0.0.0.0/0"'),
  /** Another reference of the same file that ends in the same attribute. */
  retarget: (line, others) => {
    const [from = ''] = reference.exec(line.replace(/^[^=]*=/, '')) ?? [];
    const attribute = from.split('.').at(-1);
    const to = others
      .flatMap((text) => reference.exec(text)?.[0] ?? [])
      .find((one) => one !== from && from !== '' && one.split('.').at(-1) === attribute);
    return to === undefined ? line : line.replace(from, to);
  },
  'swap environments': (line) => line.replace(/\b(dev|staging|prod)\b/, (name) => next[name] ?? name),
};

/** Every mistake that the operators can make in a file. */
function mistakesIn(
  file: string,
  form: Form,
  text: string,
): readonly (Change & { readonly operator: string })[] {
  const lines = text.split('\n');
  return lines.flatMap((line, at) => {
    if (isComment(line) || prose.test(line)) return [];
    if (form === 'settings' && !/read\.\w+\(|"\w+":/.test(line)) return [];
    const found: [string, number, readonly string[]][] = [];
    if (form === 'hcl') {
      const block = blockAt(lines, at);
      if (block !== undefined) found.push([`drop block`, block, []]);
      if (/^\s*[\w"]+\s*= .+/.test(line) && isBalanced(line)) found.push(['drop attribute', 1, []]);
    }
    if (form === 'yaml' && indentOf(line) > 0) found.push(['drop', nodeAt(lines, at), []]);
    if (form === 'dockerfile') {
      const flagless = line.replace(/ --[\w-]+(=\S+)?/, '');
      if (flagless !== line) found.push(['drop flag', 1, [flagless]]);
      if (/^(ENV|USER|COPY|EXPOSE|STOPSIGNAL|HEALTHCHECK|WORKDIR)\b.*[^\\]$/.test(line))
        found.push(['drop instruction', 1, []]);
    }
    const others = [...lines.slice(at + 1), ...lines.slice(0, at)];
    for (const [name, rewrite] of Object.entries(rewrites)) {
      const changed = rewrite(line, others);
      if (changed !== line) found.push([name, 1, [changed]]);
    }
    return found.map(([operator, count, instead]) => ({ file, line: at, count, lines: instead, operator }));
  });
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * The same mistakes for the same seed, and nearly the same after a change elsewhere: those with the lowest hash of seed and text
 * are taken, one operator after the other.
 */
export function draw(seed: string, files: ReadonlyMap<string, string>): readonly Drawn[] {
  return kinds.flatMap(({ files: pattern, count, form }) => {
    const seen = new Map<string, number>();
    const queues = new Map<string, Drawn[]>();
    for (const [file, text] of files)
      for (const mistake of pattern.test(file) ? mistakesIn(file, form, text) : []) {
        const { operator, ...change } = mistake;
        const told = text.split('\n').slice(mistake.line, mistake.line + (change.count > 1 ? 2 : 1));
        const line = told.join(' ').trim().replaceAll(/\s+/g, ' ');
        const name = `${operator} ${file}: ${line}`;
        const times = (seen.get(name) ?? 0) + 1;
        seen.set(name, times);
        const id = times === 1 ? name : `${name} (${times})`;
        queues.set(operator, [...(queues.get(operator) ?? []), { ...change, id }]);
      }
    const sorted = [...queues.values()].map((queue) =>
      queue.sort((a, b) => hashOf(seed + a.id).localeCompare(hashOf(seed + b.id))),
    );
    const longest = Math.max(0, ...sorted.map((queue) => queue.length));
    return Array.from({ length: longest }, (_, round) => sorted.flatMap((queue) => queue[round] ?? []))
      .flat()
      .slice(0, count);
  });
}

export const apply = (text: string, { line, count, lines }: Change): string => {
  const all = text.split('\n');
  return [...all.slice(0, line), ...lines, ...all.slice(line + count)].join('\n');
};
