import { judgeExceptions, matches, type Exception, type Use } from './exceptions.ts';
import { NotChecked, type Finding, type Gate, type Outcome, type Target } from './gate.ts';
import { blocks, type Policy } from './policy.ts';

/** A finding, and what is done about it. */
export interface JudgedFinding extends Finding {
  readonly fate: 'blocks' | 'advice' | 'excepted';
  readonly exception?: Exception;
}

export interface GateVerdict {
  readonly id: string;
  readonly title: string;
  readonly verdict: 'passed' | 'blocked' | 'not checked';
  /** How much was looked at, or why nothing was. */
  readonly note: string;
  readonly seconds: number;
  readonly findings: readonly JudgedFinding[];
}

export interface Verdict {
  readonly commit: string;
  readonly finishedAt: string;
  readonly gates: readonly GateVerdict[];
}

/** 0 when nothing blocks, 1 when something does; 3 with `strict` when nothing blocks but a gate could not look, but for `unreachable` ones. */
export function exitCode(
  { gates }: Verdict,
  strict: boolean,
  unreachable: readonly string[] = [],
): 0 | 1 | 3 {
  if (gates.some(({ verdict }) => verdict === 'blocked')) return 1;
  const blind = gates.filter(({ id, verdict }) => verdict === 'not checked' && !unreachable.includes(id));
  return strict && blind.length > 0 ? 3 : 0;
}

export interface JudgeOptions {
  readonly policy: Policy;
  readonly exceptions: readonly Exception[];
  readonly commit: string;
  readonly now: () => Date;
  /** Told of each gate as it is done. */
  readonly tell: (gate: GateVerdict) => void;
}

/** Runs the gates one after the other. What a gate throws counts as "not checked": no failure is ever a clean bill. */
export async function judge(gates: readonly Gate[], target: Target, options: JudgeOptions): Promise<Verdict> {
  const { policy, exceptions, commit, now, tell } = options;
  const uses: Use[] = [];
  const checkedGates = new Set<string>();
  const verdicts: GateVerdict[] = [];
  const add = (id: string, title: string, outcome: Outcome, seconds: number): void => {
    const verdict = judgeOutcome(id, title, outcome, seconds);
    verdicts.push(verdict);
    tell(verdict);
  };
  const judgeOutcome = (id: string, title: string, outcome: Outcome, seconds: number): GateVerdict => {
    if (outcome.status === 'not checked') {
      return { id, title, verdict: 'not checked', note: outcome.reason, seconds, findings: [] };
    }
    checkedGates.add(id);
    const findings = outcome.findings.map((finding): JudgedFinding => {
      const exception = exceptions.find((candidate) => matches(candidate, id, finding));
      if (exception !== undefined) uses.push({ exception, gate: id, finding });
      if (exception !== undefined) return { ...finding, fate: 'excepted', exception };
      return { ...finding, fate: blocks(policy, id, finding) ? 'blocks' : 'advice' };
    });
    const verdict = findings.some(({ fate }) => fate === 'blocks') ? 'blocked' : 'passed';
    return { id, title, verdict, note: outcome.scope, seconds, findings };
  };

  for (const gate of gates) {
    const startedAt = now().getTime();
    const outcome = await attempt(gate, target);
    add(gate.id, gate.title, outcome, (now().getTime() - startedAt) / 1000);
  }
  const askedGates = new Set(gates.map(({ id }) => id));
  const findings = judgeExceptions(exceptions, { uses, askedGates, checkedGates, today: now() });
  const scope = `${exceptions.length} exceptions`;
  add(
    'exceptions',
    'exceptions that expired or that nothing needs',
    { status: 'checked', scope, findings },
    0,
  );
  return { commit, finishedAt: now().toISOString(), gates: verdicts };
}

async function attempt(gate: Gate, target: Target): Promise<Outcome> {
  try {
    return await gate.run(target);
  } catch (error) {
    if (error instanceof NotChecked) return { status: 'not checked', reason: error.message };
    const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    return { status: 'not checked', reason: `the gate failed: ${message}` };
  }
}
