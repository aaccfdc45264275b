import { isObject, json, readJson, refusal, text, type Json } from '../answers.ts';
import { path, type Answer, type Call } from '../call.ts';
import type { Gap } from '../gap.ts';

interface Definition {
  readonly data: string;
  readonly createdAt: number;
  readonly modifiedAt: number;
}

/** Keys of Managed Prometheus workspaces, and who a workspace tells of its alerts. */
export function createManagedPrometheus(now: () => number): Gap {
  const keys = new Map<string, Json>();
  const definitions = new Map<string, Definition>();
  const missing = (call: Call): Answer =>
    refusal(call, 'ResourceNotFoundException', 'The workspace has no alert manager definition.', 404);

  return {
    reason:
      'moto forgets the key of a workspace, which would then be replaced by each apply, and has no alert manager definitions',
    answers: {
      'aps.CreateWorkspace': async (call, forward) => {
        const answer = await forward(call);
        const { kmsKeyArn } = readJson(call.body);
        if (kmsKeyArn !== undefined) keys.set(text(readJson(answer.body)['workspaceId']), kmsKeyArn);
        return answer;
      },
      'aps.DescribeWorkspace': async (call, forward) => {
        const answer = await forward(call);
        const kmsKeyArn = keys.get(workspaceOf(call));
        const { workspace } = readJson(answer.body);
        return kmsKeyArn !== undefined && isObject(workspace)
          ? json({ workspace: { ...workspace, kmsKeyArn } })
          : answer;
      },
      'aps.CreateAlertManagerDefinition': (call) => {
        const createdAt = now() / 1000;
        definitions.set(workspaceOf(call), { data: dataOf(call), createdAt, modifiedAt: createdAt });
        return json({ status: { statusCode: 'CREATING' } });
      },
      'aps.DescribeAlertManagerDefinition': (call) => {
        const found = definitions.get(workspaceOf(call));
        return found
          ? json({ alertManagerDefinition: { ...found, status: { statusCode: 'ACTIVE' } } })
          : missing(call);
      },
      'aps.PutAlertManagerDefinition': (call) => {
        const found = definitions.get(workspaceOf(call));
        if (!found) return missing(call);
        definitions.set(workspaceOf(call), { ...found, data: dataOf(call), modifiedAt: now() / 1000 });
        return json({ status: { statusCode: 'UPDATING' } });
      },
      'aps.DeleteAlertManagerDefinition': (call) =>
        definitions.delete(workspaceOf(call)) ? json({}) : missing(call),
    },
  };
}

/** `/workspaces/<workspace>/…` */
const workspaceOf = ({ url }: Call): string => path(url).split('/').filter(Boolean)[1] ?? '';
/** Base64, both ways. */
const dataOf = ({ body }: Call): string => text(readJson(body)['data']);
