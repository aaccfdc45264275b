import { isExpired, unusedWords, type Exception, type Use } from './exceptions.ts';
import type { Finding } from './finding.ts';

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
