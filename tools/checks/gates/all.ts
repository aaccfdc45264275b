import { checkovDockerfile, checkovHcl, checkovPlan } from './checkov.ts';
import type { Gate } from './gate.ts';
import { gitleaksHistory, gitleaksTree } from './gitleaks.ts';
import { hadolint } from './hadolint.ts';
import { licences, lockIntegrity, npmAudit, npmSignatures } from './packages.ts';
import { suppressions } from './suppressions.ts';
import { moduleLock, providers, tflint } from './terraform.ts';
import * as trivy from './trivy.ts';

/** Quick ones first. */
export const gates: readonly Gate[] = [
  suppressions,
  licences,
  lockIntegrity,
  providers,
  moduleLock,
  gitleaksTree,
  gitleaksHistory,
  trivy.trivySecrets,
  hadolint,
  checkovDockerfile,
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
