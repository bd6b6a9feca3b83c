// Where the model looks while it says each word: source words along the top, output words down the side.
import { html } from 'htm/preact';
import { number } from '../format.js';
import { Figure } from './figure.js';
import { Sized } from './sized.js';
import { tokens } from './palette.js';

/** attention: {source, output, weights: a row of source weights for each output word}. */
export function Attention({ attention, note, file = 'attention' }) {
  const empty = !attention?.output.length || !attention.source.length;
  return html`<${Figure} title="Attention" note=${note} file=${file} empty=${empty} summary=${summary(attention, empty)}
    table=${() => tableOf(attention)}
    picture=${(cursor, point) => html`<${Sized} draw=${(size) => html`<${Heat} ...${size} ...${attention}
      cursor=${cursor} point=${point} />`} />`} />`;
}

function summary(attention, empty) {
  if (empty) return 'Where the model looks for each word it says appears here.';
  const largest = attention.weights.map((row) => Math.max(...row));
  const mean = largest.reduce((a, b) => a + b, 0) / largest.length;
  return `The darkest cell of a row holds ${Math.round(100 * mean)}% of its weight, on average.`;
}

const tableOf = ({ source, output, weights }) => ({
  columns: ['output', 'source', 'weight'],
  rows: weights.flatMap((row, i) => row.map((w, j) => [output[i], source[j], w])),
});

const LONGEST = 14; // letters of a word on an axis; the line below the picture has all
const cut = (word) => (word.length > LONGEST ? `${word.slice(0, LONGEST - 1)}\u2026` : word);
const DARKEST = 0.65; // so that the number in a cell can be read
const TURN = Math.SQRT1_2; // words that do not fit upright lie at 45 degrees

/** Where things stand. Words along the top lie straight where each fits above its cell. */
function layout({ width, height, rem, source, output }) {
  const ctx = document.createElement('canvas').getContext('2d');
  ctx.font = tokens().font;
  const across = source.map((word) => ctx.measureText(cut(word)).width);
  const left = Math.max(...output.map((word) => ctx.measureText(cut(word)).width)) + 0.75 * rem;
  const straight = Math.max(...across) + 0.5 * rem <= (width - left) / source.length;
  const top = straight ? 1.5 * rem : Math.max(...across) * TURN + 1.25 * rem;
  const h = Math.max(0, Math.min(4.5 * rem, (height - top - 0.25 * rem) / output.length));
  const wide = (room) => Math.max(0, Math.min(2 * h, 6 * rem, room / source.length));
  const beyond = across.map((size, j) => size * TURN - (source.length - j - 0.5) * wide(width - left)); // the last cell
  const overhang = straight ? 0 : Math.max(0, ...beyond) + 0.25 * rem;
  const w = wide(width - left - overhang);
  const each = (size) => Math.max(1, Math.ceil((1.05 * rem) / size)); // words stand at every so many cells
  return { left: left + Math.max(0, (width - left - overhang - source.length * w) / 2), top, w, h, straight, stepX: each(w), stepY: each(h) };
}

function Heat({ width, height, rem, source, output, weights, cursor, point }) {
  const { left, top, w, h, straight, stepX, stepY } = layout({ width, height, rem, source, output });
  const columns = source.length;
  const [row, column] = cursor === null ? [-1, -1] : [Math.floor(cursor / columns), cursor % columns];
  const largest = Math.max(0.5, ...weights.flat()); // where all is even, all is light
  const x = (j) => left + (j + 0.5) * w;
  return html`<svg class="heat" viewBox=${`0 0 ${width} ${height}`} aria-hidden="true" onPointerLeave=${() => point(null)}>
    ${source.map(
      (word, j) => (j % stepX === 0 || j === column) && html`<text key=${j} class=${j === column ? 'lit' : null}
        transform=${`translate(${x(j)} ${top - 0.5 * rem})${straight ? '' : ' rotate(-45)'}`}
        text-anchor=${straight ? 'middle' : 'start'}>${cut(word)}</text>`,
    )}
    ${output.map(
      (word, i) => (i % stepY === 0 || i === row) && html`<text key=${i} class=${i === row ? 'lit' : null}
        x=${left - 0.5 * rem} y=${top + (i + 0.5) * h} dy="0.35em" text-anchor="end">${cut(word)}</text>`,
    )}
    ${weights.map((list, i) =>
      list.map((weight, j) => html`<${Cell} key=${i * columns + j} x=${left + j * w} y=${top + i * h} w=${w} h=${h}
        weight=${weight} share=${weight / largest} rem=${rem} lit=${i === row && j === column} enter=${() => point(i * columns + j)} />`),
    )}
  </svg>`;
}

function Cell({ x, y, w, h, weight, share, rem, lit, enter }) {
  const gap = Math.min(1, 0.05 * Math.min(w, h));
  const said = weight >= 0.1 && w > 2.5 * rem && h > 1.25 * rem;
  return html`<g class=${lit ? 'lit' : null} onPointerEnter=${enter}>
    <rect class="ground" x=${x + gap} y=${y + gap} width=${w - 2 * gap} height=${h - 2 * gap} />
    <rect class="weight-cell" x=${x + gap} y=${y + gap} width=${w - 2 * gap} height=${h - 2 * gap}
      fill-opacity=${DARKEST * Math.min(1, Math.max(0, share))} />
    ${said && html`<text class="share" x=${x + w / 2} y=${y + h / 2} dy="0.35em"
      text-anchor="middle">${number(weight, 2)}</text>`}
  </g>`;
}
