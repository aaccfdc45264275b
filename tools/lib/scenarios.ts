import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runHere } from './processes.ts';

/** Tests of a deployment that runs: they aren't part of every test run. */
export interface Scenarios {
  /** The file that describes them. */
  readonly file: string;
  /** Folder of the reports. */
  readonly reports: string;
  /** Environment variables that say which deployment it is, and how the report is called. */
  readonly settings: NodeJS.ProcessEnv;
}

/** Runs them in this terminal, one after another. Resolves with Jest's exit code. */
export async function runScenarios({ file, reports, settings }: Scenarios): Promise<number> {
  await mkdir(reports, { recursive: true });
  const reporters = ['tests/support/reporter.js', 'jest-junit', 'tests/support/markdown-reporter.js'];
  const args = [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    '--runInBand',
    ...['--testMatch', `<rootDir>/${file}`],
    ...reporters.flatMap((name) => ['--reporters', name.startsWith('tests') ? `<rootDir>/${name}` : name]),
  ];
  const code = await runHere(args, {
    env: {
      ...process.env,
      // The deployment of a test run that goes on meanwhile is not ours to end.
      KEEP_DEPLOYMENT: '1',
      JEST_JUNIT_OUTPUT_DIR: reports,
      JEST_JUNIT_OUTPUT_NAME: 'junit.xml',
      REPORT_FILE: join(reports, 'report.md'),
      ...settings,
    },
  });
  console.log(`Reports: ${reports}/report.md, ${reports}/junit.xml`);
  return code;
}
