import { readFile, writeFile } from 'node:fs/promises';
import openapiTS, { astToString } from 'openapi-typescript';
import { parse } from 'yaml';

export interface GeneratedFile {
  readonly file: URL;
  readonly content: string;
}

const source = new URL('../../app/openapi.yaml', import.meta.url);
const target = new URL('../../app/src/http/', import.meta.url);

/** The contract as types for the compiler, and as JSON for the service, which so needs neither YAML nor the file. */
export async function generateContract(): Promise<GeneratedFile[]> {
  const document: unknown = parse(await readFile(source, 'utf8'), { merge: true });
  const types = astToString(await openapiTS(JSON.stringify(document)));
  const notice = '// Made from openapi.yaml by `npm run types`.\n';
  return [
    { file: new URL('contract.gen.ts', target), content: notice + types },
    { file: new URL('contract.gen.json', target), content: `${JSON.stringify(document)}\n` },
  ];
}

if (import.meta.main)
  for (const { file, content } of await generateContract()) await writeFile(file, content);
