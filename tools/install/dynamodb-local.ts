import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const pomPath = join(import.meta.dirname, 'pom.xml');
const cacheDir = join(import.meta.dirname, '../../.cache/dynamodb-local');
const installTimeoutMs = 300_000;

/**
 * Amazon's DynamoDB Local by Maven, with checksums enforced, kept in the project's cache until its version changes.
 * Returns the directory of its jars and native libraries. Throws with what Maven said.
 */
export function installDynamoDbLocal(): string {
  const libraryDir = wantedDir();
  if (existsSync(libraryDir)) return libraryDir;

  // Moved into place when it is whole, so that neither an interruption nor a second installer leaves half of it.
  const partialDir = `${libraryDir}.${process.pid}`;
  mkdirSync(partialDir, { recursive: true });
  try {
    const args = ['-q', '-B', '--strict-checksums', '-f', pomPath];
    execFileSync('mvn', [...args, 'dependency:copy-dependencies', `-DoutputDirectory=${partialDir}`], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: installTimeoutMs,
    });
    if (!existsSync(libraryDir)) renameSync(partialDir, libraryDir);
    return libraryDir;
  } finally {
    rmSync(partialDir, { recursive: true, force: true });
  }
}

export const isDynamoDbLocalInstalled = (): boolean => existsSync(wantedDir());

function wantedDir(): string {
  const version = createHash('sha256').update(readFileSync(pomPath)).digest('hex').slice(0, 12);
  return join(cacheDir, version);
}
