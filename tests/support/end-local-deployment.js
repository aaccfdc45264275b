import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const project = join(import.meta.dirname, '../..');
const home = join(project, '.cache', 'test-deployment');

/** Ends, after all test files, the local deployment that they shared. */
export default function endLocalDeployment() {
  if (!existsSync(join(home, 'emulator.json')) || process.env['KEEP_DEPLOYMENT'] === '1') return;
  const program = ['--import', 'tsx', 'tools/local-deployment/main.ts', '--home', home, 'end'];
  execFileSync(process.execPath, program, {
    cwd: project,
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: 'inherit',
  });
}
