import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from '@cdktn/hcl2json';
import { Problem } from '../../app/src/commands/problem.ts';

type Hcl = Readonly<Record<string, unknown>>;

/** What Terraform will be given for a variable: tfvars of the environment, else TF_VAR_…, else the variable's default. */
export type Settings = (name: string) => unknown;

const isBlock = (value: unknown): value is Hcl => typeof value === 'object' && value !== null;

const read = async (file: string, text: string): Promise<Hcl> =>
  (await parse(file, text).catch((error: unknown) => {
    throw new Problem(`${file} can't be read: ${String(error)}`, 'It is HCL, as in terraform/environments.');
  })) as Hcl;

export async function readSettings(
  root: string,
  environment: string,
  env: NodeJS.ProcessEnv,
): Promise<Settings> {
  const file = async (...path: readonly string[]): Promise<Hcl> =>
    read(join(...path), await readFile(join(root, ...path), 'utf8'));
  const tfvars = await file('environments', `${environment}.tfvars`);
  const { variable: declared = {} } = await file('variables.tf');
  const defaultOf = (name: string): unknown => {
    const [block]: readonly unknown[] = [isBlock(declared) ? declared[name] : undefined].flat();
    return isBlock(block) ? block['default'] : undefined;
  };
  const given: Hcl = Object.fromEntries(
    await Promise.all(
      Object.entries(env).flatMap(([name, text = '']) => {
        const variable = /^TF_VAR_(\w+)$/.exec(name)?.[1];
        return variable === undefined ? [] : [readVariable(variable, text)];
      }),
    ),
  );
  return (name) => tfvars[name] ?? given[name] ?? defaultOf(name) ?? undefined;
}

/** A list or an object is HCL there; everything else is the text itself. */
const readVariable = async (name: string, text: string): Promise<readonly [string, unknown]> =>
  /^\s*[[{]/.test(text)
    ? [name, (await read(`TF_VAR_${name}`, `value = ${text}\n`))['value']]
    : [name, text === 'null' ? undefined : text];

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
export const listOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
export const fieldOf = (value: unknown, name: string): unknown => (isBlock(value) ? value[name] : undefined);
export const numberOf = (value: unknown): number =>
  ['number', 'string'].includes(typeof value) ? Number(value) : 0;
