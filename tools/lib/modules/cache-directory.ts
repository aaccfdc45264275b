import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where this project keeps what a machine may lose: `$XDG_CACHE_HOME`, `~/Library/Caches` or `~/.cache`. */
export function cacheDirectory(
  name: string,
  env: NodeJS.ProcessEnv,
  platform: string = process.platform,
): string {
  const home = env['HOME'] ?? homedir();
  const base =
    env['XDG_CACHE_HOME'] ?? (platform === 'darwin' ? join(home, 'Library', 'Caches') : join(home, '.cache'));
  return join(base, 'movies-api', name);
}
