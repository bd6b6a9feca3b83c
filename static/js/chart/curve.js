// What a model of one feature says along it, over the training points.
import { html } from 'htm/preact';
import { number } from '../format.js';
import { arm, extent, mark } from './palette.js';
import { axes, Canvas, clip, line, padded, plot } from './canvas.js';
import { Figure } from './figure.js';

export function Curve({ points, curve }) {
  return html`<${Figure} title="What the model says" note=${points && `${points.x.length} training rows`} file="curve"
    summary=${`The answer runs from ${extent(curve.y).map((v) => number(v)).join(' to ')}.`}
    table=${() => ({ columns: ['x1', 'answer'], rows: curve.x.map((x, i) => [x, curve.y[i]]) })}
    picture=${(cursor, point) => html`<${Canvas} point=${point}
      draw=${(ctx, w, h, t) => draw(ctx, w, h, t, points, curve, cursor)} />`} />`;
}

function draw(ctx, width, height, t, points, curve, cursor) {
  const across = padded(extent([...(points?.x ?? []), ...curve.x]));
  const p = plot(ctx, width, height, t, across, padded(extent([...(points?.label ?? []), ...curve.y])));
  clip(ctx, p, () => {
    points?.x.forEach((x, i) => mark(ctx, arm(0), p.x(x), p.y(points.label[i]), 0.18 * t.rem, t));
    line(ctx, t.value(arm(1).color), 0.16 * t.rem, curve.x.map((x, i) => [p.x(x), p.y(curve.y[i])]));
    if (cursor !== null) mark(ctx, arm(1), p.x(curve.x[cursor]), p.y(curve.y[cursor]), 0.4 * t.rem, t);
  });
  axes(ctx, p, t, 'x1', 'label');
  return curve.x.map((x, i) => [p.x(x), p.y(curve.y[i])]);
}
