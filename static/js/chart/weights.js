// The weights of a linear model with many features, as bars round zero, in normalised units so that they compare.
import { html } from 'htm/preact';
import { number } from '../format.js';
import { Bars, roundZero } from './bars.js';
import { Figure } from './figure.js';
import { featureName } from './names.js';

const SHOWN = 24; // bars; the table has all

/** weights: {names or null, values: [[..]..]}. */
export function Weights({ weights, title = 'Weights, in normalised units', file = 'weights' }) {
  const rows = weights ? rowsOf(weights) : [];
  const lost = rows.some((r) => !Number.isFinite(r.value)); // training diverged: no bar means anything
  const largest = Math.max(...rows.map((r) => Math.abs(r.value)), 1e-12);
  const shown = [...rows]
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
    .slice(0, SHOWN)
    .sort((a, b) => a.at - b.at);
  return html`<${Figure} title=${title} note=${rows.length > SHOWN ? `the ${SHOWN} largest of ${rows.length}` : null}
    file=${file} empty=${!rows.length || lost}
    summary=${lost ? 'The weights are not numbers any more.' : summary(rows)}
    table=${() => ({ columns: ['feature', 'class', 'weight'], rows: rows.map((r) => [r.name, r.row, r.value]) })}
    picture=${(cursor, point) => html`<${Bars} zero point=${point}
      rows=${shown.map((r) => ({ ...r, ...roundZero(r.value, largest), key: r.at, lit: cursor === r.at }))} />`} />`;
}

function rowsOf({ names, values }) {
  const classes = values.length;
  return values.flatMap((row, k) =>
    row.map((value, i) => {
      const name = names?.[i] ?? featureName(i);
      return { at: k * row.length + i, row: k, name: classes > 1 ? `${name}, class ${k}` : name, value };
    }),
  );
}

function summary(rows) {
  if (!rows.length) return 'The weights appear here.';
  const top = rows.reduce((a, b) => (Math.abs(b.value) > Math.abs(a.value) ? b : a));
  return `${rows.length} weights; the largest is ${number(top.value)}, of ${top.name}.`;
}
