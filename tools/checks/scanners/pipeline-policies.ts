import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readDefinition } from '../../lib/pipeline-definition.ts';
import { checked, type Gate } from '../finding.ts';
import { rules } from '../pipeline-rules.ts';

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
