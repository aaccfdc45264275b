import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { planned } from '../support/cloudwatch/alarm.ts';

const module = 'modules/observability';
const runbook = await readFile('docs/runbook.md', 'utf8');
const paragraphs = new Map(
  runbook
    .split(/^### /m)
    .slice(1)
    .map((part): [string, string] => {
      const [title = '', ...body] = part.split(/^## |\n/m);
      return [title, body.join('\n')];
    }),
);
const sources = await Promise.all(
  (await readdir(module))
    .filter((name) => name.endsWith('.tf'))
    .map((name) => readFile(join(module, name), 'utf8')),
);
const hcl = sources.join('\n');
const matches = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found = '']) => found);

const environments = ['dev', 'staging', 'prod'] as const;
const plannedIn = <T>(type: string) =>
  environments.flatMap((environment) => [...planned<T>(environment, type)]);
const keyOf = (address: string) => /\["(.*)"\]$/.exec(address)?.[1] ?? address.replaceAll('_', '-');

/** The paragraph of each alarm and message that some environment has; that descriptions link there, the module's own tests say. */
const anchors: readonly string[] = [
  ...plannedIn('aws_cloudwatch_metric_alarm')
    .map(([address]) => address)
    // Parts of other alarms, and what takes a deployment back: they tell nobody.
    .filter((address) => !/^(window|deployment)\[/.test(address))
    .map((address) => keyOf(address).replace(/-in-[a-z]+-[a-z]+-\d[a-z]$/, '-in-a-zone')),
  ...plannedIn('aws_cloudwatch_composite_alarm').map(([address]) =>
    keyOf(address)
      .replace(/ (page|ticket)$/, '')
      .replaceAll('_', '-'),
  ),
  ...plannedIn<{ input_transformer: readonly { input_template: string }[] }>(
    'aws_cloudwatch_event_target',
  ).flatMap(([, { input_transformer: messages = [] }]) =>
    messages.flatMap(({ input_template: text }) => matches(text, /Runbook: https:[^#]*#([a-z-]+)"$/g)),
  ),
  ...plannedIn('aws_budgets_budget').map(() => 'budget'),
  // Those that an input brings, set in an environment or not.
  ...matches(hcl, /\? \[\] : \["([a-z-]+)"\] : name/g),
];

const unbound = (alarms: readonly string[], titles: Iterable<string>) => {
  const written = [...titles];
  return {
    withoutParagraph: [...new Set(alarms)].filter((alarm) => !written.includes(alarm)),
    withoutAlarm: written.filter((title) => !alarms.includes(title)),
  };
};
/** What a paragraph leaves out. One that goes on in another leaves to that one what to look at and to do. */
const leftOut = (text: string) => {
  const goesOn = /As \[[^\]]*\]\(#|Go on\s+as in \[[^\]]*\]\(#/.test(text);
  return [...(goesOn ? [] : [/\*Look\s+at\*/, /\*Do\*/]), /\*It\s+worked\*/]
    .filter((part) => !part.test(text))
    .map(String);
};

describe('the runbook', () => {
  test('has a paragraph for each alarm, and an alarm for each paragraph', () => {
    expect(new Set(anchors).size).toBeGreaterThan(20);
    expect(unbound(anchors, paragraphs.keys())).toEqual({ withoutParagraph: [], withoutAlarm: [] });
  });

  test.each([...paragraphs])(
    '%s says what to look at, what to do and how to know that it worked',
    (_name, text) => {
      expect(leftOut(text)).toEqual([]);
    },
  );

  test('links only to paragraphs that exist', () => {
    const links = matches(runbook, /\]\(#([a-z-]+)\)/g);

    const headings = matches(runbook, /^##+ (.+)$/gm).map((title) =>
      title
        .toLowerCase()
        .replaceAll(' ', '-')
        .replaceAll(/[^\w-]/g, ''),
    );

    expect(links.filter((link) => !headings.includes(link))).toEqual([]);
  });

  test('is where every Prometheus alert points to', async () => {
    const rules = parse(await readFile(join(module, 'prometheus/rules.yaml'), 'utf8')) as {
      groups: { rules: { alert?: string; annotations?: { runbook: string } }[] }[];
    };
    const alerts = rules.groups.flatMap((group) => group.rules).filter(({ alert }) => alert !== undefined);
    const targets = alerts.map(({ annotations }) => annotations?.runbook.split('#')[1] ?? '');

    expect(targets.length).toBeGreaterThan(4);
    expect(targets.filter((target) => !paragraphs.has(target))).toEqual([]);
  });
});

describe('each alarm that tells somebody', () => {
  test('has a description made of meaning, severity and link', () => {
    const described = matches(hcl, /resource "aws_cloudwatch_(?:metric|composite)_alarm" "(\w+)"/g);
    const formatted = hcl.match(/alarm_description\s+= format\(local\.describe,/g) ?? [];

    // The parts of burn-rate alarms tell nobody, and what is quiet in maintenance repeats what it is over.
    expect(formatted).toHaveLength(described.length - 2);
    expect(hcl).toMatch(/describe = "%s Severity: %s\. .* Runbook: \$\{var\.runbook_url\}#%s"/);
  });
});

test('each command of the runbook that changes something is played by a test that is there, or says why not', () => {
  const [before = '', played = ''] = runbook.split('## Which steps were played');
  const commands = matches(before, /`((?:make|aws [a-z-]+) (?!status|verify|drift|run|plan)[a-z-]+)/g).filter(
    (command) => !/^aws [a-z-]+ (describe|list|get)-/.test(command),
  );
  const rows = played.split('\n').filter((line) => line.startsWith('| `'));

  expect(new Set(commands)).toEqual(
    new Set([
      ...['make deploy', 'make maintenance', 'make restore', 'make rollback', 'make rotate-cursor-key'],
      ...['aws backup start-backup-job'],
      'aws fis start-experiment',
    ]),
  );
  expect([...new Set(commands)].filter((command) => !rows.some((row) => row.includes(command)))).toEqual([]);
  for (const file of matches(played, /`(tests\/[^`]+)`/g)) expect(existsSync(file)).toBe(true);
});
