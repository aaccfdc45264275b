import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The service root, the roots below it and our own modules: each directory that has a terraform.tf, sorted. */
export function terraformDirectories(project: string): string[] {
  const below = (parent: string): string[] =>
    readdirSync(join(project, parent)).map((name) => `${parent}/${name}`);
  return ['terraform', ...below('terraform'), ...below('modules')]
    .filter((directory) => existsSync(join(project, directory, 'terraform.tf')))
    .sort();
}
