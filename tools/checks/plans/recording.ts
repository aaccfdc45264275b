import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import stringify from 'json-stringify-pretty-compact';
import {
  type Change,
  type Expression,
  type ExpressionBlock,
  type Json,
  type ModuleConfiguration,
  type PlanJson,
  priorResources,
  type ResourceChange,
} from '../../lib/terraform/plan-json.ts';
import type { Environment } from './inputs.ts';

/** Sentences of other people's modules, and ours beside the code they describe: noise in a review of what changes. */
const prose = new Set(['description', 'alarm_description', 'comment']);

const isEmpty = (value: Json | undefined): boolean =>
  value === undefined ||
  value === null ||
  value === '' ||
  (typeof value === 'object' && Object.keys(value).length === 0);

/** JSON inside a string (a policy, container definitions) becomes an object under this key, so that a diff shows its lines. */
const embedded = '$json';

function unfold(text: string): Json {
  if (!/^[[{]/.test(text)) return text;
  try {
    return { [embedded]: prune(JSON.parse(text) as Json) };
  } catch {
    return text;
  }
}

/** Without prose, nulls and empties; keys sorted. Lists keep their elements, since positions count in them. */
function prune(value: Json): Json {
  if (typeof value === 'string') return unfold(value);
  if (Array.isArray(value)) return (value as readonly Json[]).map(prune);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !prose.has(key))
      .map(([key, part]): [string, Json] => [key, prune(part)])
      .filter(([, part]) => !isEmpty(part))
      .sort(([a], [b]) => a.localeCompare(b, 'en')),
  );
}

/** Only what is true: `false` says that the value stands in `after`. */
function pruneUnknown(value: Json | undefined): Json {
  if (value === true) return true;
  if (Array.isArray(value)) return (value as readonly Json[]).map(pruneUnknown);
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !prose.has(key))
      .map(([key, part]): [string, Json] => [key, pruneUnknown(part)])
      .filter(([, part]) => part === true || (!isEmpty(part) && JSON.stringify(part).includes('true')))
      .sort(([a], [b]) => a.localeCompare(b, 'en')),
  );
}

const secret = '(sensitive)';

/** What Terraform marks as sensitive never reaches a recording. */
function mask(value: Json | undefined, sensitive: Json | undefined): Json {
  if (sensitive === true) return isEmpty(value) ? null : secret;
  if (value === undefined || typeof value !== 'object' || value === null) return value ?? null;
  const marks =
    typeof sensitive === 'object' && sensitive !== null ? (sensitive as Readonly<Record<string, Json>>) : {};
  if (Array.isArray(value))
    return (value as readonly Json[]).map((part, index) => mask(part, marks[String(index)]));
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, mask(part, marks[key])]));
}

function normaliseValues(change: Change): Change {
  return {
    actions: change.actions,
    after: prune(mask(change.after, change.after_sensitive)),
    after_unknown: pruneUnknown(change.after_unknown),
  };
}

function normaliseChange(resource: ResourceChange): ResourceChange {
  const { address, module_address, mode, type, name, index, change } = resource;
  return {
    address,
    ...(module_address === undefined ? {} : { module_address }),
    mode,
    type,
    name,
    ...(index === undefined ? {} : { index }),
    change: normaliseValues(change),
  };
}

function references(expression: Expression): Expression | undefined {
  if (Array.isArray(expression)) {
    const blocks = (expression as readonly ExpressionBlock[]).map((block) => referencesOfBlock(block) ?? {});
    return blocks.some((block) => Object.keys(block).length > 0) ? blocks : undefined;
  }
  if (typeof expression !== 'object') return undefined;
  if ('references' in expression && Array.isArray(expression.references)) {
    return { references: expression.references as readonly string[] };
  }
  return 'constant_value' in expression ? undefined : referencesOfBlock(expression as ExpressionBlock);
}

