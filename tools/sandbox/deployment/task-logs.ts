import {
  CreateLogStreamCommand,
  PutLogEventsCommand,
  type CloudWatchLogsClient,
} from '@aws-sdk/client-cloudwatch-logs';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { TaskContainer } from './task-definition.ts';

const sendEveryMs = 1_000;
/** Of one call (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html: 10,000). */
const linesPerCall = 1_000;
/** What waits in memory when the log doesn't keep up; the oldest go, as with `mode = non-blocking`. */
const linesKept = 20_000;

export interface TaskLogs {
  /** Writes what a task prints to `<folder>/<task>.jsonl`, and to the log group that its definition names. */
  readonly follow: (task: string, container: TaskContainer, output: readonly Readable[]) => void;
  /** Sends what is left. */
  readonly stop: () => Promise<void>;
}

export function createTaskLogs(
  client: CloudWatchLogsClient,
  folder: string,
  say: (line: string) => void,
): TaskLogs {
  mkdirSync(folder, { recursive: true });
  const senders: (() => Promise<void>)[] = [];
  const send = async (): Promise<void> => {
    await Promise.all(senders.map((sendOne) => sendOne()));
  };
  const timer = setInterval(() => {
    void send().catch((error: unknown) => {
      say(`log lines were not taken: ${String(error)}`);
    });
  }, sendEveryMs);

  return {
    follow: (task, { name, log }, output) => {
      const file = createWriteStream(join(folder, `${task}.jsonl`), { flags: 'a' });
      const waiting: { timestamp: number; message: string }[] = [];
      output.forEach((stream) => {
        createInterface({ input: stream }).on('line', (message) => {
          file.write(`${message}\n`);
          waiting.push({ timestamp: Date.now(), message });
          if (waiting.length > linesKept) waiting.shift();
        });
      });
      if (log)
        senders.push(
          createSender(
            client,
            { logGroupName: log.group, logStreamName: `${log.streamPrefix}/${name}/${task}` },
            waiting,
          ),
        );
    },
    stop: async () => {
      clearInterval(timer);
      await send().catch(() => undefined);
    },
  };
}

/** One call at a time; what isn't taken stays in the queue. */
function createSender(
  client: CloudWatchLogsClient,
  stream: { logGroupName: string; logStreamName: string },
  waiting: { timestamp: number; message: string }[],
): () => Promise<void> {
  let exists = false;
  let isSending = false;
  return async () => {
    if (isSending || waiting.length === 0) return;
    isSending = true;
    try {
      if (!exists) await client.send(new CreateLogStreamCommand(stream));
      exists = true;
      const logEvents = waiting.splice(0, linesPerCall);
      await client.send(new PutLogEventsCommand({ ...stream, logEvents })).catch((error: unknown) => {
        waiting.unshift(...logEvents);
        throw error;
      });
    } finally {
      isSending = false;
    }
  };
}
