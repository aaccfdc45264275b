import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { checked, NotChecked, type Finding, type Gate } from '../finding.ts';

const file = 'bitbucket-pipelines.yml';
const longLived = /AWS_SECRET_ACCESS_KEY|AWS_ACCESS_KEY_ID|aws_access_key_id|BITBUCKET_APP_PASSWORD/;

interface Step {
  readonly name?: string;
  readonly oidc?: boolean;
  readonly deployment?: string;
  readonly image?: string | { readonly name?: string };
  readonly script?: readonly unknown[];
}

/** Every step, however deep in stages and parallel groups it lies. */
export function findSteps(node: unknown): readonly Step[] {
  if (Array.isArray(node)) return node.flatMap(findSteps);
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]: [string, unknown]) =>
    key === 'step' && typeof value === 'object' && value !== null ? [value as Step] : findSteps(value),
  );
}

export function judgePipeline(text: string): readonly Finding[] {
  const pipeline = parse(text) as { readonly image?: Step['image']; readonly pipelines?: unknown } | null;
  const steps = findSteps(pipeline?.pipelines);
  if (steps.length === 0) throw new NotChecked(`${file} has no steps`);
  const finding = (rule: string, resource: string, message: string, line?: number): Finding => ({
    rule,
    severity: 'high',
    resource,
    file,
    ...(line === undefined ? {} : { line }),
    message,
  });
  const nameOf = (image: Step['image']): string | undefined =>
    typeof image === 'object' ? image.name : image;
  const images = [nameOf(pipeline?.image), ...steps.map(({ image }) => nameOf(image))].filter(
    (image) => image !== undefined,
  );
  return [
    ...text
      .split('\n')
      .flatMap((line, index) =>
        longLived.test(line.replace(/#.*/, ''))
          ? [
              finding(
                'long-lived-credential',
                file,
                'a key that never expires; steps sign in with oidc: true',
                index + 1,
              ),
            ]
          : [],
      ),
    ...images
      .filter((image) => !/@sha256:[0-9a-f]{64}$/.test(image))
      .map((image) => finding('image-by-tag', image, `${image} can change its content after the review`)),
    ...steps
      .filter(({ deployment, oidc }) => deployment !== undefined && oidc !== true)
      .map(({ name = '(no name)' }) =>
        finding('deployment-without-oidc', name, `${name} deploys without oidc: true`),
      ),
  ];
}

export const pipelinePolicies: Gate = {
  id: 'pipeline-policies',
  title: 'long-lived credentials and movable images in the pipeline',
  run: async ({ root }) => {
    if (!existsSync(join(root, file))) throw new NotChecked(`there is no ${file}`);
    const text = await readFile(join(root, file), 'utf8');
    return checked(
      `${findSteps((parse(text) as { pipelines?: unknown }).pipelines).length} steps`,
      judgePipeline(text),
    );
  },
};
