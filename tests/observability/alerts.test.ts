import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { readSlo } from '../../tools/slo/objectives.ts';
import { renderPrometheusRules } from '../../tools/slo/prometheus-rules.ts';
import { type Phase, playRules, promtool, rulesFile } from '../support/promtool.ts';
import { describeWith } from '../support/requirements.ts';

const hour = 60;
const day = 24 * hour;
/** Quiet first, so that the windows have a history. */
const quiet = (minutes: number): Phase => ({ minutes, good: 600, sparse: true });
/** A sample each minute, for as long as the windows reach back that decide when it pages and when it is over. */
const steady = (minutes: number): Phase => ({ minutes, good: 600 });

type Mistake = (rules: string) => string;
const leak = (evaluationMinutes: number, mistake?: Mistake) => {
  const alert = 'AvailabilityReadsBudgetBurns';
  const end = 4 * day;
  return playRules(
    'GET',
    'availability_reads',
    [quiet(3 * day - 6 * hour), steady(6 * hour), { minutes: day, good: 598, bad: 2 }, steady(5 * hour)],
    [
      { at: 3 * day + 21 * hour, alert, told: [] },
      { at: 3 * day + 22 * hour, alert, told: ['ticket'] },
      { at: end + 4 * hour, alert, told: ['ticket'] },
      { at: end + 4 * hour + 30, alert, told: [] },
    ],
    evaluationMinutes,
    mistake,
  );
};
const outage = (mistake?: Mistake) => {
  const alert = 'AvailabilityWritesBudgetBurns';
  const start = 3 * day;
  const end = start + 30;
  return playRules(
    'POST',
    'availability_writes',
    [quiet(start - 6 * hour), steady(6 * hour), { minutes: 30, bad: 600 }, steady(7 * hour)],
    [
      { at: start - 2, alert, told: [] },
      { at: start + 2, alert, told: ['page'] },
      { at: start + 4, alert, told: ['page', 'ticket'] },
      { at: end + 28, alert, told: ['page', 'ticket'] },
      { at: end + 30, alert, told: ['ticket'] },
      { at: end + 6 * hour - 2, alert, told: ['ticket'] },
      { at: end + 6 * hour, alert, told: [] },
    ],
    2,
    mistake,
  );
};
const slowAnswers = [
  quiet(day - 6 * hour),
  steady(6 * hour),
  { minutes: 40, good: 400, slow: 200 },
  steady(hour),
];
const slowness = (mistake?: Mistake) => {
  const alert = 'LatencyReadsBudgetBurns';
  const end = day + 40;
  return playRules(
    'GET',
    'latency_reads',
    slowAnswers,
    [
      { at: day + 24, alert, told: [] },
      { at: day + 25, alert, told: ['page'] },
      { at: end + 1, alert, told: ['page'] },
      { at: end + 2, alert, told: [] },
    ],
    1,
    mistake,
  );
};

test('the rules in the repository are the ones that docs/slo.yaml derives', async () => {
  const derived = renderPrometheusRules(await readSlo('docs/slo.yaml'));

  expect(await readFile(rulesFile, 'utf8')).toBe(derived);
});

