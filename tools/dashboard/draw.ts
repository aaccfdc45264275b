import { createRequire } from 'node:module';
import type { Definition, Widget } from './definition.ts';
import { isAbsent, linesOf, type Line } from './lines.ts';
import type { Recording } from './recording.ts';

/** What is used of it: its own types can't be resolved by the rules of ES modules. */
interface ECharts {
  readonly init: (
    dom: null,
    theme: null,
    options: { renderer: 'svg'; ssr: true; width: number; height: number },
  ) => { setOption: (option: object) => void; renderToSVGString: () => string; dispose: () => void };
}
const { init } = createRequire(import.meta.url)('echarts') as ECharts;

/** CloudWatch lays widgets out in 24 columns. */
const column = 50;
const row = 38;
const header = 64;
const gap = 8;
const font = 'Arial, Helvetica, sans-serif';
const ink = '#16191f';
const faint = '#687078';
const colours = ['#0972d3', '#d13212', '#1d8102', '#e07941', '#8456ce'];

/** The dashboard as an SVG, drawn from its definition with what was recorded in a run. */
export function drawDashboard(definition: Definition, recording: Recording): string {
  const { widgets } = definition;
  const width = 24 * column;
  const height = header + row * Math.max(...widgets.map(({ y, height: rows }) => y + rows));
  const cells = widgets.map((widget, index) => {
    const [cellWidth, cellHeight] = [widget.width * column - gap, widget.height * row - gap];
    const content = contentOf(widget, recording, cellWidth, cellHeight)
      // Ids that an earlier drawing in this process has not counted up.
      .replaceAll(/zr\d+-/g, `w${index}-`);
    return `<svg x="${widget.x * column + gap / 2}" y="${header + widget.y * row}" width="${cellWidth}" height="${cellHeight}">
<rect width="${cellWidth}" height="${cellHeight}" rx="6" fill="#ffffff" stroke="#d5dbdb"/>
${text(14, 24, widget.properties.title, { size: 14, bold: true })}
${content}
</svg>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="${font}">
<rect width="${width}" height="${height}" fill="#f2f3f3"/>
${text(14, 27, 'movies-api', { size: 19, bold: true })}
${text(14, 48, recording.source, { size: 12, colour: faint })}
${cells.join('\n')}
</svg>
`;
}

function contentOf(widget: Widget, recording: Recording, width: number, height: number): string {
  if (widget.type === 'log') return drawEvents(recording);
  if (isAbsent(widget, recording)) {
    return text(14, 52, 'Not in this run: only AWS has it.', { size: 12, colour: faint });
  }
  const lines = linesOf(widget, recording);
  return widget.properties.view === 'singleValue'
    ? drawNumbers(lines, width)
    : drawGraph(widget, lines, width, height);
}

function drawNumbers(lines: readonly Line[], width: number): string {
  return lines
    .map(({ label, points: [value] }, index) => {
      const [x, y] = [14 + ((index % 2) * width) / 2, 84 + Math.floor(index / 2) * 76];
      const shown = value === undefined ? '–' : value.toFixed(2);
      const colour = value !== undefined && value < 0 ? '#d13212' : ink;
      return text(x, y, shown, { size: 30, colour }) + text(x, y + 20, label, { size: 12, colour: faint });
    })
    .join('\n');
}

function drawEvents({ events, from }: Recording): string {
  return events
    .map(({ at, event, reason }, index) =>
      [`${((at - from) / 60_000).toFixed(1)} min`, event, reason]
        .map((cell, place) => text([14, 90, 380][place] ?? 0, 52 + index * 21, cell, { size: 12 }))
        .join(''),
    )
    .join('\n');
}

function drawGraph({ properties }: Widget, lines: readonly Line[], width: number, height: number): string {
  const graphed = lines.filter(({ axis }) => axis === 'left');
  const marks = lines
    .filter(({ axis }) => axis === 'right')
    .flatMap(({ label, points }) =>
      points.flatMap((point, minute) =>
        (point ?? 0) > 0 ? [{ xAxis: minute, name: label, label: { position: 'end' } }] : [],
      ),
    );
  const objectives = (properties.annotations?.horizontal ?? []).map(({ label, value }) => ({
    yAxis: value,
    name: `${label} ${value}`,
  }));
  const marked = {
    silent: true,
    symbol: 'none',
    data: [...marks, ...objectives],
    lineStyle: { color: faint, type: 'dashed', width: 1.2 },
    label: { formatter: '{b}', color: faint, fontSize: 10, position: 'insideStartTop' },
  };
  const minutes = Math.max(...lines.map(({ points }) => points.length));
  const option = {
    animation: false,
    textStyle: { fontFamily: font },
    color: colours,
    legend: {
      bottom: 4,
      left: 10,
      itemWidth: 14,
      itemHeight: 8,
      itemGap: 26,
      textStyle: { color: ink, fontSize: 11 },
    },
    grid: { left: 52, right: 22, top: 42, bottom: 50 },
    xAxis: {
      type: 'category',
      data: Array.from({ length: minutes }, (_, minute) => `${minute + 1} min`),
      axisLabel: { color: faint, fontSize: 10 },
      axisTick: { show: false },
      axisLine: { lineStyle: { color: '#aab7b8' } },
    },
    yAxis: {
      type: 'value',
      scale: objectives.length > 0,
      axisLabel: { color: faint, fontSize: 10 },
      splitLine: { lineStyle: { color: '#eaeded' } },
    },
    series: graphed.map(({ label, points }, index) => ({
      name: label,
      type: 'line',
      symbolSize: 4,
      lineStyle: { width: 2 },
      data: points.map((point) => point ?? null),
      ...(index === 0 ? { markLine: marked } : {}),
    })),
  };
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption(option);
    // Inside of the cell its size and background are the cell's.
    return chart.renderToSVGString().replace(/<rect [^>]*fill="none"[^>]*><\/rect>/, '');
  } finally {
    chart.dispose();
  }
}

interface TextStyle {
  readonly size: number;
  readonly bold?: boolean;
  readonly colour?: string;
}

const text = (
  x: number,
  y: number,
  content: string,
  { size, bold = false, colour = ink }: TextStyle,
): string =>
  `<text x="${x.toFixed(0)}" y="${y}" font-size="${size}"${bold ? ' font-weight="bold"' : ''} fill="${colour}">${escape(content)}</text>`;

const escape = (content: string): string =>
  content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
