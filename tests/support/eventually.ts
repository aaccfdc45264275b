import { setTimeout as pause } from 'node:timers/promises';

/** Retries `attempt` until it resolves. Rejects with its last error when it hasn't by the deadline. */
export async function eventually<T>(
  attempt: () => Promise<T>,
  { deadlineMs = 15_000, everyMs = 100 }: { deadlineMs?: number; everyMs?: number } = {},
): Promise<T> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() + everyMs > deadline) throw error;
      await pause(everyMs);
    }
  }
}
