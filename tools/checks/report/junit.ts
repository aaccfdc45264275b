import type { Verdict } from '../verdict.ts';

const escape = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    // eslint-disable-next-line no-control-regex -- XML has no place for them
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '');

/** One test case per gate: blocked is a failure, not checked is skipped. */
export function toJUnit({ gates, finishedAt }: Verdict): string {
  const cases = gates.map(({ id, title, verdict, note, seconds, findings }) => {
    const open = `    <testcase classname="security" name="${escape(`${id}: ${title}`)}" time="${seconds.toFixed(3)}"`;
    if (verdict === 'passed') return `${open}/>`;
    if (verdict === 'not checked') return `${open}><skipped message="${escape(note)}"/></testcase>`;
    const blocking = findings.filter(({ fate }) => fate === 'blocks');
    const lines = blocking.map(
      ({ rule, file, resource, message }) => `${rule} ${file} ${resource}: ${message}`,
    );
    return `${open}><failure message="${blocking.length} blocking findings">${escape(lines.join('\n'))}</failure></testcase>`;
  });
  const number = (verdict: string): number => gates.filter((gate) => gate.verdict === verdict).length;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite name="security" tests="${gates.length}" failures="${number('blocked')}" skipped="${number('not checked')}" timestamp="${finishedAt.slice(0, 19)}">`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}
