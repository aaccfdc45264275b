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
  /** Of the plan file, in hex: the plan that was approved is the plan that is applied. */
  readonly sha256: string;
}

export async function recordPlan(planFile: string, about: Omit<PlanRecord, 'sha256'>): Promise<PlanRecord> {
  const record = { ...about, sha256: await digest(planFile) };
  await writeFile(`${planFile}.json`, `${JSON.stringify(record, null, 2)}\n`);
  return record;
}

/** Rejects unless the plan file is the recorded one and was made for this environment and commit. */
export async function checkPlan(
  planFile: string,
  wanted: {
    readonly environment: string;
    readonly commit: string;
    readonly image: string | undefined;
    readonly cursorKeyStage?: number;
  },
): Promise<PlanRecord> {
  const record = await readRecord(planFile);
  const mismatches = [
    ['file', record.sha256, await digest(planFile)],
    ['environment', record.environment, wanted.environment],
    ['commit', record.commit, wanted.commit],
    ['image', record.image, wanted.image ?? record.image],
    ['stage of the cursor keys', stageIn(record), stageIn(wanted)],
  ].filter(([, recorded, actual]) => recorded !== actual);
  if (mismatches.length > 0) {
    const list = mismatches.map(
      ([what, recorded, actual]) => `  ${what}: planned ${recorded}, asked for ${actual}`,
    );
    throw new Problem(
      `${planFile} is not the plan that was asked for:\n${list.join('\n')}`,
      'Plan again (`make plan ENV=…`) and have the new plan reviewed: a stale or changed plan is never applied.',
    );
  }
  return record;
}

const stageIn = ({ cursorKeyStage }: { readonly cursorKeyStage?: number }): string =>
  String(cursorKeyStage ?? 'as it is');

async function readRecord(planFile: string): Promise<PlanRecord> {
  try {
    return JSON.parse(await readFile(`${planFile}.json`, 'utf8')) as PlanRecord;
  } catch {
    throw new Problem(
      `There is no record of what ${planFile} was made for.`,
      'Plans are made by `make plan ENV=…`, which writes the record beside the plan file.',
    );
  }
}

const digest = async (file: string): Promise<string> => {
  const bytes = await readFile(file).catch(() => {
    throw new Problem(`There is no plan file ${file}.`, 'Make one: `make plan ENV=… IMAGE=…@sha256:…`.');
  });
  return createHash('sha256').update(bytes).digest('hex');
};
