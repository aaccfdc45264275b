/** What a plan would do, as far as a person must see it before it is applied. */
export interface PlanSummary {
  readonly create: number;
  readonly update: number;
  readonly replace: number;
  readonly destroy: number;
  /** One line per resource that changes, and below it the names of what differs in an update. */
  readonly lines: readonly string[];
}

/** A resource as it is and as it would be. */
export interface Change {
  readonly actions: readonly string[];
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
  readonly after_unknown?: Readonly<Record<string, unknown>>;
}

interface PlanJson {
  readonly resource_changes?: readonly { readonly address: string; readonly change: Change }[];
  readonly output_changes?: Readonly<Record<string, { readonly actions: readonly string[] }>>;
}

const marks: Readonly<
  Record<string, { readonly mark: string; readonly kind: 'create' | 'update' | 'replace' | 'destroy' }>
> = {
  create: { mark: '  +', kind: 'create' },
  update: { mark: '  ~', kind: 'update' },
  delete: { mark: '  -', kind: 'destroy' },
  'delete,create': { mark: '-/+', kind: 'replace' },
  'create,delete': { mark: '+/-', kind: 'replace' },
};

/** Reads `terraform show -json` of a plan file. Values are never shown: they may be secret. */
export function summarisePlan(json: string): PlanSummary {
  const plan = JSON.parse(json) as PlanJson;
  const counts = { create: 0, update: 0, replace: 0, destroy: 0 };
  const lines: string[] = [];
  for (const { address, change } of plan.resource_changes ?? []) {
    const known = marks[change.actions.join()];
    if (!known) continue;
    counts[known.kind] += 1;
    const differing = known.kind === 'update' ? `: ${differences(change).join(', ')}` : '';
    lines.push(`${known.mark} ${address}${differing}`);
  }
  for (const [name, { actions }] of Object.entries(plan.output_changes ?? {})) {
    if (actions.join() !== 'no-op') lines.push(`  ~ output ${name}`);
  }
  return { ...counts, lines };
}

export const describeCounts = ({ create, update, replace, destroy }: PlanSummary): string =>
  `${create} to create, ${update} to update, ${replace} to replace, ${destroy} to destroy`;

/** Names of the attributes that would differ. */
export const differences = ({ before, after, after_unknown: unknown = {} }: Change): readonly string[] =>
  [...new Set([...Object.keys(after ?? {}), ...Object.keys(unknown)])].filter(
    (key) => unknown[key] === true || JSON.stringify(before?.[key]) !== JSON.stringify(after?.[key]),
  );
