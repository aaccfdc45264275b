import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { Problem } from '../../app/src/commands/problem.ts';

/** What a plan file was made for; it lies beside the plan file, as `<plan file>.json`. */
export interface PlanRecord {
  readonly environment: string;
  readonly image: string;
  readonly commit: string;
  /** Stage of the cursor keys that it leads to, where it is a step of their rotation. */
  readonly cursorKeyStage?: number;
  /** Name of the table that it lets serve, where it changes that. */
  readonly table?: string;
  /** What it takes from users, and somebody meant it to. */
  readonly losses: readonly string[];
  /** Of the plan file, in hex: the plan that was approved is the plan that is applied. */
  readonly sha256: string;
}

export async function recordPlan(planFile: string, about: Omit<PlanRecord, 'sha256'>): Promise<PlanRecord> {
  const { environment, image, commit, losses, ...moved } = about;
  const record = { environment, image, commit, losses, ...moved, sha256: await digest(planFile) };
  await writeFile(`${planFile}.json`, `${JSON.stringify(record, null, 2)}\n`);
  return record;
}

export interface WantedPlan {
  readonly environment: string;
  readonly commit: string;
  readonly image?: string;
  readonly cursorKeyStage?: number;
  readonly table?: string;
}

/** Rejects unless the plan file is the recorded one and was made for this environment, commit, stage and table. */
export async function checkPlan(planFile: string, wanted: WantedPlan): Promise<PlanRecord> {
  const record = await readRecord(planFile);
  const mismatches = [
    ['file', record.sha256, await digest(planFile)],
    ['environment', record.environment, wanted.environment],
    ['commit', record.commit, wanted.commit],
    ['image', record.image, wanted.image ?? record.image],
    ['stage of the cursor keys', moveIn(record.cursorKeyStage), moveIn(wanted.cursorKeyStage)],
    ['table that serves', moveIn(record.table), moveIn(wanted.table)],
  ].filter(([, recorded, actual]) => recorded !== actual);
  if (mismatches.length === 0) return record;
  const list = mismatches.map(
    ([what, recorded, actual]) => `  ${what}: planned ${recorded}, asked for ${actual}`,
  );
  throw new Problem(
    `${planFile} is not the plan that was asked for:\n${list.join('\n')}`,
    'Plan again (`make plan ENV=…`) and have the new plan reviewed: a stale or changed plan is never applied.',
  );
}

const moveIn = (wanted?: string | number): string => String(wanted ?? 'as it is');

async function readRecord(planFile: string): Promise<PlanRecord> {
  try {
    return JSON.parse(await readFile(`${planFile}.json`, 'utf8')) as PlanRecord;
  } catch {
    throw new Problem(
      `There is no record of what ${planFile} was made for.`,
      'Plans are made by `make plan ENV=…`, which writes the record beside the plan file. In a pipeline both are artifacts, which Bitbucket keeps for 14 days: run the pipeline again.',
    );
  }
}

const digest = async (file: string): Promise<string> => {
  const bytes = await readFile(file).catch(() => {
    throw new Problem(
      `There is no plan file ${file}.`,
      'Make one: `make plan ENV=… IMAGE=…@sha256:…`. In a pipeline it is an artifact, which Bitbucket keeps for 14 days: run the pipeline again.',
    );
  });
  return createHash('sha256').update(bytes).digest('hex');
};

/** What users stand on: without one of these they have no service, no data, or no way in. */
const carrying: ReadonlySet<string> = new Set([
  'aws_ecs_cluster',
  'aws_ecs_service',
  'aws_dynamodb_table',
  'aws_dynamodb_table_replica',
  'aws_kms_key',
  'aws_kms_replica_key',
  'aws_lb',
  'aws_alb',
  'aws_cognito_user_pool',
  'aws_cognito_user_pool_client',
  'aws_vpc',
  'aws_ecr_repository',
  'aws_s3_bucket',
  'aws_backup_vault',
]);

interface PlannedResource {
  readonly address: string;
  readonly mode?: string;
  readonly type: string;
  readonly change: { readonly actions: readonly string[] };
}

/** Addresses of what a plan (`show -json`) replaces, destroys or forgets, of all that users stand on. */
export function findLosses(planJson: string): readonly string[] {
  const { resource_changes: changes = [] } = JSON.parse(planJson) as {
    resource_changes?: readonly PlannedResource[];
  };
  const lost = changes.filter(
    ({ mode, type, change }) =>
      mode !== 'data' &&
      carrying.has(type) &&
      change.actions.some((action) => ['delete', 'forget'].includes(action)),
  );
  return [...new Set(lost.map(({ address }) => address))];
}

/** Names of restored tables among losses that somebody named: they are given up. */
export const givenUpTables = (meant: string): readonly string[] =>
  [...meant.matchAll(/aws_dynamodb_table\.main\["([^"]+)"\]/g)].map(([, name = '']) => name);

/** Rejects unless each loss was named by somebody: `meant` are addresses, separated by spaces. */
export function refuseLosses(losses: readonly string[], meant: string): void {
  const named = meant.split(/\s+/);
  const surprising = losses.filter((address) => !named.includes(address.replaceAll(/\s/g, '')));
  if (surprising.length === 0) return;
  throw new Problem(
    `This plan replaces, destroys or forgets what users stand on:\n${surprising.map((address) => `  ${address}`).join('\n')}`,
    `Nothing was applied. Find out which change asks for it. If it is meant, name all of it: LOSE='${losses.map((address) => address.replaceAll(/\s/g, '')).join(' ')}'`,
  );
}
