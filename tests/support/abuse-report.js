import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join, sep } from 'node:path';

/** Attempts that must succeed: without them a service that refuses everything would look secure. */
const control = /so that the refusals below mean something$/;
const folder = join('tests', 'app', 'abuse') + sep;

/** Counts what the abuse suite tried, prints it and keeps it in `reports/abuse.json` for the security report. */
export default class AbuseReport {
  constructor({ rootDir }) {
    this.rootDir = rootDir;
  }

  onRunComplete(_contexts, { testResults }) {
    const files = testResults.filter(({ testFilePath }) => testFilePath.includes(folder));
    if (files.length === 0) return;
    const cases = files.flatMap(({ testFilePath, testResults: tests }) =>
      tests
        .filter(({ title, status }) => status === 'failed' || !control.test(title))
        .map(({ ancestorTitles: [theme = ''], title, status }) => ({
          file: basename(testFilePath, '.test.ts'),
          theme: theme.replace(/ \((API\d+(, )?)+\)$/, ''),
          owasp: [...theme.matchAll(/API\d+/g)].map(([id]) => `${id}:2023`),
          case: title,
          result: { passed: 'held', failed: 'let through' }[status] ?? 'not tried',
        })),
    );
    const having = (result) => cases.filter((one) => one.result === result).length;
    const summary = {
      tried: having('held') + having('let through'),
      letThrough: having('let through'),
      notTried: having('not tried'),
      // Of these nothing is known.
      brokenFiles: files
        .filter(({ testExecError }) => testExecError)
        .map((file) => basename(file.testFilePath)),
    };
    const reports = join(this.rootDir, 'reports');
    mkdirSync(reports, { recursive: true });
    writeFileSync(join(reports, 'abuse.json'), `${JSON.stringify({ ...summary, cases }, undefined, 2)}\n`);
    const { tried, letThrough, notTried, brokenFiles } = summary;
    const rest = [
      ...(notTried === 0 ? [] : [`not tried: ${notTried}`]),
      ...(brokenFiles.length === 0 ? [] : [`not checked: ${brokenFiles.join(', ')}`]),
    ];
    process.stdout.write(
      `\n${[`abuse cases tried: ${tried}, let through: ${letThrough}`, ...rest].join(', ')}\n`,
    );
  }
}
