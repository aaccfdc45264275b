import { buffer } from 'node:stream/consumers';
import type { IncomingMessage } from 'node:http';
import { json, readJson, text, type Json } from './answers.ts';
import type { Answer, Call } from './call.ts';

/** How long whoever runs the tasks may take to complete an answer. */
const timeoutMs = 5_000;

/**
 * Whoever runs what the control plane only describes (tasks, targets) registers here, with the actions that it knows more
 * about. Their answers are passed through it: what is said of tasks is then what is true of them.
 */
export interface DataPlane {
  /** `PUT {"url": …, "actions": ["ecs.ListTasks", …]}` registers, `DELETE` ends it. */
  readonly configure: (request: IncomingMessage) => Promise<Answer>;
  /** The completed answer; the given one where nobody is registered, or nobody answers any more. */
  readonly complete: (call: Call, given: Answer) => Promise<Answer>;
}

export function createDataPlane(): DataPlane {
  let url: string | undefined;
  let actions: readonly Json[] = [];

  return {
    configure: async (request) => {
      const asked = readJson(await buffer(request));
      url = request.method === 'PUT' ? text(asked['url']) : undefined;
      actions = Array.isArray(asked['actions']) ? asked['actions'] : [];
      return json({});
    },
    complete: async (call, given) => {
      const action = `${call.service}.${call.action}`;
      if (url === undefined || !actions.includes(action)) return given;
      try {
        const response = await fetch(url, {
          method: 'POST',
          body: JSON.stringify({ action, request: call.body.toString(), answer: given.body.toString() }),
          signal: AbortSignal.timeout(timeoutMs),
        });
        const { completed } = readJson(Buffer.from(await response.arrayBuffer()));
        return response.ok ? { ...given, status: 200, body: Buffer.from(text(completed)) } : given;
      } catch {
        return given;
      }
    },
  };
}