function referencesOfBlock(block: ExpressionBlock | undefined): ExpressionBlock | undefined {
  const kept = Object.entries(block ?? {}).flatMap(([key, part]): [string, Expression][] => {
    if (prose.has(key)) return [];
    const inner = references(part);
    return inner === undefined ? [] : [[key, inner]];
  });
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

/**
 * Which argument of the planned resources refers to what, and nothing else: enough to follow `from(…)`.
 *
 * @param planned addresses without indexes, as `module.a.aws_x.y`
 */
function normaliseModule(
  module: ModuleConfiguration,
  planned: ReadonlySet<string>,
  path = '',
): ModuleConfiguration {
  const optional = <K extends string, T>(key: K, value: T | undefined): Partial<Record<K, T>> =>
    value === undefined ? {} : ({ [key]: value } as Record<K, T>);
  return {
    resources: (module.resources ?? [])
      .filter(({ address }) => planned.has(`${path}${address}`))
      .map(({ address, expressions, for_each_expression }) => ({
        address,
        ...optional('expressions', referencesOfBlock(expressions)),
        ...optional('for_each_expression', for_each_expression && references(for_each_expression)),
      })),
    module_calls: Object.fromEntries(
      Object.entries(module.module_calls ?? {}).map(([name, call]) => [
        name,
        {
          source: call.source,
          ...optional('expressions', referencesOfBlock(call.expressions)),
          ...optional(
            'for_each_expression',
            call.for_each_expression && references(call.for_each_expression),
          ),
          module: normaliseModule(call.module, planned, `${path}module.${name}.`),
        },
      ]),
    ),
    outputs: Object.fromEntries(
      Object.entries(module.outputs ?? {}).map(([name, { expression }]) => [
        name,
        optional('expression', expression && references(expression)),
      ]),
    ),
  };
}

/**
 * A plan as it is recorded and reviewed: the same for the same HCL and inputs, wherever and whenever it is made.
 * Descriptions, nulls and empties are left out, sensitive values masked, embedded JSON unfolded. Of what was looked up, only
 * policy documents are kept: the rest are facts of the account that was asked.
 */
export function normalise(plan: PlanJson): PlanJson {
  const documents = priorResources(plan).filter(({ type }) => type === 'aws_iam_policy_document');
  const planned = new Set(
    [...(plan.resource_changes ?? []), ...documents].map(({ address }) =>
      address.replaceAll(/\[[^\]]*\]/g, ''),
    ),
  );
  return {
    resource_changes: [...(plan.resource_changes ?? [])]
      .map(normaliseChange)
      .sort((a, b) => a.address.localeCompare(b.address, 'en')),
    prior_state: {
      values: {
        root_module: {
          resources: documents
            .map(({ address, mode, type, name, values }) => ({
              address,
              mode,
              type,
              name,
              values: prune(values),
            }))
            .sort((a, b) => a.address.localeCompare(b.address, 'en')),
        },
      },
    },
    output_changes: Object.fromEntries(
      Object.entries(plan.output_changes ?? {}).map(([name, change]) => [name, normaliseValues(change)]),
    ),
    configuration: { root_module: normaliseModule(plan.configuration.root_module, planned) },
  };
}

function fold(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(fold);
  if (typeof value !== 'object' || value === null) return value;
  const record = value as Readonly<Record<string, Json>>;
  const inner = record[embedded];
  if (inner !== undefined) return JSON.stringify(fold(inner));
  return Object.fromEntries(Object.entries(record).map(([key, part]) => [key, fold(part)]));
}

/** A recording as Terraform would have told it: embedded JSON is a string again. */
export function denormalise(recording: PlanJson): PlanJson {
  // Folding keeps the structure; only `{ $json }` becomes a string, which the plan's types allow at the same places.
  return fold(recording as unknown as Json) as unknown as PlanJson;
}

/** A normalised plan, and what it was made from. */
export interface Recording {
  /** Of the HCL and inputs, by `digestInputs`. */
  readonly inputs: string;
  readonly plan: PlanJson;
}

const fileOf = (project: string, environment: Environment): string =>
  join(project, 'tests', 'checks', 'plan', 'recorded', `${environment}.json`);

export async function readRecording(project: string, environment: Environment): Promise<Recording> {
  return JSON.parse(await readFile(fileOf(project, environment), 'utf8')) as Recording;
}

export async function writeRecording(
  project: string,
  environment: Environment,
  recording: Recording,
): Promise<string> {
  const file = fileOf(project, environment);
  await writeFile(file, `${stringify(recording, { indent: 1, maxLength: 160 })}\n`);
  return file;
}
