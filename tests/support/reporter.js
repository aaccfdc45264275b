/**
 * Jest's results as a person wants them: a line per file, each failure once, each skip by name with its reason, a sign
 * of life at least every ten seconds, and `N passed, N failed, N skipped` as the last line.
 */
/** See `describeInTestAll` and `describeWith`. */
const leftMarks = ['[left to make test]', '[left to make test DRILLS=all]'];
const heartbeatMs = 10_000;
const colour = (code, text) =>
  process.stdout.isTTY && !process.env.NO_COLOR ? `\u001b[${code}m${text}\u001b[0m` : text;
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

export default class Reporter {
  #running = new Map();
  #startedAt = Date.now();
  #lastLineAt = Date.now();
  #heartbeat;

  constructor(globalConfig) {
    this.rootDir = globalConfig.rootDir;
  }

  #print(line) {
    this.#lastLineAt = Date.now();
    process.stdout.write(`${line}\n`);
  }

  #name(path) {
    return path.startsWith(this.rootDir) ? path.slice(this.rootDir.length + 1) : path;
  }

  onRunStart() {
    this.#heartbeat = setInterval(() => {
      if (Date.now() - this.#lastLineAt < heartbeatMs - 500) return;
      const files = [...this.#running].map(
        ([path, since]) => `${this.#name(path)} (${seconds(Date.now() - since)})`,
      );
      this.#print(colour(2, `… ${files.join(', ') || 'starting'}`));
    }, heartbeatMs / 2);
    this.#heartbeat.unref();
  }

  onTestFileStart(test) {
    this.#running.set(test.path, Date.now());
  }

  onTestFileResult(test, result) {
    const took = Date.now() - (this.#running.get(test.path) ?? Date.now());
    this.#running.delete(test.path);
    const failed = result.numFailingTests + (result.testExecError ? 1 : 0);
    const mark =
      failed > 0
        ? colour(31, 'FAIL')
        : result.numPassingTests === 0
          ? colour(33, 'skip')
          : colour(32, 'ok  ');
    const counts = `${result.numPassingTests} passed${failed ? `, ${failed} failed` : ''}${result.numPendingTests ? `, ${result.numPendingTests} skipped` : ''}`;
    this.#print(`${mark} ${this.#name(test.path)}  ${counts}  ${colour(2, seconds(took))}`);
    if (result.failureMessage) this.#print(result.failureMessage);
    for (const line of result.console ?? []) this.#print(colour(2, `     ${line.type}: ${line.message}`));
  }

  #list(heading, tests, mark) {
    const groups = new Map();
    for (const { ancestorTitles, title } of tests) {
      const group = ancestorTitles.find((name) => name.includes(mark)) ?? title;
      groups.set(group, (groups.get(group) ?? 0) + 1);
    }
    if (groups.size > 0) this.#print(`\n${heading}`);
    for (const [group, count] of groups)
      this.#print(`  ${count} × ${group.replace(/ \[left to [^\]]+\]$/, '')}`);
  }

  onRunComplete(_contexts, results) {
    clearInterval(this.#heartbeat);
    const skipped = results.testResults.flatMap((file) =>
      file.testResults.filter(({ status }) => status === 'pending' || status === 'todo'),
    );
    // What is left by the outermost name that says so is left there with all that it holds.
    const markOf = ({ ancestorTitles }) =>
      ancestorTitles.map((name) => leftMarks.find((mark) => name.endsWith(mark))).find(Boolean);
    const lacking = skipped.filter((test) => !markOf(test));
    this.#list('Skipped, with the reason:', lacking, '[skipped: ');
    for (const mark of leftMarks) {
      const left = skipped.filter((test) => markOf(test) === mark);
      this.#list(`Left to \`${mark.slice(9, -1)}\`:`, left, mark);
    }
    const broken = results.testResults.filter((file) => file.testExecError).length;
    this.#print(`\nTook ${seconds(Date.now() - this.#startedAt)}`);
    // Jest still has a word about coverage, and this line is promised to be the last.
    process.once('exit', () => {
      this.#print(
        `${results.numPassedTests} passed, ${results.numFailedTests + broken} failed, ${lacking.length} skipped`,
      );
    });
  }
}
