import { readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Finding, Gate, Target } from '../../../tools/checks/gates/gate.ts';

export const project = resolve(import.meta.dirname, '../../..');

// Put together here, so that no file holds a secret.
export const secret = ['AKIA', 'Q3EGRIIXYZ7ABCDE'].join('');
export const privateKey = [
  '-----BEGIN RSA',
  ' PRIVATE KEY-----\n',
  'MIIEpAIBAAKCAQEA7'.repeat(20),
  '\n-----END RSA',
  ' PRIVATE KEY-----\n',
].join('');

/** Files of a project by path. */
export type Files = Readonly<Record<string, string>>;
/** Something that a person might do, the rule that must stop it, and the files with the mistake in them. */
export type Mistake = readonly [mistake: string, rule: string, files: Files];

export const read = (path: string): string => readFileSync(join(project, path), 'utf8');

/** A file of the project with one change; fails when the change changes nothing. */
export function edited(path: string, from: string | RegExp, to: string): string {
  const text = read(path);
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
export async function projectOf(files: Files): Promise<string> {
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
  return (await gate.run(target)).findings;
}
