import { reasonOf } from '../../../app/src/commands/problem.ts';
import { judgeExceptions, matches, type Exception, type Use } from './exceptions.ts';
import { NotChecked, checked, type Finding, type Gate, type Outcome, type Target } from './gate.ts';
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
  const add = (verdict: GateVerdict): void => {
    verdicts.push(verdict);
    tell(verdict);
  };
  const judgeOutcome = (id: string, title: string, outcome: Outcome, seconds: number): GateVerdict => {
    checkedGates.add(id);
    const findings = outcome.findings.map((finding): JudgedFinding => {
      const exception = exceptions.find((candidate) => matches(candidate, id, finding));
      if (exception === undefined)
        return { ...finding, fate: blocks(policy, id, finding) ? 'blocks' : 'advice' };
      uses.push({ exception, gate: id, finding });
      return { ...finding, fate: 'excepted', exception };
    });
    const verdict = findings.some(({ fate }) => fate === 'blocks') ? 'blocked' : 'passed';
    return { id, title, verdict, note: outcome.scope, seconds, findings };
  };

  for (const gate of gates) {
    const { id, title } = gate;
    const startedAt = now().getTime();
    const seconds = (): number => (now().getTime() - startedAt) / 1000;
    try {
      const outcome = await gate.run(target);
      add(judgeOutcome(id, title, outcome, seconds()));
    } catch (error) {
      const note =
        error instanceof NotChecked
          ? error.message
          : `the gate failed: ${reasonOf(error).split('\n')[0] ?? ''}`;
      add({ id, title, verdict: 'not checked', note, seconds: seconds(), findings: [] });
    }
  }
  const askedGates = new Set(gates.map(({ id }) => id));
  const findings = judgeExceptions(exceptions, { uses, askedGates, checkedGates, today: now() });
  const outcome = checked(`${exceptions.length} exceptions`, findings);
  add(judgeOutcome('exceptions', 'exceptions that expired or that nothing needs', outcome, 0));
  return { commit, finishedAt: now().toISOString(), gates: verdicts };
}
