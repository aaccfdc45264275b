import { Misuse } from '../../../app/src/commands/problem.ts';
import { apply, blockAt, type Change, type Drawn } from './draw.ts';

/** A mistake with what must stop it. */
export interface Mistake extends Change {
  readonly id: string;
  /** Named by hand: the check, and what it must say. A drawn one may be stopped by any check that sees its file. */
  readonly stop?: { readonly check: string; readonly says: string };
  /** Why it changes nothing that anybody could see: then it isn't counted. */
  readonly equivalent?: string;
  /** Why it is known to get through. */
  readonly lives?: string;
}

interface Entry {
  readonly file: string;
  readonly at: number;
  readonly old: string[];
  readonly now: string[];
  isBlock: boolean;
  drawn: string;
  verdict: string;
}

/**
 * mistakes.txt: `# file`, then for each mistake `- text`, `+ text instead` (or `x text`: the block around it goes), and
 * `= check: what it says`. `! id` is about a drawn one. `= equivalent: reason` and `= lives: reason` stand instead of a check.
 */
export function readTable(
  text: string,
  files: ReadonlyMap<string, string>,
  drawn: readonly Drawn[],
): readonly Mistake[] {
  const faults: string[] = [];
  const reasons = new Map<string, Partial<Mistake>>();
  const written = entriesOf(text).flatMap((entry): readonly Mistake[] => {
    const [, check = '', says = ''] = /^([\w/.-]+): (.+)$/.exec(entry.verdict) ?? [];
    if (check === '') faults.push(`line ${entry.at}: no "= check: sentence"`);
    const reason = check === 'equivalent' || check === 'lives' ? { [check]: says } : undefined;
    if (entry.drawn !== '') {
      reasons.set(entry.drawn, reason ?? {});
      return [];
    }
    const change = find(entry, files.get(entry.file));
    if (typeof change === 'string') {
      faults.push(`line ${entry.at}, ${entry.file}: ${change}`);
      return [];
    }
    const name = entry.isBlock
      ? `drop the block of ${entry.old.join(' ')}`
      : [...entry.old, '→', ...entry.now].join(' ');
    const id = `${entry.file}: ${name.replaceAll(/\s+/g, ' ')}`;
    return [{ ...change, id, ...(reason ?? { stop: { check, says } }) }];
  });
  if (faults.length > 0)
    throw new Misuse(
      `The table of mistakes doesn't fit the files any more:\n${faults.join('\n')}`,
      'Write the text as it is now in tools/checks/mutants/mistakes.txt, or take the mistake out.',
    );
  return [...written, ...drawn.map((one) => ({ ...one, ...reasons.get(one.id) }))];
}

function entriesOf(text: string): readonly Entry[] {
  const entries: Entry[] = [];
  let file = '';
  let entry: Entry | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const [mark, rest] = [line.slice(0, 2), line.slice(2)];
    if (mark === '# ') file = rest;
    if (!['- ', '+ ', 'x ', '! ', '= '].includes(mark) && line !== '+') continue;
    entry ??= { file, at: index + 1, old: [], now: [], isBlock: false, drawn: '', verdict: '' };
    if (mark === '- ' || mark === 'x ') entry.old.push(rest);
    if (mark === '+ ') entry.now.push(rest);
    entry.isBlock ||= mark === 'x ';
    if (mark === '! ') entry.drawn = rest;
    if (mark !== '= ') continue;
    entries.push({ ...entry, verdict: rest });
    entry = undefined;
  }
  return entries;
}

const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Where the text stands, however it is aligned: in one place exactly. */
function find({ file, old, now, isBlock }: Entry, text: string | undefined): Change | string {
  if (text === undefined) return 'there is no such file';
  const pattern = old.map((line) => line.trim().split(/\s+/).map(escape).join('\\s+')).join('\\s*\\n\\s*');
  const matches = [...text.matchAll(new RegExp(pattern, 'g'))];
  if (matches.length !== 1) return `${matches.length} places have "${old.join(' ')}"`;
  const [match] = matches;
  const start = text.slice(0, match?.index).split('\n').length - 1;
  const lines = text.split('\n');
  if (isBlock) {
    for (let at = start; at >= 0; at -= 1) {
      const count = blockAt(lines, at) ?? topBlockAt(lines, at);
      if (count !== undefined && at + count > start) return { file, line: at, count, lines: [] };
    }
    return `no block holds "${old.join(' ')}"`;
  }
  const count = (match?.[0] ?? '').split('\n').length;
  const whole = lines.slice(start, start + count).join('\n');
  const indent = ' '.repeat((lines[start] ?? '').search(/\S/));
  const instead = now.map((line, at) => (at === 0 ? '' : indent) + line.trimEnd()).join('\n');
  const changed = whole.replace(match?.[0] ?? '', () => instead);
  return { file, line: start, count, lines: changed.trim() === '' ? [] : changed.split('\n') };
}

/** A block of the outermost level. */
function topBlockAt(lines: readonly string[], line: number): number | undefined {
  if (!/^\w.*\{$/.test(lines[line] ?? '')) return undefined;
  const end = lines.findIndex((text, at) => at > line && text === '}');
  return end < 0 ? undefined : end - line + 1;
}

export interface Outcome {
  readonly mistake: Mistake;
  /** Undefined where nothing stopped it. */
  readonly stopped?: { readonly check: string; readonly sentence: string };
  /** Stopped, and not as the table says. */
  readonly otherwise?: string;
}

/** `killed N of M`, with 95 % of what isn't equivalent as the least; and what a person has to look at. */
export function sumUp(outcomes: readonly Outcome[]): {
  readonly isGood: boolean;
  readonly lines: readonly string[];
} {
  const counted = outcomes.filter(({ mistake }) => mistake.equivalent === undefined);
  const killed = counted.filter(({ stopped }) => stopped !== undefined);
  const survivors = counted.filter(({ stopped }) => stopped === undefined);
  const others = counted.filter(({ otherwise }) => otherwise !== undefined);
  const list = (title: string, entries: readonly string[]): readonly string[] =>
    entries.length === 0 ? [] : [`${title}:`, ...entries.map((entry) => `  ${entry}`)];
  return {
    isGood: killed.length >= 0.95 * counted.length,
    lines: [
      ...list(
        'Stopped otherwise than the table says',
        others.map(({ mistake, otherwise }) => `${mistake.id} (${otherwise ?? ''})`),
      ),
      ...list(
        'Not stopped',
        survivors.map(
          ({ mistake }) => `${mistake.id}${mistake.lives === undefined ? '' : ` (${mistake.lives})`}`,
        ),
      ),
      `killed ${killed.length} of ${counted.length}`,
    ],
  };
}

export { apply };
