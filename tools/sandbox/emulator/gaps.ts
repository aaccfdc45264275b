import type { Gap } from './gap.ts';
import { createAnomalyDetectors } from './gaps/anomaly-detectors.ts';
import { createBackups } from './gaps/backups.ts';
import { createBucketPolicies } from './gaps/bucket-policies.ts';
import { createBudgets } from './gaps/budgets.ts';
import { createCompositeAlarms } from './gaps/composite-alarms.ts';
import { createEcsServices } from './gaps/ecs-services.ts';
import { createManagedPrometheus } from './gaps/managed-prometheus.ts';
import { createQueryDefinitions } from './gaps/query-definitions.ts';
import { createResourceServers } from './gaps/resource-servers.ts';
import { createRuleDescriptions } from './gaps/rule-descriptions.ts';
import { createSamplingRules } from './gaps/sampling-rules.ts';
import { createScalingTags } from './gaps/scaling-tags.ts';
import { createSuspendedVersioning } from './gaps/suspended-versioning.ts';
import { createUserPoolTiers } from './gaps/user-pool-tiers.ts';

/** Everything that the front adds to moto. A new gap is one file and one line here. */
export const createGaps = (newId: () => string, now: () => number): readonly Gap[] => [
  createScalingTags(),
  createEcsServices(),
  createQueryDefinitions(newId, now),
  createAnomalyDetectors(newId, now),
  createCompositeAlarms(),
  createBudgets(),
  createManagedPrometheus(now),
  createBackups(newId, now),
  createBucketPolicies(),
  createSuspendedVersioning(),
  createRuleDescriptions(),
  createUserPoolTiers(),
  createResourceServers(),
  createSamplingRules(() => now() / 1000),
];
