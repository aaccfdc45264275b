import { rm } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { gates } from '../../../tools/checks/gates/all.ts';
import { readExceptions, type Exception } from '../../../tools/checks/gates/exceptions.ts';
import { NotChecked, checked, type Finding, type Gate } from '../../../tools/checks/gates/gate.ts';
import { readPolicy } from '../../../tools/checks/gates/policy.ts';
import { toMarkdown } from '../../../tools/checks/gates/reports.ts';
import { exitCode, judge, type Verdict } from '../../../tools/checks/gates/verdict.ts';
import { nothing, project, projectOf } from './mistakes.ts';

const finding: Finding = {
  rule: 'R1',
  severity: 'unrated',
  resource: 'a.b["c"]',
  file: 'plan:dev',
  message: 'bad',
};
const exception: Exception = {
  gate: ['g'],
  rule: ['R1'],
  resource: ['a.b*'],
  where: ['plan:dev'],
  reason: 'because',
  owner: 'team',
  expires: '2026-06-30',
  control: 'something else',
};
const gateOf = (...findings: Finding[]): Gate => ({
  id: 'g',
  title: 'a gate',
  run: () => Promise.resolve(checked('all', findings)),
});
const blind: Gate = { id: 'g', title: 'a gate', run: () => Promise.reject(new NotChecked('no database')) };
const policy = { blockFrom: {}, licences: { shipped: [], tools: [] }, providers: [] };

const judged = (gate: Gate, exceptions: readonly Exception[]): Promise<Verdict> =>
  judge(
    [gate],
    { root: '', ...nothing },
    {
      policy,
      exceptions,
      commit: 'c0ffee',
      now: () => new Date('2026-06-15T12:00:00Z'),
      tell: () => undefined,
    },
  );
const rules = ({ gates }: Verdict) =>
  gates.flatMap(({ findings }) => findings.filter(({ fate }) => fate === 'blocks').map(({ rule }) => rule));

describe('an exception', () => {
  test('silences the finding that it is for', async () => {
    const verdict = await judged(gateOf(finding), [exception]);

    expect(rules(verdict)).toEqual([]);
    expect(exitCode(verdict, true)).toBe(0);
  });

  test.each([
    ['another rule', { ...exception, rule: ['R2'] }],
    ['another resource', { ...exception, resource: ['x.*'] }],
    ['another environment', { ...exception, where: ['plan:prod'] }],
    ['another gate', { ...exception, gate: ['h'] }],
  ])('for %s silences nothing', async (_what, other) => {
    expect(rules(await judged(gateOf(finding), [other]))).toContain('R1');
  });

  test.each([
    ['expired yesterday', { ...exception, expires: '2026-06-14' }, 'expired-exception'],
    ['runs for more than a year', { ...exception, expires: '2027-06-30' }, 'endless-exception'],
  ])('that %s fails the gate', async (_what, bad, rule) => {
    const verdict = await judged(gateOf(finding), [bad]);

    expect(rules(verdict)).toEqual([rule]);
    expect([exitCode(verdict, false), exitCode(verdict, true)]).toEqual([1, 1]);
  });

  test('that nothing needs fails the gate', async () => {
    expect(rules(await judged(gateOf(), [exception]))).toEqual(['unused-exception']);
  });

  test.each([
    ['rule', { ...exception, rule: ['R1', 'R2'] }, 'R2'],
    ['resource', { ...exception, resource: ['a.*', 'x.*'] }, 'x.*'],
    ['environment', { ...exception, where: ['plan:dev', 'plan:prod'] }, 'plan:prod'],
  ])('that names a %s too many fails the gate, which names it', async (_what, wide, word) => {
    const verdict = await judged(gateOf(finding), [wide]);

    expect(rules(verdict)).toEqual(['unused-exception']);
    expect(verdict.gates[1]?.findings[0]?.message).toContain(`for ${word}:`);
  });

  test('for several rules and places is one decision', async () => {
    const other = { ...finding, rule: 'R2', file: 'plan:prod' };

    const verdict = await judged(gateOf(finding, other), [
      { ...exception, rule: ['R1', 'R2'], where: ['plan:dev', 'plan:prod'] },
    ]);

    expect(rules(verdict)).toEqual([]);
  });

  test('of a gate that nobody asked for is left alone, expired or not', async () => {
    const verdict = await judged(gateOf(), [{ ...exception, gate: ['h'], expires: '2026-06-14' }]);

    expect(rules(verdict)).toEqual([]);
  });

  test('of a gate that could not look is not called unused', async () => {
    expect(rules(await judged(blind, [exception]))).toEqual([]);
  });

  const written = {
    gate: ['g'],
    rule: ['r'],
    resource: ['x'],
    reason: 'y',
    owner: 'o',
    expires: '2026-06-30',
  };
  test.each([
    ['without a reason', { reason: undefined }, 'no reason'],
    ['with a misspelt field', { file: 'z' }, 'unknown file'],
    ['with a date that is none', { expires: 'soon' }, 'not a date'],
    ['with a day that no calendar has', { expires: '2026-13-45' }, 'not a date'],
    ['for a gate that does not exist', { gate: ['g', 'h'] }, 'there is no gate h'],
    ['for no rule', { rule: [] }, 'no rule'],
  ])('%s is refused', async (_what, change, message) => {
    const text = JSON.stringify([{ ...written, control: 'c', ...change }]);
    const root = await projectOf({ 'security/exceptions.yaml': text });

    await expect(readExceptions(root, ['g'])).rejects.toThrow(message);

    await rm(root, { recursive: true });
  });
});

test('of the exceptions of the project, two are for every resource: one can hold nowhere, one not outside of prod', async () => {
  const exceptions = await readExceptions(
    project,
    gates.map(({ id }) => id),
  );
  const all = exceptions.filter(({ resource }) => resource.includes('*'));

  expect(all.map(({ rule, where }) => [...rule, ...where].join(' '))).toEqual([
    'CKV_TF_1 *',
    'CKV_AWS_338 plan:dev plan:staging',
  ]);
});

test('what is shipped is under no licence that asks anything of our own code', async () => {
  const { licences } = await readPolicy(project);

  expect(
    licences.shipped.filter((name) => !/^(0BSD|Apache|BlueOak|BSD|ISC|MIT|Python|Zlib)\b/.test(name)),
  ).toEqual([]);
});

describe('a gate that could not look', () => {
  test('passes without --strict, fails with it, and is called not checked in every report', async () => {
    const verdict = await judged(blind, []);

    expect([exitCode(verdict, false), exitCode(verdict, true)]).toEqual([0, 3]);
    expect(toMarkdown(verdict)).toContain('| g | a gate | **not checked** | no database |');
  });

  test('by an error that nobody foresaw counts the same', async () => {
    const verdict = await judged({ ...blind, run: () => Promise.reject(new TypeError('oops')) }, []);

    expect(verdict.gates[0]).toMatchObject({ verdict: 'not checked', note: 'the gate failed: oops' });
  });
});
