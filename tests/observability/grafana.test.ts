import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { readSlo } from '../../tools/lib/objectives.ts';
import { startApi } from '../support/api.ts';
import { promtool, rulesFile } from '../support/promtool.ts';
import { describeWith } from '../support/requirements.ts';

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const { panels } = JSON.parse(await readFile('docs/grafana/movies-api.json', 'utf8')) as {
  readonly panels: readonly Panel[];
};
const targets = panels.flatMap((panel) => panel.targets);
const expressions = targets.map(({ expr }) => expr);
const rules = parse(await readFile(rulesFile, 'utf8')) as {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly record?: string;
      readonly labels: Readonly<Record<string, string>>;
    }[];
  }[];
};

const words = (text: string) => text.match(/[a-zA-Z_][\w:]*/g) ?? [];
const inside = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found = '']) => found);
const withoutTexts = (expression: string) => expression.replace(/"(?:[^"\\]|\\.)*"/g, '');
const grouping = /\b(?:by|without|on|ignoring) *\(([^)]*)\)/g;

/** What is left of an expression when texts, labels, ranges and functions are gone. */
const metricsOf = (expression: string): readonly string[] =>
  words(
    withoutTexts(expression)
      .replace(/\{[^}]*\}|\[[^\]]*\]/g, '')
      .replace(grouping, '')
      .replace(/\b\w+ *(?=\()/g, ''),
  ).filter((word) => !['and', 'or', 'unless', 'bool'].includes(word));

const labelsOf = ({ expr, legendFormat }: Panel['targets'][number]): readonly string[] =>
  [
    ...inside(withoutTexts(expr), /\{([^}]*)\}/g),
    ...inside(expr, grouping),
    ...inside(legendFormat, /\{\{([^}]*)\}\}/g),
  ].flatMap(words);

describe('the Grafana dashboard', () => {
  let samples: readonly string[];
  /** By name, with their labels; of a histogram, what is counted of it. */
  let exported: readonly string[];
  let labels: readonly string[];

  beforeAll(async () => {
    const api = await startApi();
    await api.reader('GET', '/movies/2013/Rush');
    const { text } = await api.metrics('GET', '/metrics');
    await api.stop();
    samples = text.split('\n').filter((line) => /^\w/.test(line));
    exported = [...new Set(samples.map((line) => words(line)[0] ?? ''))];
    labels = samples.flatMap((line) => inside(withoutTexts(line), /^\w+\{([^}]*)\}/g)).flatMap(words);
  });

  const recorded = rules.groups.flatMap((group) => group.rules);
  const unknownMetrics = (asked: readonly string[]) => {
    const known = ['ALERTS', ...recorded.map(({ record }) => record), ...exported];
    return asked.flatMap(metricsOf).filter((name) => !known.includes(name));
  };
  /** Metrics of our own, so without what Node.js says of itself; one part of a histogram is enough. */
  const notShown = (asked: readonly string[]) => {
    const shown = asked.flatMap(metricsOf);
    const families = exported.map((name) => name.replace(/_(bucket|sum|count)$/, ''));
    return [...new Set(families)]
      .filter((name) => !/^(nodejs|process)_/.test(name))
      .filter((name) => !shown.some((one) => one.replace(/_(bucket|sum|count)$/, '') === name));
  };

  test('asks only for metrics that the service and the rules have', () => {
    expect(new Set(expressions.flatMap(metricsOf)).size).toBeGreaterThan(10);
    expect(unknownMetrics(expressions)).toEqual([]);
  });

  test('shows every metric of the service', () => {
    expect(notShown(expressions)).toEqual([]);
    expect(notShown(expressions.filter((expression) => !expression.includes('movie_reads')))).toEqual([
      'movie_reads_total',
    ]);
  });

  test('asks by labels that there are', () => {
    const known = [
      ...labels,
      ...recorded.flatMap((rule) => Object.keys(rule.labels)),
      // Of whoever scrapes, and of Prometheus.
      ...['instance', 'alertname', 'alertstate'],
    ];
    const unknown = (asked: typeof targets) =>
      asked.flatMap(labelsOf).filter((label) => !known.includes(label));

    expect(unknown(targets)).toEqual([]);
    expect(
      unknown([{ expr: 'sum by (path) (http_requests_in_flight{verb="GET"})', legendFormat: '{{path}}' }]),
    ).toEqual(['verb', 'path', 'path']);
  });

  test('reckons the budget left by the objectives', async () => {
    const { objectives } = await readSlo('docs/slo.yaml');
    const [budget] = panels;
    const reckoned = (budget?.targets ?? []).map(({ expr }) => {
      const [, pattern = '', share = ''] =
        /^1 - slo:bad_share:rate3d\{objective=~"([^"]*)"\} \/ ([\d.]+)$/.exec(expr) ?? [];
      return { pattern: new RegExp(`^(?:${pattern})$`), share: Number(share) };
    });

    const shares = Object.keys(objectives).map((name) =>
      reckoned.filter(({ pattern }) => pattern.test(name)).map(({ share }) => share),
    );

    expect(shares).toEqual(
      Object.values(objectives).map(({ objective_percent: percent }) => [
        Number(((100 - percent) / 100).toPrecision(6)),
      ]),
    );
  });
});

describeWith([promtool], 'the queries of the Grafana dashboard', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grafana-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** As rules, which promtool reads. */
  const check = async (asked: readonly string[]) => {
    const file = join(folder, 'queries.yaml');
    const group = {
      name: 'queries',
      rules: asked.map((expr, index) => ({
        record: `query_${index}`,
        expr: expr.replaceAll('$__rate_interval', '2m'),
      })),
    };
    await writeFile(file, stringify({ groups: [group] }));
    return execFileSync('promtool', ['check', 'rules', file], { encoding: 'utf8', stdio: 'pipe' });
  };

  test('are understood', async () => {
    expect(await check(expressions)).toContain(`${expressions.length} rules found`);
  });

  test('one with a bracket too few would not be', async () => {
    await expect(check(['sum(rate(movie_reads_total[$__rate_interval])'])).rejects.toThrow(
      /unclosed left paren/,
    );
  });
});
