// The way of the weights as l1 grows: which features stay, which become exactly zero.
import { html } from 'htm/preact';
import { count, number } from '../format.js';
import { featureName } from './names.js';
import { arm, extent, marker } from './palette.js';
import { axes, Canvas, clip, line, padded, plot } from './canvas.js';
import { Figure } from './figure.js';

const NAMED = 6; // lines in colours of their own; the table has all

export function Path({ path }) {
  const p = path && inOrder(path);
  const named = path?.columns.length > NAMED ? `the ${NAMED} largest of ${path.columns.length} named` : null;
  return html`<${Figure} title="Weights along l1" note=${named} file="l1-path" empty=${!p} summary=${summary(p)}
    table=${() => tableOf(p)} picture=${(cursor, point) => html`<${Canvas} point=${point}
      draw=${(ctx, w, h, t) => draw(ctx, w, h, t, p, cursor)} />`} />`;
}

const tableOf = ({ l1, columns, weights }) => ({
  columns: ['l1', ...columns.map(featureName)],
  rows: l1.map((v, i) => [v, ...weights.map((w) => w[i])]),
});

/** The same path with l1 rising. */
function inOrder(path) {
  const order = path.l1.map((_, i) => i).sort((a, b) => path.l1[a] - path.l1[b]);
  return {
    columns: path.columns,
    l1: order.map((i) => path.l1[i]),
    weights: path.weights.map((w) => order.map((i) => w[i])),
    chosen: order.indexOf(path.chosen),
  };
}

function summary(path) {
  if (!path) return 'The weights against l1 appear here.';
  const { l1, weights, chosen } = path;
  const zeros = weights.filter((w) => w[chosen] === 0).length;
  return `Chosen: l1 ${number(l1[chosen])}, where ${count(zeros, 'weight')} of ${weights.length} ${zeros === 1 ? 'is' : 'are'} exactly 0.`;
}

function draw(ctx, width, height, t, { columns, l1, weights, chosen }, cursor) {
  const least = Math.min(...l1.filter((v) => v > 0));
  const place = (v) => Math.log10(v > 0 ? v : least / 10); // no l1 has no logarithm: it stands one decade to the left
  const across = l1.map(place);
  const p = plot(ctx, width - 2.5 * t.rem, height, t, padded(extent(across)), heightsOf(weights));
  const upright = (i, color, wide) =>
    line(ctx, color, wide, [
      [p.x(across[i]), p.top],
      [p.x(across[i]), p.top + p.height],
    ]);
  const lines = weights.map((w) => across.map((x, i) => [p.x(x), p.y(w[i])]));
  clip(ctx, p, () => {
    line(ctx, t.edge, 1, [
      [p.left, p.y(0)],
      [p.left + p.width, p.y(0)],
    ]);
    upright(chosen, t.ink, 1.5);
    if (cursor !== null) upright(cursor, t.edge, 3);
    for (let k = lines.length - 1; k >= 0; k--) drawWeight(ctx, t, lines[k], weights[k], k);
  });
  ctx.font = t.font;
  ctx.fillStyle = t.ink;
  const right = across[chosen] > (p.xs[0] + p.xs[1]) / 2;
  ctx.textAlign = right ? 'right' : 'left';
  ctx.textBaseline = 'top';
  const beside = p.x(across[chosen]) + (right ? -0.375 : 0.375) * t.rem;
  ctx.strokeStyle = t.surface; // a rim, where a line runs through the word
  ctx.lineWidth = 0.25 * t.rem;
  ctx.strokeText('chosen', beside, p.top + 0.25 * t.rem);
  ctx.fillText('chosen', beside, p.top + 0.25 * t.rem);
  nameLines(ctx, p, t, columns, lines);
  axes(ctx, p, t, 'l1', 'weight', powers(l1, place, p, t));
  return l1.map((_, i) => [p.x(across[i]), p.y(0)]);
}

const heightsOf = (weights) => padded(extent([0, ...weights.flat().filter(Number.isFinite)]));

/** The largest in colours, the others grey; a ring where the weight is exactly zero. */
function drawWeight(ctx, t, points, values, k) {
  const color = k < NAMED ? t.value(arm(k).color) : t.edge;
  ctx.setLineDash(k < NAMED ? arm(k).dash : []);
  line(ctx, color, (k < NAMED ? 0.16 : 0.0625) * t.rem, points);
  ctx.setLineDash([]);
  points.forEach(([x, y], i) => {
    if (values[i] !== 0) return;
    marker(ctx, 'circle', x, y, 0.2 * t.rem);
    ctx.fillStyle = t.surface;
    ctx.fill();
    ctx.strokeStyle = color;
    ctx.lineWidth = 1.5;
    ctx.stroke();
  });
}

/** The names stand at the right, with the lines' colours, in the order of the lines where l1 is least: at their ends the
 *  weights may all be zero. */
function nameLines(ctx, p, t, columns, lines) {
  const named = lines.slice(0, NAMED).map((points, k) => ({ k, y: points[0][1] }));
  named.sort((a, b) => a.y - b.y);
  ctx.textAlign = 'left';
  ctx.textBaseline = 'middle';
  let above = -Infinity;
  for (const { k, y } of named) {
    const at = Math.max(y, above + 1.1 * t.rem, p.top + 0.5 * t.rem);
    above = at;
    ctx.fillStyle = t.value(arm(k).color);
    ctx.fillRect(p.left + p.width + 0.25 * t.rem, at - 0.125 * t.rem, 0.5 * t.rem, 0.25 * t.rem);
    ctx.fillStyle = t.ink;
    ctx.fillText(featureName(columns[k]), p.left + p.width + 0.9 * t.rem, at);
  }
}

/** Ticks at the values of l1 themselves, as many as there is room for, with 0 for none. */
function powers(l1, place, p, t) {
  const room = 4.5 * t.rem;
  let last = -Infinity;
  return l1.flatMap((v) => {
    const x = p.x(place(v));
    if (x - last < room) return [];
    last = x;
    return [{ at: place(v), text: v > 0 ? v.toExponential(0).replace('e+', 'e').replace('-', '\u2212') : '0' }];
  });
}
