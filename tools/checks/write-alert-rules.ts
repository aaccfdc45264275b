import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readSlo } from '../lib/objectives.ts';
import { renderPrometheusRules } from './prometheus-rules.ts';

/** `npm run slo`: writes everything that is derived from docs/slo.yaml and kept in the repository. */
const project = resolve(import.meta.dirname, '../..');
const rules = resolve(project, 'modules/observability/prometheus/rules.yaml');

await writeFile(rules, renderPrometheusRules(await readSlo(resolve(project, 'docs/slo.yaml'))));
console.log(`Wrote ${rules.slice(project.length + 1)}`);
