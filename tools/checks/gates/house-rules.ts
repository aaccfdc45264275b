import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readDefinition } from '../../lib/pipeline-definition.ts';
import type { PlanJson } from '../../lib/terraform/plan-json.ts';
import { Plan } from '../../lib/terraform/plan.ts';
import { rules } from '../pipeline-rules.ts';
import { planPolicies } from '../plans/policies.ts';
import { NotChecked, checked, type Finding, type Gate } from './gate.ts';

/** Our own rules about how resources belong together, on the plan of each environment. */
export const planPolicyGate: Gate = {
  id: 'plan-policies',
  title: 'plans that break the rules of the house',
  needs: ['plans'],
  run: async ({ plans }) => {
    if ('missing' in plans) throw new NotChecked(plans.missing);
    const findings: Finding[] = [];
    for (const [environment, file] of plans) {
      const json = JSON.parse(await readFile(file, 'utf8')) as PlanJson;
      findings.push(...judgePlan(json, `plan:${environment}`));
    }
    return checked(`${planPolicies.length} policies on ${plans.size} plans`, findings);
  },
};

export function judgePlan(json: PlanJson, file: string): readonly Finding[] {
  const plan = new Plan(json);
  return planPolicies.flatMap(({ id, title, judge }) =>
    judge(plan, json).map(({ resource, message }): Finding => ({
      rule: id,
      severity: 'high',
      resource,
      file,
      message: `${title}: ${resource} ${message}`,
    })),
  );
}

const file = 'bitbucket-pipelines.yml';

export const pipelinePolicies: Gate = {
  id: 'pipeline-policies',
  title: 'steps that endanger prod or a secret',
  run: async ({ root }) => {
    const definition = readDefinition(await readFile(join(root, file), 'utf8'));
    const findings = rules.flatMap(({ id, find }) =>
      find(definition).map((message) => ({
        rule: id,
        severity: 'high' as const,
        resource: file,
        file,
        message,
      })),
    );
    return checked(`${rules.length} rules on ${definition.steps.length} steps`, findings);
  },
};
