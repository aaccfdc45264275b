import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { stripVTControlCharacters as plain } from 'node:util';

/**
 * What was asked and what came of it: a table on the terminal and a Markdown file (REPORT_FILE, REPORT_TITLE) that a
 * pipeline can show.
 */
const marks = { passed: ['✔', 32], failed: ['✘', 31], pending: ['–', 33], todo: ['–', 33] };
const colour = (code, text) =>
  process.stdout.isTTY && !process.env.NO_COLOR ? `\u001b[${code}m${text}\u001b[0m` : text;
const cell = (text) => plain(text).replaceAll('|', '\\|').replaceAll('\n', '<br>');
const seconds = (ms) => `${((ms ?? 0) / 1000).toFixed(1)} s`;

function rowOf({ ancestorTitles, title, status, duration, failureMessages }) {
  const [, skipped] = /\[skipped: (.*)\]$/.exec(ancestorTitles.join(' ')) ?? [];
  const reason = skipped ?? failureMessages.map((message) => firstParagraph(plain(message))).join('\n');
  const group = ancestorTitles
    .slice(1)
    .map((name) => name.replace(/ \[skipped: .*$/, ''))
    .join(' ');
  return { group, title, status, duration, reason };
}

/** What was wrong, without the stack. */
const firstParagraph = (message) => message.split(/\n\s+at /)[0].trim();

export default class MarkdownReporter {
  onRunComplete(_contexts, results) {
    const rows = results.testResults.flatMap((file) => file.testResults.map(rowOf));
    const broken = results.testResults
      .filter((file) => file.testExecError)
      .map((file) => firstParagraph(plain(file.failureMessage ?? '')));
    const width = Math.max(0, ...rows.map(({ group }) => group.length));
    process.stdout.write('\n');
    for (const { group, title, status, duration, reason } of rows) {
      const [mark, code] = marks[status] ?? ['?', 31];
      process.stdout.write(
        `${colour(code, mark)} ${group.padEnd(width)}  ${title}  ${colour(2, status === 'pending' ? reason : `${seconds(duration)}  ${reason.split('\n')[0]}`.trimEnd())}\n`,
      );
    }
    const file = process.env.REPORT_FILE;
    if (!file) return;
    const failed = results.numFailedTests + broken.length;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(
      file,
      [
        `# ${process.env.REPORT_TITLE ?? 'Results'}: ${failed === 0 && results.numPassedTests > 0 ? 'passed' : 'FAILED'}`,
        '',
        `${results.numPassedTests} passed, ${failed} failed, ${results.numPendingTests} skipped · ${new Date().toISOString()}`,
        '',
        '|   | of | what | took | why |',
        '| - | -- | ---- | ---: | --- |',
        ...rows.map(
          ({ group, title, status, duration, reason }) =>
            `| ${(marks[status] ?? ['?'])[0]} | ${cell(group)} | ${cell(title)} | ${seconds(duration)} | ${cell(reason)} |`,
        ),
        ...broken.map((reason) => `\n**${reason}**`),
        '',
      ].join('\n'),
    );
  }
}
