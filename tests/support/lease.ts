import { open, readFile, rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

const lookMs = 500;

/**
 * Waits until this process alone has something that test files share, by a file that names the process. One that ended
 * without giving it back has lost it. Resolves with how to give it back.
 */
export async function takeLease(file: string, deadlineMs: number): Promise<() => Promise<void>> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const lease = await open(file, 'wx').catch(() => undefined);
    if (lease) {
      await lease.writeFile(String(process.pid));
      await lease.close();
      return () => rm(file, { force: true });
    }
    const holder = Number(await readFile(file, 'utf8').catch(() => ''));
    if (holder > 0 && !isAlive(holder)) await rm(file, { force: true });
    if (Date.now() > deadline) throw new Error(`${file} is held by process ${holder}`);
    await pause(lookMs);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
