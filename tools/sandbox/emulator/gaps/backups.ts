import { json, readJson, refusal, type JsonObject } from '../answers.ts';
import { path, type Call } from '../call.ts';
import type { Gap } from '../gap.ts';

/** Selections of AWS Backup plans, and the tags of plans and vaults as the AWS SDK for Go asks for them. */
export function createBackups(newId: () => string, now: () => number): Gap {
  const selections = new Map<string, JsonObject>();

  return {
    reason:
      'moto has no backup selections, and finds the tags of a plan or vault only when the path ends with a slash',
    answers: {
      'backup.CreateBackupSelection': (call) => {
        const { BackupSelection, CreatorRequestId } = readJson(call.body);
        const made = { SelectionId: newId(), BackupPlanId: planOf(call), CreationDate: now() / 1000 };
        selections.set(made.SelectionId, { ...made, BackupSelection, CreatorRequestId });
        return json(made);
      },
      'backup.GetBackupSelection': (call) => {
        const selection = selections.get(selectionOf(call));
        return selection === undefined
          ? refusal(call, 'ResourceNotFoundException', 'There is no such selection.')
          : json(selection);
      },
      'backup.DeleteBackupSelection': (call) => {
        selections.delete(selectionOf(call));
        return json({});
      },
      'backup.ListTags': (call, forward) => forward({ ...call, url: call.url.replace(/\/?(\?|$)/, '/$1') }),
    },
  };
}

/** `/backup/plans/<plan>/selections/<selection>` */
const segments = ({ url }: Call): readonly string[] => path(url).split('/').filter(Boolean);
const planOf = (call: Call): string => segments(call)[2] ?? '';
const selectionOf = (call: Call): string => segments(call)[4] ?? '';
