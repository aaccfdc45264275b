import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const project = join(import.meta.dirname, '../..');
const home = join(project, '.cache', 'test-deployment');

/** Ends, after all test files, the local deployment that they shared; not that of another run beside this one. */
export default function endLocalDeployment() {
  const users = join(home, 'users.json');
  if (!existsSync(users) || process.env['KEEP_DEPLOYMENT'] === '1') return;
  if (!JSON.parse(readFileSync(users, 'utf8')).includes(process.pid)) return;
  const lease = join(home, 'lease');
  try {
    writeFileSync(lease, String(process.pid), { flag: 'wx' });
  } catch {
    return; // another run has it, and ends it
  }
  try {
    const program = ['tools/sandbox/deployment/main.ts', '--home', home, 'end'];
    const env = { ...process.env, NODE_OPTIONS: '' };
    execFileSync(process.execPath, program, { cwd: project, env, stdio: 'inherit' });
  } finally {
    rmSync(lease, { force: true });
  }
}
