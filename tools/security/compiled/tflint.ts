import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Exception } from '../exceptions.ts';
import type { Files } from './compiled.ts';

const base = resolve(import.meta.dirname, '../../../security/tflint.hcl');

/**
 * tflint's configuration (`--config`) switches a rule off for the one directory that it is run in: each directory that is
 * excepted from anything gets the project's configuration without those rules.
 */
export function tflintConfigurations(exceptions: readonly Exception[]): Files {
  const own = exceptions.filter(({ gate }) => gate.includes('tflint'));
  const directories = [...new Set(own.flatMap(({ resource }) => resource))];
  return Object.fromEntries(
    directories.map((directory) => [
      `tflint-${directory.replaceAll('/', '-')}.hcl`,
      [
        readFileSync(base, 'utf8').trimEnd(),
        ...own
          .filter(({ resource }) => resource.includes(directory))
          .flatMap(({ rule }) => rule)
          .map((rule) => `rule "${rule}" {\n  enabled = false\n}`),
        '',
      ].join('\n\n'),
    ]),
  );
}
