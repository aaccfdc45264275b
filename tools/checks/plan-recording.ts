import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import stringify from 'json-stringify-pretty-compact';
import type { PlanJson } from '../lib/plan/plan-json.ts';
import type { Environment } from './plan-inputs.ts';

/** A normalised plan, and what it was made from. */
export interface Recording {
  /** Of the HCL and inputs, by `digestInputs`. */
  readonly inputs: string;
  readonly plan: PlanJson;
}

const fileOf = (project: string, environment: Environment): string =>
  join(project, 'tests', 'checks', 'plan', 'recorded', `${environment}.json`);

export async function readRecording(project: string, environment: Environment): Promise<Recording> {
  return JSON.parse(await readFile(fileOf(project, environment), 'utf8')) as Recording;
}

export async function writeRecording(
  project: string,
  environment: Environment,
  recording: Recording,
): Promise<string> {
  const file = fileOf(project, environment);
  await writeFile(file, `${stringify(recording, { indent: 1, maxLength: 160 })}\n`);
  return file;
}
