import type { Report } from '../../lib/insights.ts';
import { holds, type Judgement } from '../baseline.ts';
import { shown } from './table.ts';

/** One claim in one line: id, verdict, what is stored, what was measured, what is tolerated. */
export function describeJudgement({ id, verdict, unit, stored, measured, tolerance }: Judgement): string {
  const figure = (value: number | undefined) => (value === undefined ? 'nothing' : shown(value, unit));
  return `${verdict}: ${id}, stored ${figure(stored)}, measured ${figure(measured)}, tolerated ${Math.round(tolerance * 100)} % worse`;
}

/** For Code Insights: each claim that does not hold is an annotation. */
export function reportJudgements(judgements: readonly Judgement[]): Report {
  const bad = judgements.filter((judgement) => !holds([judgement]));
  return {
    id: 'bench',
    title: 'Speed against what is stored',
    details: judgements.map(describeJudgement).join('\n'),
    report_type: 'TEST',
    result: holds(judgements) ? 'PASSED' : 'FAILED',
    data: [
      { title: 'Ratios', type: 'NUMBER', value: judgements.length },
      { title: 'Worse or not comparable', type: 'NUMBER', value: bad.length },
    ],
    annotations: bad.map((judgement) => ({
      annotation_type: 'BUG',
      result: 'FAILED',
      severity: 'HIGH',
      summary: describeJudgement(judgement),
      details: judgement.text,
    })),
  };
}
