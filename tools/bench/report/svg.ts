/** The text of SVG files, readable on light and dark pages: a chart library would bring a DOM (docs/adr/0101). */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Read aloud instead of the picture. */
  readonly title: string;
  readonly elements: readonly string[];
}

/** Classes: ink, quiet (text); grid (lines); ours, other, accent, good, bad (fills); line-N (strokes). */
const light = {
  paper: '#ffffff',
  ink: '#1f2328',
  quiet: '#59636e',
  grid: '#d1d9e0',
  ours: '#0969da',
  other: '#afb8c1',
  good: '#1a7f37',
  bad: '#cf222e',
};
const dark = {
  paper: '#0d1117',
  ink: '#e6edf3',
  quiet: '#9198a1',
  grid: '#3d444d',
  ours: '#4493f8',
  other: '#656c76',
  good: '#3fb950',
  bad: '#f85149',
};
/** Told apart by colour-blind readers too (Okabe and Ito). */
const lines = ['#0072b2', '#e69f00', '#009e73', '#d55e00', '#cc79a7'];

const rules = (theme: typeof light): string =>
  [
    `.paper{fill:${theme.paper}}`,
    ...(['ink', 'quiet', 'ours', 'other', 'good', 'bad'] as const).map(
      (name) => `.${name}{fill:${theme[name]}}`,
    ),
    `.grid{stroke:${theme.grid};fill:none}`,
    `.target{stroke:${theme.ink};stroke-width:2}`,
    `.spread{stroke:${theme.ink};stroke-width:1;opacity:.6}`,
  ].join('');

const style = [
  'text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}',
  '.title{font-size:16px;font-weight:600}.head{font-weight:600}.small{font-size:11px}',
  rules(light),
  '.dotted{stroke-dasharray:2 5}',
  ...lines.map((colour, index) => `.line-${index}{stroke:${colour};fill:none;stroke-width:2}`),
  `@media (prefers-color-scheme:dark){${rules(dark)}}`,
].join('');

export function draw({ width, height, title, elements }: Picture): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escape(title)}</title><style>${style}</style><rect class="paper" width="100%" height="100%" rx="6"/>`,
    ...elements,
    '</svg>',
    '',
  ].join('\n');
}

export type Anchor = 'start' | 'middle' | 'end';

export const label = (
  x: number,
  y: number,
  content: string,
  className = 'ink',
  anchor: Anchor = 'start',
): string =>
  `<text class="${className}" x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escape(content)}</text>`;

export const bar = (x: number, y: number, width: number, height: number, className: string): string =>
  `<rect class="${className}" x="${round(x)}" y="${round(y)}" width="${round(Math.max(0, width))}" height="${round(height)}" rx="2"/>`;

export const stroke = (x1: number, y1: number, x2: number, y2: number, className: string): string =>
  `<line class="${className}" x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"/>`;

export const curve = (points: readonly (readonly [number, number])[], className: string): string =>
  `<polyline class="${className}" points="${points.map(([x, y]) => `${round(x)},${round(y)}`).join(' ')}"/>`;

const round = (value: number): string => String(Math.round(value * 10) / 10);
const escape = (content: string): string =>
  content.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
