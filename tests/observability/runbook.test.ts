import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse as parseHcl } from '@cdktn/hcl2json';
import { parse } from 'yaml';
import { readSlo } from '../../tools/slo/objectives.ts';

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

/** Where the module's alarms and messages point to, by where they are written. */
async function anchors(): Promise<readonly string[]> {
  const objectives = Object.keys((await readSlo('docs/slo.yaml')).objectives);
  const symptoms = await readFile(join(module, 'symptoms.tf'), 'utf8');
  return [
    ...objectives.map((name) => name.replaceAll('_', '-')),
    // Each entry of local.symptoms is an alarm; its key is the anchor unless it names another.
    ...matches(symptoms, /^ {6}([a-z-]+) = \{$/gm),
    ...matches(symptoms, /runbook = "([a-z-]+)"/g),
    ...matches(symptoms, /\["([a-z-]+)"\] : name =>/g),
    ...matches(symptoms, /"ticket", "([a-z-]+)"\)/g),
    ...matches(await readFile(join(module, 'events.tf'), 'utf8'), /^ {4}([a-z-]+) += \{$/gm).map(
      (name) => `deployment-${name}`,
    ),
    'budget',
  ];
}

describe('the runbook', () => {
  test('has a paragraph for each alarm, and an alarm for each paragraph', async () => {
    expect([...paragraphs.keys()].toSorted()).toEqual([...(await anchors())].toSorted());
  });

  test('finds as many alarms in the module as Terraform knows there', async () => {
    const { locals } = (await parseHcl(
      'symptoms.tf',
      await readFile(join(module, 'symptoms.tf'), 'utf8'),
    )) as {
      locals: readonly { symptoms: string }[];
    };
    const meanings = matches(locals[0]?.symptoms ?? '', /(meaning)\s+=/g);

    // Beside them: four objectives, the blocked requests, three deployments' messages, the budget.
    expect((await anchors()).length).toBe(meanings.length + 4 + 1 + 3 + 1);
  });

  test.each([...paragraphs])(
    '%s says what to look at, what to do and how to know that it worked',
    (_name, text) => {
      const refersOn = /As \[|Go on\s+as in \[/.test(text);

      expect(text).toMatch(refersOn ? /\(#[a-z-]+\)/ : /\*Look at\*[^]+\*Do\*[^]+\*It\s+worked\*/);
    },
  );

  test('links only to paragraphs that exist', () => {
    const links = matches(runbook, /\]\(#([a-z-]+)\)/g);

    expect(links.filter((link) => !paragraphs.has(link))).toEqual([]);
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

    // The parts of burn-rate alarms tell nobody.
    expect(formatted).toHaveLength(described.length - 1);
    expect(hcl).toContain('describe = "%s Severity: %s. Runbook: ${var.runbook_url}#%s"');
  });
});
