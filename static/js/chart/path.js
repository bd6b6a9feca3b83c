// The way of the weights as l1 grows: which features stay, which become exactly zero.
import { html } from 'htm/preact';
import { count, number } from '../format.js';
import { featureName } from './names.js';
import { arm, extent } from './palette.js';
import { axes, Canvas, clip, line, padded, plot } from './canvas.js';
import { Figure } from './figure.js';

const SHOWN = 12; // lines that can be told apart; the table has all

export function Path({ path }) {
  const p = inOrder(path);
  return html`<${Figure} title="Weights along l1" note=${path.columns.length > SHOWN ? `the ${SHOWN} largest of ${path.columns.length}` : null} file="l1-path"
    summary=${summary(p)}
    table=${() => ({ columns: ['l1', ...p.columns.map(featureName)], rows: p.l1.map((l1, i) => [l1, ...p.weights.map((w) => w[i])]) })}
    picture=${(cursor) => html`<${Canvas} draw=${(ctx, w, h, t) => draw(ctx, w, h, t, p, cursor)} />`} />`;
}

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

function summary({ l1, weights, chosen }) {
  const zeros = weights.filter((w) => w[chosen] === 0).length;
  return `Chosen: l1 ${number(l1[chosen])}, where ${count(zeros, 'weight')} of ${weights.length} ${zeros === 1 ? 'is' : 'are'} exactly 0.`;
}

function draw(ctx, width, height, t, { l1, weights, chosen }, cursor) {
  const least = Math.min(...l1.filter((v) => v > 0), 1); // no l1 has no logarithm: it stands one decade to the left
  const across = l1.map((v) => Math.log10(v > 0 ? v : least / 10));
  const p = plot(ctx, width, height, t, padded(extent(across)), padded(extent([0, ...weights.flat().filter(Number.isFinite)])));
  const upright = (i, color) =>
    line(ctx, color, 1.5, [
      [p.x(across[i]), p.top],
      [p.x(across[i]), p.top + p.height],
    ]);
  clip(ctx, p, () => {
    upright(chosen, t.ink);
    if (cursor !== null) upright(cursor, t.edge);
    weights.slice(0, SHOWN).forEach((w, k) => {
      ctx.setLineDash(arm(k).dash);
      line(ctx, t.value(arm(k).color), 2, across.map((x, i) => [p.x(x), p.y(w[i])]));
    });
    ctx.setLineDash([]);
  });
  axes(ctx, p, t, l1[0] > 0 ? 'log10 of l1' : 'log10 of l1 (leftmost: no l1)', 'weight');
}
