/** What an auditor is told of one control. */
export interface Control {
  readonly sentence: string;
  readonly built: string;
  readonly proof: string;
  readonly frameworks: string;
  readonly result: string;
}

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A part of the page: what was looked at and when, or that nothing was. */
export interface Section {
  readonly title: string;
  readonly about: string;
  readonly table?: Table;
  /** An SVG of our own making: put in as it is. */
  readonly picture?: string;
  /** Parts of it, such as one drill each. */
  readonly parts?: readonly Part[];
}

export interface Part {
  readonly title: string;
  readonly about?: string;
  readonly table: Table;
  readonly picture?: string;
}

export interface Page {
  readonly commit: string;
  readonly madeAt: Date;
  readonly signedWith: string | undefined;
  readonly sections: readonly Section[];
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = (text: string): string => text.replace(/[&<>"]/g, (sign) => escapes[sign] ?? sign);

/** Inline code and links to files of Markdown; nothing else of it is meant. */
const prose = (text: string): string =>
  escape(text)
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/\*\*([^*]+)\*\*/g, '<b>$1</b>')
    .replace(/`([^`]+)`/g, '<code>$1</code>');

/** The words that judge, so that an eye finds them. */
const marked = (text: string): string =>
  prose(text)
    .replace(/\bnot checked\b/g, '<span class="open">$&</span>')
    .replace(/\b(FAILED|failed|blocked|expired)\b/g, '<span class="bad">$&</span>')
    .replace(/\bpassed\b/g, '<span class="good">$&</span>');

const tableHtml = ({ head, rows }: Table): string =>
  `<div class="wide"><table><thead><tr>${head.map((name) => `<th>${escape(name)}</th>`).join('')}</tr></thead><tbody>
${rows.map((row) => `<tr>${row.map((cell) => `<td>${marked(cell)}</td>`).join('')}</tr>`).join('\n')}
</tbody></table></div>`;

const anchor = (title: string): string => title.toLowerCase().replace(/[^a-z]+/g, '-');

const sectionHtml = ({
  title,
  about,
  table,
  picture,
  parts = [],
}: Section): string => `<section id="${anchor(title)}">
<h2>${escape(title)}</h2>
<p>${marked(about)}</p>
${picture === undefined ? '' : `<figure>${picture}</figure>`}
${table === undefined ? '' : tableHtml(table)}
${parts.map((part) => `<h3>${marked(part.title)}</h3>${part.about === undefined ? '' : `<p>${marked(part.about)}</p>`}${tableHtml(part.table)}${part.picture === undefined ? '' : `<figure>${part.picture}</figure>`}`).join('\n')}
</section>`;

const style = `
:root { color-scheme: light; --ink: #1f2933; --line: #d9e2ec; --soft: #f5f7fa; }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 76rem; padding: 2rem 1.5rem; font: 15px/1.5 system-ui, "Helvetica Neue", Arial, sans-serif; color: var(--ink); background: #fff }
h1 { font-size: 1.7rem; margin: 0 0 .3rem } h2 { font-size: 1.25rem; margin: 2.4rem 0 .4rem; padding-top: .6rem; border-top: 2px solid var(--line) } h3 { font-size: 1rem; margin: 1.2rem 0 .3rem }
nav { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; margin: 1rem 0 0 } nav a { color: #0b69a3 }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .8rem 0 } dt { color: #52606d } dd { margin: 0; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100%; font-size: .86em } th { text-align: left; background: var(--soft) } th, td { border: 1px solid var(--line); padding: .3rem .5rem; vertical-align: top; overflow-wrap: break-word }
th:first-child { width: 26% } td { overflow-wrap: anywhere; min-width: 3rem } td:first-child { min-width: 9rem; overflow-wrap: break-word } code { font-size: .92em; overflow-wrap: anywhere } .wide { overflow-x: auto }
figure { margin: 1rem 0; text-align: center } figure svg { max-width: 100%; height: auto }
td:last-child { min-width: 7em } .good, .open, .bad { white-space: nowrap } .good { color: #0f6a3c } .bad { color: #b42318; font-weight: 600 } .open { color: #7a4d00; font-weight: 600 }
@page { size: A4 landscape; margin: 12mm }
@media print { body { padding: 0; max-width: none; font-size: 11px } nav { display: none } .wide { overflow: visible } tr, figure { break-inside: avoid } h2, h3 { break-after: avoid } thead { display: table-header-group } figure svg { max-height: 165mm } }`;

/** One page that needs nothing else: no script, no font, no server. */
export const renderPage = ({ commit, madeAt, signedWith, sections }: Page): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Evidence: Movies API</title><style>${style}</style></head><body>
<h1>Evidence: Movies API</h1>
<dl><dt>commit</dt><dd><code>${escape(commit)}</code></dd><dt>made</dt><dd>${madeAt.toISOString()}</dd>
<dt>signed</dt><dd>${signedWith === undefined ? '<span class="open">not signed</span>: SIGNING_KEY named no key' : `with <code>${escape(signedWith)}</code>: each file of this folder by its sum in <code>SHA256SUMS</code>, and that by <code>SHA256SUMS.sigstore.json</code>`}</dd></dl>
<p>“Not checked” means that nobody looked, or could not: it is no proof of anything. A framework's control is named where the configuration is evidence for it, which is not compliance.</p>
<nav>${sections.map(({ title }) => `<a href="#${anchor(title)}">${escape(title)}</a>`).join('')}</nav>
${sections.map(sectionHtml).join('\n')}
</body></html>
`;
