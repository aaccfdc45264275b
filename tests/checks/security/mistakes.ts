import { cp, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Finding, Gate, Target } from '../../../tools/checks/gates/gate.ts';

export const project = resolve(import.meta.dirname, '../../..');

/** Something that a person might do, and what must come of it. */
export interface Mistake {
  readonly mistake: string;
  readonly rule: string;
  /** Files of a project, with the mistake in them, by path. */
  readonly files: () => Promise<Readonly<Record<string, string>>>;
}

export const read = (path: string): Promise<string> => readFile(join(project, path), 'utf8');

/** A file of the project with one change; fails when the change changes nothing. */
export async function edited(path: string, from: string | RegExp, to: string): Promise<string> {
  const text = await read(path);
  const result = text.replace(from, to);
  if (result === text) throw new Error(`${path} has no ${String(from)}`);
  return result;
}

export const nothing: Omit<Target, 'root'> = {
  plans: { missing: 'not needed' },
  initialised: [],
  image: { missing: 'not needed' },
};

/** A folder that holds only these files, and the policy. */
export async function projectOf(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'mistakes-'));
  await mkdir(join(root, 'security'), { recursive: true });
  for (const file of ['security/policy.yaml', 'security/tflint.hcl'])
    await cp(join(project, file), join(root, file));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

/** What a gate says; rejects when it did not look. */
export async function findingsOf(gate: Gate, target: Target): Promise<readonly Finding[]> {
  const outcome = await gate.run(target);
  if (outcome.status !== 'checked') throw new Error(`${gate.id} did not look: ${outcome.reason}`);
  return outcome.findings;
}