describeWith([promtool], 'alerts on the objectives', () => {
  test('promtool accepts the rules', () => {
    const output = execFileSync('promtool', ['check', 'rules', rulesFile], { encoding: 'utf8' });

    expect(output).toContain('SUCCESS');
  });

  test('a burst of 2 % errors pages after 44 minutes and is over 5 minutes after it ends', async () => {
    const burst = { minutes: hour, good: 588, bad: 12 };
    const alert = 'AvailabilityReadsBudgetBurns';

    await playRules(
      'GET',
      'availability_reads',
      [quiet(day - 2 * hour), steady(2 * hour), burst, steady(hour)],
      [
        { at: day - 1, alert, told: [] },
        { at: day + 42, alert, told: [] },
        { at: day + 44, alert, told: ['page'] },
        { at: day + hour, alert, told: ['page'] },
        { at: day + hour + 5, alert, told: [] },
      ],
    );
  });

  test('a slow leak of 0.33 % errors pages nobody, is a ticket after 22 hours, and is over four and a half hours after it ends', async () => {
    await leak(10);
  });

  test('a total outage pages within two minutes and is a ticket after four; they are over half an hour and 6 hours after it ends', async () => {
    await outage();
  });

  test('slow answers page as latency after 25 minutes, and are over two minutes after they end', async () => {
    await slowness();
  });

  test('slow answers tell nobody as availability', async () => {
    await playRules(
      'GET',
      'availability_reads',
      slowAnswers,
      [{ at: day + 40, alert: 'AvailabilityReadsBudgetBurns', told: [] }],
      10,
    );
  });

  test('missing metrics page after five minutes, and stop when they come back', async () => {
    const alert = 'MetricsMissing';

    await playRules(
      'GET',
      'availability_reads',
      [
        { minutes: hour, good: 600 },
        { minutes: 20, silent: true },
        { minutes: hour, good: 600 },
      ],
      [
        { at: hour - 1, alert, told: [] },
        // Prometheus remembers a sample for five minutes before it calls the series gone.
        { at: hour + 5, alert, told: [] },
        { at: hour + 10, alert, told: ['page'] },
        { at: hour + 21, alert, told: [] },
      ],
    );
  });

  test('a noisy but healthy week tells nobody', async () => {
    // Every hour two bad minutes, 0.05 % over the day: half of what the budget allows.
    const noisyHour = [
      { minutes: 58, good: 600 },
      { minutes: 2, good: 591, bad: 9 },
    ];
    const week = Array.from({ length: 7 * 24 }, () => noisyHour).flat();
    const hours = Array.from({ length: 7 * 24 }, (_, index) => (index + 1) * hour);

    await playRules(
      'GET',
      'availability_reads',
      week,
      hours.map((at) => ({ at, alert: 'AvailabilityReadsBudgetBurns', told: [] })),
      60,
    );
  });

  test('a single failed request at night tells nobody', async () => {
    const night = [
      { minutes: 8 * hour, good: 0 },
      { minutes: 1, bad: 1 },
      { minutes: hour, good: 0 },
    ];

    await playRules(
      'GET',
      'availability_reads',
      night,
      [2, 5, 30].map((after) => ({ at: 8 * hour + after, alert: 'AvailabilityReadsBudgetBurns', told: [] })),
    );
  });

  test('an expectation that is wrong fails, so that the others mean something', async () => {
    const play = playRules(
      'GET',
      'availability_reads',
      [quiet(day)],
      [{ at: day - 1, alert: 'AvailabilityReadsBudgetBurns', told: ['page'] }],
      30,
    );

    await expect(play).rejects.toThrow(/FAILED/);
  });

  const alert = 'AvailabilityReadsBudgetBurns';
  const burst = (mistake?: Mistake) =>
    playRules(
      'GET',
      'availability_reads',
      [
        quiet(day - 2 * hour),
        { minutes: 2 * hour, good: 600 },
        { minutes: hour, good: 588, bad: 12 },
        { minutes: 10, good: 600 },
      ],
      [
        { at: day + 40, alert, told: [] },
        { at: day + 48, alert, told: ['page'] },
        { at: day + hour + 8, alert, told: [] },
      ],
      4,
      mistake,
    );
  const coarseLeak = (mistake?: Mistake) => leak(30, mistake);
  const silence = (mistake?: Mistake) =>
    playRules(
      'GET',
      'availability_reads',
      [
        { minutes: 30, good: 600 },
        { minutes: 20, silent: true },
        { minutes: 10, good: 600 },
      ],
      [
        { at: 35, alert: 'MetricsMissing', told: [] },
        { at: 42, alert: 'MetricsMissing', told: ['page'] },
        { at: 55, alert: 'MetricsMissing', told: [] },
      ],
      1,
      mistake,
    );

  test('the scenarios of the mistakes below hold without one', async () => {
    await Promise.all([burst(), coarseLeak(), silence()]);
  });

  test.each<[string, typeof burst, string, string]>([
    ['a page at twice its rate', burst, '>= 0.0144', '>= 0.0288'],
    ['a page at half its rate', burst, '>= 0.0144', '>= 0.0072'],
    [
      'a page over a longer window',
      burst,
      'rate1h{objective="availability_reads"} >=',
      'rate3d{objective="availability_reads"} >=',
    ],
    [
      'a page that looks back for longer',
      burst,
      'rate5m{objective="availability_reads"} >=',
      'rate1h{objective="availability_reads"} >=',
    ],
    [
      'a page that is only a ticket',
      burst,
      'severity: page\n          objective',
      'severity: ticket\n          objective',
    ],
    [
      'a page of another objective',
      burst,
      'objective: availability_reads\n        annotations',
      'objective: others\n        annotations',
    ],
    ['more bad answers than there are', burst, ') >= 10)', ') >= 100000)'],
    ['other errors counted', burst, 'status_class!="5xx"', 'status_class!="4xx"'],
    ['the other methods counted', burst, 'GET|HEAD', 'POST|PUT'],
    ['a ticket at twice its rates', coarseLeak, '>= 0.00', '>= 0.02'],
    [
      'a ticket over shorter windows',
      coarseLeak,
      'rate1d{objective="availability_reads"} >=',
      'rate2h{objective="availability_reads"} >=',
    ],
    [
      'a ticket that is never over',
      coarseLeak,
      'rate6h{objective="availability_reads"} >= 0.001',
      'rate3d{objective="availability_reads"} >= 0.001',
    ],
    [
      'a page that outlives an outage by hours',
      outage,
      'rate30m{objective="availability_writes"} >=',
      'rate6h{objective="availability_writes"} >=',
    ],
    [
      'slowness that pages for an hour after it',
      slowness,
      'rate5m{objective="latency_reads"} >=',
      'rate1h{objective="latency_reads"} >=',
    ],
    ['slow answers taken for good ones', slowness, '_bucket{', '_count{'],
    ['a ticket that pages', coarseLeak, 'severity: ticket', 'severity: page'],
    [
      'silence that is not looked for',
      silence,
      'absent(up{job="movies-api"} == 1)',
      'up{job="movies-api"} == 0',
    ],
    ['silence of another job', silence, 'up{job="movies-api"}', 'up{job="another"}'],
    ['silence told after half an hour', silence, 'for: 5m', 'for: 30m'],
    ['silence told at once', silence, 'for: 5m', 'for: 0m'],
    [
      'silence that waits for the morning',
      silence,
      'severity: page\n        annotations',
      'severity: ticket\n        annotations',
    ],
  ])('%s is noticed', async (_name, play, right, wrong) => {
    const mistake = (rules: string) => {
      expect(rules).toContain(right);
      return rules.replaceAll(right, wrong);
    };

    await expect(play(mistake)).rejects.toThrow(/FAILED/);
  });
});
