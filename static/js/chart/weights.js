// The weights of a linear model with many features, as bars round zero, in normalised units so that they compare.
import { html } from 'htm/preact';
import { number } from '../format.js';
import { Figure } from './figure.js';

const SHOWN = 24; // bars; the table has all

export function Weights({ weights, title = 'Weights, in normalised units' }) {
  const rows = weights ? rowsOf(weights) : [];
  const lost = rows.some((r) => !Number.isFinite(r.value)); // training diverged: no bar means anything
  const largest = Math.max(...rows.map((r) => Math.abs(r.value)), 1e-12);
  const shown = [...rows]
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
    .slice(0, SHOWN)
    .sort((a, b) => a.order - b.order);
  return html`<${Figure} title=${title} note=${rows.length > SHOWN ? `the ${SHOWN} largest of ${rows.length}` : null}
    file="weights" empty=${!rows.length || lost}
    summary=${lost ? 'The weights are not numbers any more.' : summary(rows)}
      table=${() => ({ columns: ['feature', 'class', 'weight'], rows: rows.map((r) => [r.name, r.row, r.value]) })}
    picture=${(cursor) => html`<div class="bars"
      aria-hidden="true">${shown.map((r) => html`<${Bar} key=${r.order} ...${r} largest=${largest}
      lit=${cursor === r.order} />`)}</div>`} />`;
}

function rowsOf({ names, values }) {
  const classes = values.length;
  return values.flatMap((row, k) =>
    row.map((value, i) => {
      const name = names?.[i] ?? `x${i + 1}`;
      return { order: k * row.length + i, row: k, name: classes > 1 ? `${name}, class ${k}` : name, value };
    }),
  );
}

function summary(rows) {
  if (!rows.length) return 'No weights yet.';
  const top = rows.reduce((a, b) => (Math.abs(b.value) > Math.abs(a.value) ? b : a));
  return `${rows.length} weights; the largest is ${number(top.value)}, of ${top.name}.`;
}

function Bar({ name, value, largest, lit }) {
  const size = (Math.abs(value) / largest) * 50;
  const style = value < 0 ? { right: '50%', width: `${size}%` } : { left: '50%', width: `${size}%` };
  return html`<div class=${lit ? 'weight lit' : 'weight'}>
    <span class="weight-name">${name}</span>
    <span class="weight-track"><span class=${value < 0 ? 'below' : 'above'} style=${style}></span></span>
    <span class="weight-value">${number(value)}</span>
  </div>`;
}
