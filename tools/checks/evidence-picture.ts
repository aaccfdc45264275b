import { instance } from '@viz-js/viz';
import type { ModuleConfiguration, PlanJson } from '../lib/terraform/plan-json.ts';
import { referencesAt, sourcesOf, sourcesOfCall } from '../lib/terraform/references.ts';

/** What a reader looks for; the rest (rules, policies, routes) only says how these are joined. */
const shown: ReadonlySet<string> = new Set(
  `acm_certificate appautoscaling_target backup_vault cloudwatch_log_group cloudwatch_metric_alarm
  cognito_user_pool dynamodb_table ecs_cluster ecs_service ecs_task_definition iam_role kms_key
  lambda_function lb lb_target_group nat_gateway prometheus_workspace route53_record s3_bucket
  secretsmanager_secret sns_topic subnet vpc vpc_endpoint wafv2_web_acl`
    .split(/\s+/)
    .map((name) => `aws_${name}`),
);

/** Each box would have a line to what encrypts it, logs it or is its network: told by the box, not drawn. */
const undrawn = new Set(['aws_kms_key', 'aws_vpc', 'aws_cloudwatch_log_group']);

const typeOf = (address: string): string => /(?:^|\.)(aws_\w+)\.\w+$/.exec(address)?.[1] ?? '';
const moduleOf = (address: string): string => /^module\.(\w+)/.exec(address)?.[1] ?? '';
const labelOf = (type: string, count: number): string =>
  `${count === 1 ? '' : `${count} × `}${type.slice('aws_'.length).replaceAll('_', ' ')}`;

/** Resources of one kind that lie together are one box. */
const boxOf = (address: string): string => `${moduleOf(address)} ${typeOf(address)}`;

/** What a module takes in that only puts values together, such as a container's definition: it has no resource of its own. */
function throughModules(root: ModuleConfiguration, address: string): readonly string[] {
  const expressions = root.resources?.find((one) => one.address === address)?.expressions;
  return referencesAt(expressions, []).flatMap((reference) => {
    const [kind, name = ''] = reference.split('.');
    const isEmpty = kind === 'module' && (root.module_calls?.[name]?.module.resources ?? []).length === 0;
    return isEmpty ? sourcesOfCall(root, `module.${name}`, []) : [];
  });
}

function groupBy(
  all: readonly string[],
  keyOf: (one: string) => string,
): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const one of all) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return groups;
}

/** Draws what a plan builds, by Graphviz: boxes by module, and a line where one is made from another. Resolves with an SVG. */
export async function drawPlan(plan: PlanJson): Promise<string> {
  const root = plan.configuration.root_module;
  const managed = (plan.resource_changes ?? [])
    .filter(({ mode }) => mode === 'managed')
    .map(({ address }) => address);
  const addresses = new Set(managed.map((address) => address.replace(/\[[^\]]*\]/g, '')));
  const isShown = (address: string): boolean => shown.has(typeOf(address)) && !address.startsWith('data.');

  const known = new Map<string, readonly string[]>();
  /** What is shown and an address is made from, over whatever lies between. */
  const reach = (address: string, seen: ReadonlySet<string>): readonly string[] => {
    const found = known.get(address);
    if (found !== undefined || seen.has(address)) return found ?? [];
    const next = [...sourcesOf(root, address, []), ...throughModules(root, address)].flatMap((source) =>
      isShown(source) ? [source] : reach(source, new Set(seen).add(address)),
    );
    known.set(address, next);
    return next;
  };
  const lines = new Set<string>();
  const join = (from: string, to: string): void => {
    if (boxOf(from) === boxOf(to) || [from, to].some((end) => undrawn.has(typeOf(end)))) return;
    if (!lines.has(`"${boxOf(to)}" -> "${boxOf(from)}"`)) lines.add(`"${boxOf(from)}" -> "${boxOf(to)}"`);
  };
  for (const module of Object.keys(root.module_calls ?? {})) {
    const own = [...addresses].filter((address) => moduleOf(address) === module && isShown(address));
    const main = own.find((address) => /\.aws_(ecs_service|lb)\./.test(address)) ?? own[0];
    if (main === undefined) continue;
    for (const source of sourcesOfCall(root, `module.${module}`, []))
      for (const end of isShown(source) ? [source] : reach(source, new Set())) join(main, end);
  }
  for (const address of addresses) {
    const ends = [...new Set(reach(address, new Set()))];
    if (isShown(address))
      ends.forEach((end) => {
        join(address, end);
      });
    // An association, a listener, a policy: it joins the first that it names to the others.
    else
      ends.slice(1).forEach((end) => {
        join(ends[0] ?? end, end);
      });
  }

  const boxes = groupBy(
    managed.filter((address) => isShown(address.replace(/\[[^\]]*\]/g, ''))),
    (address) => moduleOf(address),
  );
  const clusters = [...boxes].map(([module, members]) => {
    const kinds = groupBy(members, (address) => typeOf(address.replace(/\[[^\]]*\]/g, '')));
    const nodes = [...kinds].map(
      ([type, all]) => `"${module} ${type}" [label="${labelOf(type, all.length)}"];`,
    );
    return module === ''
      ? nodes.join('\n')
      : `subgraph "cluster_${module}" { label="${module.replaceAll('_', ' ')}"; ${nodes.join(' ')} }`;
  });
  const dot = `digraph { rankdir=LR; ranksep=0.6; nodesep=0.18; bgcolor=transparent; fontname="Helvetica"; fontsize=11; color="#9aa5b1"; style=rounded;
    node [shape=box, style="rounded,filled", fillcolor="#eef3f8", color="#52606d", fontname="Helvetica", fontsize=11, height=0.3, margin="0.24,0.05"];
    edge [color="#7b8794", arrowsize=0.6];
    ${clusters.join('\n')}
    ${[...lines].join('\n')} }`;
  const svg = (await instance()).renderString(dot, { format: 'svg' });
  return svg.slice(svg.indexOf('<svg'));
}
