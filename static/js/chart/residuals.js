// What a regression leaves over: label minus prediction, against the prediction. Without a pattern is good.
import { html } from 'htm/preact';
import { number } from '../format.js';
import { arm, extent, mark } from './palette.js';
import { axes, Canvas, clip, line, padded, plot } from './canvas.js';
import { Figure } from './figure.js';

export function Residuals({ residuals }) {
  return html`<${Figure} title="Residuals" note=${residuals?.channel} file="residuals" empty=${!residuals}
    summary=${summary(residuals)} table=${() => tableOf(residuals)}
    picture=${(cursor) => html`<${Canvas} draw=${(ctx, w, h, t) => draw(ctx, w, h, t, residuals, cursor)} />`} />`;
}

function summary(residuals) {
  if (!residuals) return 'Label minus prediction, row by row, appears here.';
  const middle = residuals.residual.reduce((a, b) => a + b, 0) / residuals.residual.length;
  return `${residuals.residual.length} of ${residuals.rows} rows; the residuals drawn average ${number(middle)}.`;
}

const tableOf = ({ predicted, residual }) => ({
  columns: ['predicted', 'residual'],
  rows: predicted.map((value, i) => [value, residual[i]]),
});

function draw(ctx, width, height, t, { predicted, residual }, cursor) {
  const [low, high] = extent(residual);
  const reach = Math.max(-low, high);
  const p = plot(ctx, width, height, t, padded(extent(predicted)), padded([-reach, reach]));
  clip(ctx, p, () => {
    line(ctx, t.edge, 1.5, [
      [p.left, p.y(0)],
      [p.left + p.width, p.y(0)],
    ]);
    predicted.forEach((value, i) => mark(ctx, arm(0), p.x(value), p.y(residual[i]), 0.17 * t.rem, t));
    if (cursor !== null) mark(ctx, arm(1), p.x(predicted[cursor]), p.y(residual[cursor]), 0.4 * t.rem, t);
  });
  axes(ctx, p, t, 'predicted', 'label \u2212 predicted');
}
