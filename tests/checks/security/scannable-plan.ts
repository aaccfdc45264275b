import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readRecording } from '../../../tools/checks/plans/recording.ts';
import type {
  Json,
  ModuleConfiguration,
  PlanJson,
  ResourceChange,
} from '../../../tools/lib/terraform/plan-json.ts';
import { project } from './mistakes.ts';

export const planOfProd = async (): Promise<PlanJson> => (await readRecording(project, 'prod')).plan;

/** The planned values of the one resource whose address matches, to be changed. */
export function valuesOf(
  { resource_changes: changes = [] }: PlanJson,
  address: string,
): Record<string, Json> {
  const found = changes.find((resource) => resource.address.startsWith(address));
  if (found === undefined) throw new Error(`the plan has no ${address}`);
  return found.change.after as Record<string, Json>;
}

const moduleOf = ({ address, type, name }: ResourceChange): string =>
  address.slice(0, address.indexOf(`${type}.${name}`)).replace(/\.$/, '');

/** With the type and the name of each resource, which a recording leaves to its address. */
const spelledOut = (module: ModuleConfiguration): ModuleConfiguration => ({
  ...module,
  resources: (module.resources ?? []).map((resource) => {
    const [name = '', type = ''] = resource.address.split('.').reverse();
    return { ...resource, type, name, mode: resource.address.startsWith('data.') ? 'data' : 'managed' };
  }),
  module_calls: Object.fromEntries(
    Object.entries(module.module_calls ?? {}).map(([name, call]) => [
      name,
      { ...call, module: spelledOut(call.module) },
    ]),
  ),
});

/**
 * Writes a recorded plan as `terraform show -json` prints it: scanners read the planned values, which a recording leaves out
 * because its changes hold the same.
 */
export async function writeScannable(folder: string, name: string, plan: PlanJson): Promise<string> {
  const managed = (plan.resource_changes ?? []).filter(
    ({ mode, change }) => mode === 'managed' && change.after !== null,
  );
  const resources = (module: string) =>
    managed
      .filter((resource) => moduleOf(resource) === module)
      .map(({ change, ...resource }) => ({ ...resource, values: change.after }));
  const children = new Set(managed.map(moduleOf).filter((module) => module !== ''));
  const file = join(folder, `${name}.json`);
  await writeFile(
    file,
    JSON.stringify({
      format_version: '1.2',
      terraform_version: '1.11.4',
      planned_values: {
        root_module: {
          resources: resources(''),
          child_modules: [...children].map((address) => ({ address, resources: resources(address) })),
        },
      },
      ...plan,
      configuration: { root_module: spelledOut(plan.configuration.root_module) },
      resource_changes: managed.map(({ change, ...resource }) => ({
        ...resource,
        change: { before: null, ...change },
      })),
    }),
  );
  return file;
}
