import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { Misuse } from '../modules/problem.ts';
import type { Finding } from './finding.ts';

/** A finding that the organisation lives with, for a while. */
export interface Exception {
  readonly gate: string;
  readonly rule: string;
  /** Pattern of the finding's resource; `*` stands for anything. */
  readonly resource: string;
  /** Pattern of the finding's file, such as `plan:dev`; anywhere when it isn't said. */
  readonly where?: string;
  readonly reason: string;
  readonly owner: string;
  /** Last day, YYYY-MM-DD. */
  readonly expires: string;
  /** What protects instead. */
  readonly control: string;
}

const required = ['gate', 'rule', 'resource', 'reason', 'owner', 'expires', 'control'] as const;
const known = new Set<string>([...required, 'where']);
const longestDays = 366;

/** Rejects with `Misuse`, naming the entry, when one is incomplete or misspelt. */
export async function readExceptions(root: string): Promise<readonly Exception[]> {
  const entries = parse(await readFile(join(root, 'security', 'exceptions.yaml'), 'utf8')) as unknown;
  if (!Array.isArray(entries))
    throw new Misuse('security/exceptions.yaml is not a list.', 'Write [] for none.');
  return entries.map((entry: unknown, index) => {
    const fields = (typeof entry === 'object' && entry !== null ? entry : {}) as Record<string, unknown>;
    const absent = required.filter((name) => typeof fields[name] !== 'string' || fields[name].trim() === '');
    const foreign = Object.keys(fields).filter((name) => !known.has(name));
    if (absent.length + foreign.length > 0 || !/^\d{4}-\d\d-\d\d$/.test(String(fields['expires']))) {
      throw new Misuse(
        `Exception ${index + 1} of security/exceptions.yaml (${String(fields['rule'])}) is incomplete: ${[...absent.map((name) => `no ${name}`), ...foreign.map((name) => `unknown ${name}`)].join(', ') || 'expires is not a date like 2027-01-31'}.`,
        `Each has ${required.join(', ')}, and may have where.`,
      );
    }
    return fields as unknown as Exception;
  });
}

export function matches(exception: Exception, gate: string, finding: Finding): boolean {
  return (
    exception.gate === gate &&
    exception.rule === finding.rule &&
    glob(exception.resource, finding.resource) &&
    glob(exception.where ?? '*', finding.file)
  );
}

const glob = (pattern: string, text: string): boolean =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  ).test(text);

/**
 * What is wrong with the exceptions themselves. One is unused when its gate has looked at everything and found nothing for
 * it; of a gate that could not look, nothing can be said.
 */
export function judgeExceptions(
  exceptions: readonly Exception[],
  {
    used,
    checkedGates,
    today,
  }: {
    readonly used: ReadonlySet<Exception>;
    readonly checkedGates: ReadonlySet<string>;
    readonly today: Date;
  },
): readonly Finding[] {
  return exceptions.flatMap((exception) => {
    const about = (rule: string, message: string): Finding => ({
      rule,
      severity: 'high',
      resource: `${exception.rule} ${exception.resource}`,
      file: 'security/exceptions.yaml',
      message,
    });
    const daysLeft = (Date.parse(`${exception.expires}T23:59:59Z`) - today.getTime()) / 86_400_000;
    if (Number.isNaN(daysLeft) || daysLeft < 0)
      return [about('expired-exception', `expired on ${exception.expires}: fix it, or decide again`)];
    if (daysLeft > longestDays)
      return [about('endless-exception', `expires on ${exception.expires}: a year is the longest`)];
    if (!used.has(exception) && checkedGates.has(exception.gate)) {
      return [about('unused-exception', `${exception.gate} finds nothing that it is for: remove it`)];
    }
    return [];
  });
}
