import type { Gate } from './finding.ts';
import { checkovDockerfile, checkovHcl, checkovPipeline, checkovPlan } from './scanners/checkov.ts';
import { gitleaksHistory, gitleaksTree } from './scanners/gitleaks.ts';
import { hadolint } from './scanners/hadolint.ts';
import { licences } from './scanners/licences.ts';
import { lockIntegrity } from './scanners/lock-integrity.ts';
import { moduleLock } from './scanners/module-lock.ts';
import { npmAudit, npmSignatures } from './scanners/npm.ts';
import { pipelinePolicies } from './scanners/pipeline-policies.ts';
import { planPolicyGate } from './scanners/plan-policies.ts';
import { providers } from './scanners/providers.ts';
import { suppressions } from './scanners/suppressions.ts';
import { tflint } from './scanners/tflint.ts';
import * as trivy from './scanners/trivy.ts';

/** Quick ones first. */
export const gates: readonly Gate[] = [
  suppressions,
  licences,
  lockIntegrity,
  providers,
  moduleLock,
  planPolicyGate,
  pipelinePolicies,
  gitleaksTree,
  gitleaksHistory,
  trivy.trivySecrets,
  hadolint,
  checkovDockerfile,
  checkovPipeline,
  checkovHcl,
  checkovPlan,
  trivy.trivyConfiguration,
  trivy.trivyPlan,
  tflint,
  trivy.trivyImage,
  trivy.trivyVulnerabilities,
  trivy.trivyImageVulnerabilities,
  npmAudit,
  npmSignatures,
];
