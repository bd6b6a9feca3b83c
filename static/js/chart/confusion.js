// What was taken for what: a row for each label, a column for each class predicted; a cell's colour is its share of
// the row.
import { html } from 'htm/preact';
import { Figure } from './figure.js';
import { plainLabel, shortened } from './names.js';
import { Sized } from './sized.js';

const LETTERS = 12; // of a class's name beside the cells

export function Confusion({ confusion }) {
  const data = confusion && { ...confusion, classes: confusion.classes.map(plainLabel) };
  return html`<${Figure} title="Confusion matrix" note=${data && `${data.channel} rows`} file="confusion"
    empty=${!data?.classes.length} summary=${summary(data)} table=${() => tableOf(data)}
    picture=${(cursor, point) => html`<${Sized} draw=${(size) => html`<${Grid} ...${size} data=${data}
      cursor=${cursor} point=${point} />`} />`} />`;
}

const sum = (list) => list.reduce((a, b) => a + b, 0);
const percent = (part, whole) => (whole ? `${((100 * part) / whole).toFixed(part === whole || !part ? 0 : 1)}%` : '');

function summary(data) {
  if (!data) return 'What is taken for what appears here.';
  const { classes, counts } = data;
  const rows = sum(counts.map(sum));
  const right = sum(counts.map((row, k) => row[k]));
  const wrong = counts
    .flatMap((row, i) => row.map((n, j) => ({ n, i, j })))
    .filter(({ i, j }) => i !== j)
    .reduce((a, b) => (b.n > a.n ? b : a), { n: 0 });
  const most = wrong.n ? `; most often ${classes[wrong.i]} is taken for ${classes[wrong.j]} (${wrong.n})` : '';
  return `${right.toLocaleString('en')} of ${rows.toLocaleString('en')} right, ${percent(right, rows)}${most}.`;
}

function tableOf({ classes, counts }) {
  const rows = counts.flatMap((row, i) =>
    row.map((n, j) => [classes[i], classes[j], n, percent(n, sum(row)) || 'no row']),
  );
  return { columns: ['label', 'predicted', 'rows', 'share of the label'], rows };
}

function Grid({ width, height, rem, data, cursor, point }) {
  const { classes, counts } = data;
  const n = classes.length;
  const names = classes.map((name) => shortened(name, LETTERS));
  const side = 0.5 * Math.max(2.5, ...names.map((name) => name.length)) * rem; // the widest name
  const [left, top] = [side + 2 * rem, 2.75 * rem]; // for the names of the classes and of the two sides
  const h = (height - top) / n;
  const w = Math.min((width - left) / n, 2.5 * h);
  const from = left + Math.max(0, (width - left - n * w) / 2);
  const step = Math.ceil(Math.max((1.25 * rem) / h, (side < 1.5 * rem ? 1.25 * rem : side) / w)); // names stand at every so many classes
  const named = (k) => k % step === 0;
  return html`<svg class="confusion" viewBox=${`0 0 ${width} ${height}`} aria-hidden="true"
    onPointerLeave=${() => point(null)}>
    <text x=${from + (n * w) / 2} y=${0.875 * rem} text-anchor="middle">predicted</text>
    <text text-anchor="middle"
      transform=${`translate(${from - side - rem} ${top + (n * h) / 2}) rotate(-90)`}>label</text>
    ${names.map(
      (name, k) => named(k) && html`<g key=${k}><text class="class" x=${from + (k + 0.5) * w} y=${top - 0.5 * rem}
        text-anchor="middle">${name}</text><text class="class" x=${from - 0.5 * rem} y=${top + (k + 0.5) * h} dy="0.35em"
        text-anchor="end">${name}</text></g>`,
    )}
    ${counts.map((row, i) => {
      const all = sum(row);
      return row.map((count, j) => html`<${Cell} key=${i * n + j} x=${from + j * w} y=${top + i * h} w=${w} h=${h}
        rem=${rem} count=${count} all=${all} right=${i === j} lit=${cursor === i * n + j}
        enter=${() => point(i * n + j)} />`);
    })}
  </svg>`;
}

function Cell({ x, y, w, h, rem, count, all, right, lit, enter }) {
  const both = h > 3.25 * rem && w > 3.5 * rem;
  const room = w > (0.55 * String(count).length + 0.4) * rem && h > 1.1 * rem;
  const middle = x + w / 2;
  return html`<g class=${lit ? 'cell lit' : 'cell'} onPointerEnter=${enter}>
    <rect class="ground" x=${x + 1} y=${y + 1} width=${Math.max(0, w - 2)} height=${Math.max(0, h - 2)} />
    <rect class=${right ? 'right' : 'wrong'} x=${x + 1} y=${y + 1} width=${Math.max(0, w - 2)}
      height=${Math.max(0, h - 2)} fill-opacity=${all ? (0.5 * count) / all : 0} />
    ${room && (count || both) ? html`<text class="count" x=${middle} y=${y + h / 2} dy=${both ? '-0.1em' : '0.35em'}
      text-anchor="middle">${count}</text>` : null}
    ${both ? html`<text x=${middle} y=${y + h / 2} dy="1.2em" text-anchor="middle">${percent(count, all)}</text>` : null}
  </g>`;
}
