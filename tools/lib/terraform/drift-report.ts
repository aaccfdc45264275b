import { describeDifference, needsSomebody, type Difference } from './drift.ts';
import type { Report } from '../insights.ts';

/** For the commit that is checked out: whether an environment still is what was applied last. */
export function reportDrift(environment: string, differences: readonly Difference[]): Report {
  const of = (owner: Difference['owner']): number =>
    differences.filter((difference) => difference.owner === owner).length;
  const open = differences.filter(needsSomebody);
  return {
    id: `drift-${environment}`,
    title: `Drift of ${environment}`,
    details:
      open.length === 0
        ? `${environment} is as it was applied.`
        : `${environment} differs: ${of('a person')} by hand (undo it, or write it into the code), ${of('Terraform')} in the code and not applied (release it).`,
    report_type: 'BUG',
    result: open.length === 0 ? 'PASSED' : 'FAILED',
    data: [
      { title: 'By a person', type: 'NUMBER', value: of('a person') },
      { title: 'Code not applied', type: 'NUMBER', value: of('Terraform') },
      { title: 'By the autoscaler', type: 'NUMBER', value: of('the autoscaler') },
    ],
    annotations: differences.map((difference) => ({
      annotation_type: difference.owner === 'a person' ? 'VULNERABILITY' : 'CODE_SMELL',
      result: needsSomebody(difference) ? 'FAILED' : 'PASSED',
      severity: difference.owner === 'a person' ? 'HIGH' : 'LOW',
      summary: describeDifference(difference),
    })),
  };
}
