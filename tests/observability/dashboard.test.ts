import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { readDefinition, type Definition, type Widget } from '../../tools/dashboard/definition.ts';
import { drawDashboard } from '../../tools/dashboard/draw.ts';
import type { Recording } from '../../tools/dashboard/recording.ts';
import { describeWith } from '../support/requirements.ts';
import { awsProvider, terraform } from '../support/terraform.ts';

const project = resolve(import.meta.dirname, '../..');

describeWith([terraform, awsProvider], 'the picture of the dashboard', () => {
  let definition: Definition;
  let recording: Recording;
  let picture: string;

  beforeAll(async () => {
    definition = await readDefinition(project);
    recording = JSON.parse(
      await readFile(resolve(project, 'docs/images/dashboard-data.json'), 'utf8'),
    ) as Recording;
    picture = await readFile(resolve(project, 'docs/images/dashboard.svg'), 'utf8');
  }, 120_000);

  const withFirst = (change: (properties: Widget['properties']) => Partial<Widget['properties']>) => ({
    widgets: definition.widgets.map((widget, index) =>
      index > 0 ? widget : { ...widget, properties: { ...widget.properties, ...change(widget.properties) } },
    ),
  });

  test('is what the module’s definition and the recorded run give; `make dashboard` draws it anew', () => {
    expect(drawDashboard(definition, recording)).toBe(picture);
  });

  test('shows every widget', () => {
    const titles = definition.widgets.map(({ properties }) => properties.title.replaceAll('&', '&amp;'));

    expect(titles.length).toBeGreaterThan(8);
    expect(titles.filter((title) => !picture.includes(`>${title}</text>`))).toEqual([]);
  });

  test('is stale once a widget says something else', () => {
    expect(
      drawDashboard(
        withFirst(() => ({ title: 'Another title' })),
        recording,
      ),
    ).not.toBe(picture);
    expect(drawDashboard({ widgets: definition.widgets.slice(1) }, recording)).not.toBe(picture);
  });

  test('is refused for a metric that no run has recorded', () => {
    const unheard = withFirst(() => ({
      metrics: [
        ['AWS/ApplicationELB', 'UnheardOf', { id: 'u', stat: 'Sum', visible: true, yAxis: 'left' as const }],
      ],
    }));

    expect(() => drawDashboard(unheard, recording)).toThrow(
      'AWS/ApplicationELB UnheardOf Sum was not recorded',
    );
  });
});
