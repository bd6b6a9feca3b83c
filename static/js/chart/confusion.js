// Labels against predictions: how many rows fall where, and what share of the label's rows that is.
import { html } from 'htm/preact';
import { count } from '../format.js';
import { Figure } from './figure.js';

const sum = (list) => list.reduce((a, b) => a + b, 0);
const share = (part, whole) => (whole ? part / whole : 0);
const percent = (value) => `${Math.round(100 * value)}\u202f%`;

export function Confusion({ confusion }) {
  return html`<${Figure} title="Confusion matrix" note=${confusion?.channel} file="confusion" empty=${!confusion}
    summary=${summary(confusion)} table=${() => tableOf(confusion)}
    picture=${(cursor) => html`<${Matrix} confusion=${confusion} cursor=${cursor} />`} />`;
}

function summary(confusion) {
  if (!confusion) return 'How the predictions fall on the classes appears here.';
  const right = sum(confusion.counts.map((row, i) => row[i]));
  const all = sum(confusion.counts.flat());
  return `${right.toLocaleString('en')} of ${count(all, 'row')} on the diagonal, ${percent(share(right, all))}.`;
}

function tableOf({ classes, counts }) {
  const rows = counts.flatMap((row, i) => row.map((n, k) => [classes[i], classes[k], n, share(n, sum(row))]));
  return { columns: ['label', 'predicted', 'rows', 'share of the label'], rows };
}

function Matrix({ confusion: { classes, counts }, cursor }) {
  const dense = classes.length > 6;
  const cells = counts.flatMap((row, i) =>
    row.map((n, k) => {
      const part = share(n, sum(row));
      const lit = cursor === i * classes.length + k;
      return html`<span key=${`${i}-${k}`} class=${`cell${i === k ? ' cell-right' : ''}${lit ? ' lit' : ''}`}
        style=${{ '--share': `${Math.round(45 * part)}%` }}><b>${n ? n.toLocaleString('en') : dense ? '' : '0'}</b>${
          dense ? null : html` <small>${percent(part)}</small>`
        }</span>`;
    }),
  );
  const columns = `auto repeat(${classes.length}, minmax(0, 1fr))`;
  const heads = classes.map((name) => html`<span class="cell-head" key=${`head-${name}`}>${name}</span>`);
  const body = classes.flatMap((name, i) => [
    html`<span class="cell-head" key=${`row-${name}`}>${name}</span>`,
    ...cells.slice(i * classes.length, (i + 1) * classes.length),
  ]);
  return html`<div class=${dense ? 'matrix matrix-dense' : 'matrix'} aria-hidden="true">
    <div class="matrix-title">predicted</div>
    <div class="matrix-cells" style=${{ gridTemplateColumns: columns }}><span
      class="cell-head">label</span>${heads}${body}</div></div>`;
}
