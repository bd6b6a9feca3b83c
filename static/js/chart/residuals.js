// What a regression leaves over: label minus prediction, against the prediction. Without a pattern is good.
import { html } from 'htm/preact';
import { number } from '../format.js';
import { arm, extent, mark } from './palette.js';
import { axes, Canvas, clip, line, padded, plot } from './canvas.js';
import { Figure } from './figure.js';

export function Residuals({ residuals }) {
  return html`<${Figure} title="Residuals" note=${residuals && `${residuals.channel} rows`} file="residuals"
    empty=${!residuals}
    summary=${summary(residuals)} table=${() => tableOf(residuals)}
    picture=${(cursor, point) => html`<${Canvas} point=${point}
      draw=${(ctx, w, h, t) => draw(ctx, w, h, t, residuals, cursor)} />`} />`;
}

function summary(residuals) {
  if (!residuals) return 'Label minus prediction, row by row, appears here.';
  const { residual, rows } = residuals;
  const mean = residual.reduce((a, b) => a + b, 0) / residual.length;
  const size = Math.sqrt(residual.reduce((a, b) => a + b * b, 0) / residual.length);
  const which = residual.length < rows ? `${residual.length} of ${rows} rows` : `${rows} rows`;
  return `${which}; mean ${number(mean)}, root mean square ${number(size)}.`;
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
  return predicted.map((value, i) => [p.x(value), p.y(residual[i])]);
}
