import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModuleConfiguration, ResourceChange } from '../../../tools/lib/terraform/plan-json.ts';
import type { EditablePlan } from './plan-mistakes.ts';

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
export async function writeScannable(folder: string, name: string, plan: EditablePlan): Promise<string> {
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
