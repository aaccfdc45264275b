import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Misuse } from '../../../app/src/commands/problem.ts';
import { readYaml } from '../../lib/yaml.ts';
import type { Finding } from './gate.ts';

/** One decision to live with findings, for a while. */
export interface Exception {
  readonly gate: readonly string[];
  readonly rule: readonly string[];
  /** Patterns of the findings' resources; `*` stands for anything. */
  readonly resource: readonly string[];
  /** Patterns of the findings' files, such as `plan:dev`; `*` when the entry doesn't say. */
  readonly where: readonly string[];
  readonly reason: string;
  readonly owner: string;
  /** Last day, YYYY-MM-DD. */
  readonly expires: string;
  /** What protects instead. */
  readonly control: string;
}

const places = ['gate', 'rule', 'resource', 'where'] as const;
const texts = ['reason', 'owner', 'expires', 'control'] as const;

/** Rejects with `Misuse`, naming the entry, when one is incomplete, misspelt or for a gate that doesn't exist. */
export async function readExceptions(root: string, gates: readonly string[]): Promise<readonly Exception[]> {
  const entries = readYaml(
    await readFile(join(root, 'security', 'exceptions.yaml'), 'utf8'),
    'security/exceptions.yaml',
  );
  if (!Array.isArray(entries))
    throw new Misuse('security/exceptions.yaml is not a list.', 'Write [] for none.');
  return entries.map((entry: unknown, index) => {
    const fields = (typeof entry === 'object' && entry !== null ? entry : {}) as Record<string, unknown>;
    const faults = faultsOf(fields, gates);
    if (faults.length > 0)
      throw new Misuse(
        `Exception ${index + 1} of security/exceptions.yaml (${String(fields['rule'])}) is not in order: ${faults.join(', ')}.`,
        `Each has ${[...places, ...texts].join(', ')}; only where may be left out, and the first four may be lists.`,
      );
    const words = Object.fromEntries(places.map((name) => [name, listed(fields[name] ?? '*')]));
    return { ...fields, ...words } as unknown as Exception;
  });
}

const listed = (held: unknown): readonly unknown[] => (Array.isArray(held) ? held : [held]);
const isText = (held: unknown): boolean => typeof held === 'string' && held.trim() !== '';

function faultsOf(fields: Readonly<Record<string, unknown>>, gates: readonly string[]): readonly string[] {
  const known: readonly string[] = [...places, ...texts];
  const words: Readonly<Record<string, unknown>> = { where: '*', ...fields };
  const absent = [
    ...places.filter((name) => !(listed(words[name]).length > 0 && listed(words[name]).every(isText))),
    ...texts.filter((name) => !isText(fields[name])),
  ];
  const day = String(fields['expires']);
  return [
    ...absent.map((name) => `no ${name}`),
    ...Object.keys(fields)
      .filter((name) => !known.includes(name))
      .map((name) => `unknown ${name}`),
    ...(absent.includes('gate') ? [] : listed(words['gate']))
      .filter((gate) => !gates.includes(String(gate)))
      .map((gate) => `there is no gate ${String(gate)}`),
    ...(/^\d{4}-\d\d-\d\d$/.test(day) && !Number.isNaN(Date.parse(day))
      ? []
      : ['expires is not a date like 2027-01-31']),
  ];
}

/** A pattern as the source of a regular expression: `*` is anything, the rest stands for itself. */
const patternSource = (pattern: string): string =>
  `^${pattern
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*')}$`;

const fits = (pattern: string, text: string): boolean => new RegExp(patternSource(pattern)).test(text);

export const matches = (exception: Exception, gate: string, { rule, resource, file }: Finding): boolean =>
  exception.gate.includes(gate) &&
  exception.rule.includes(rule) &&
  exception.resource.some((pattern) => fits(pattern, resource)) &&
  exception.where.some((pattern) => fits(pattern, file));

/** Its last day is over. */
const isExpired = ({ expires }: Exception, today: Date): boolean =>
  Date.parse(`${expires}T23:59:59Z`) < today.getTime();

/** What was found and excepted. */
export interface Use {
  readonly exception: Exception;
  readonly gate: string;
  readonly finding: Finding;
}

/** The words of an exception that no finding needed. */
function unusedWords(exception: Exception, uses: readonly Use[]): readonly string[] {
  const own = uses.filter((use) => use.exception === exception);
  return [
    ...exception.gate.filter((word) => !own.some(({ gate }) => gate === word)),
    ...exception.rule.filter((word) => !own.some(({ finding }) => finding.rule === word)),
    ...exception.resource.filter((word) => !own.some(({ finding }) => fits(word, finding.resource))),
    ...exception.where.filter((word) => !own.some(({ finding }) => fits(word, finding.file))),
  ];
}

const longestDays = 366;

interface Ran {
  readonly uses: readonly Use[];
  /** The gates that were asked for; of exceptions for others nothing is said. */
  readonly askedGates: ReadonlySet<string>;
  /** Those of them that could look. */
  readonly checkedGates: ReadonlySet<string>;
  readonly today: Date;
}

/**
 * What is wrong with the exceptions themselves. A word of one is unused when all its gates have looked at everything and
 * found nothing for it; of a gate that could not look, nothing can be said.
 */
export function judgeExceptions(exceptions: readonly Exception[], ran: Ran): readonly Finding[] {
  return exceptions
    .filter(({ gate }) => gate.some((id) => ran.askedGates.has(id)))
    .flatMap((exception) => judgeException(exception, ran));
}

function judgeException(exception: Exception, { uses, checkedGates, today }: Ran): readonly Finding[] {
  const { gate, rule, resource, expires } = exception;
  const about = (name: string, message: string): Finding => ({
    rule: name,
    severity: 'high',
    resource: `${rule.join(', ')} ${resource.join(', ')}`,
    file: 'security/exceptions.yaml',
    message,
  });
  if (isExpired(exception, today))
    return [about('expired-exception', `expired on ${expires}: fix it, or decide again`)];
  if (Date.parse(`${expires}T23:59:59Z`) - today.getTime() > longestDays * 86_400_000)
    return [about('endless-exception', `expires on ${expires}: a year is the longest`)];
  const unused = unusedWords(exception, uses);
  return unused.length > 0 && gate.every((id) => checkedGates.has(id))
    ? [about('unused-exception', `nothing is found any more for ${unused.join(', ')}: remove it`)]
    : [];
}
