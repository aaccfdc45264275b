import { Problem } from '../../../app/src/commands/problem.ts';

interface Module {
  readonly resources?: readonly {
    readonly values: { readonly tags_all?: Readonly<Record<string, string>> | null };
  }[];
  readonly child_modules?: readonly Module[];
}

/** The commit that a state (`show -json`) was applied from, by the tag that everything of it has. */
export function deployedCommit(stateJson: string): string {
  const { values } = JSON.parse(stateJson) as { values?: { root_module?: Module } };
  const commit = findCommit(values?.root_module ?? {});
  if (commit !== undefined) return commit;
  throw new Problem('Nothing in the state has the tag `commit`.', 'Deploy once: make deploy ENV=… IMAGE=…');
}

function findCommit({ resources = [], child_modules: children = [] }: Module): string | undefined {
  for (const { values } of resources) {
    const commit = values.tags_all?.['commit'];
    if (commit !== undefined) return commit;
  }
  for (const child of children) {
    const commit = findCommit(child);
    if (commit !== undefined) return commit;
  }
  return undefined;
}
