// Precision against recall, a curve for each class; the points on them are where the chosen confidence puts the model.
import { html } from 'htm/preact';
import { count, number } from '../format.js';
import { arm, mark } from './palette.js';
import { axes, Canvas, clip, line, plot } from './canvas.js';
import { Figure } from './figure.js';
import { momentWords } from './moments.js';
import { Threshold } from './shots.js';

/** `precision`: the picture of that name; `threshold`: {value, set}, shared with the boxes beside it. */
export function Precision({ precision: data, epochs, threshold }) {
  const empty = !data?.classes.some((c) => c.recall.length);
  return html`<${Figure} title="Precision and recall" file="precision" empty=${empty}
    note=${data && `${data.channel}, ${momentWords('epoch', data.epoch, epochs)}`}
    summary=${summary(data, empty, threshold.value)} table=${() => tableOf(data)}
    picture=${(cursor, point) => html`<${Canvas} point=${point} draw=${(ctx, w, h, t) => draw(ctx, w, h, t, data, threshold.value, cursor)} />`}
    tools=${html`<${Threshold} ...${threshold} file="precision" />${data ? html`<${Classes} classes=${data.classes} />` : html`<p class="legend"></p>`}`} />`;
}

/** Where a class stands when boxes count from `threshold` on: the last of its points, which go by falling score, that
 *  lies above; -1: none. */
export const standing = ({ threshold }, from) => threshold.findLastIndex((t) => t === null || t >= from);

function summary(data, empty, threshold) {
  if (empty) return 'How many boxes are right, and how many objects are found, appears here.';
  const words = data.classes.map((c) => {
    const i = standing(c, threshold);
    return i < 0 ? `${c.name} none` : `${c.name} ${number(c.precision[i], 2)} at ${number(c.recall[i], 2)}`;
  });
  const named = words.slice(0, 3).join(', ') + (words.length > 3 ? `, and ${words.length - 3} more` : '');
  return `mAP ${number(data.map)} at overlap ${number(data.overlap)}. From ${threshold.toFixed(2)} on, precision at recall: ${named}.`;
}

const tableOf = ({ classes }) => ({
  columns: ['class', 'confidence', 'recall', 'precision'],
  rows: classes.flatMap((c) => c.recall.map((recall, i) => [c.name, c.threshold[i] ?? 'above all', recall, c.precision[i]])),
});

function draw(ctx, width, height, t, { classes, map }, threshold, cursor) {
  const p = plot(ctx, width, height, t, [0, 1], [0, 1.02]);
  const points = classes.map((c) => c.recall.map((recall, i) => [p.x(recall), p.y(c.precision[i])]));
  clip(ctx, p, () =>
    classes.forEach((c, k) => {
      ctx.setLineDash(arm(k).dash);
      line(ctx, t.value(arm(k).color), 0.14 * t.rem, points[k]);
      ctx.setLineDash([]);
    }),
  );
  axes(ctx, p, t, 'recall', 'precision');
  ctx.fillStyle = t.ink;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'bottom';
  ctx.fillText(`mAP ${number(map, 4)}`, p.left + 0.75 * t.rem, p.top + p.height - 0.75 * t.rem);
  classes.forEach((c, k) => {
    const i = standing(c, threshold);
    if (i >= 0) mark(ctx, arm(k), ...points[k][i], 0.4 * t.rem, t);
  });
  const all = points.flat();
  if (cursor !== null && all[cursor]) {
    ctx.strokeStyle = t.ink;
    ctx.lineWidth = 2.5;
    ctx.beginPath();
    ctx.arc(...all[cursor], 0.5 * t.rem, 0, 2 * Math.PI);
    ctx.stroke();
  }
  return all;
}

const Classes = ({ classes }) => html`<ul class="legend words-legend" aria-label="Curves of the classes">${classes.map(
  (c, k) => html`<li key=${k}><${Canvas} class="legend-key" draw=${(ctx, w, h, t) => key(ctx, w, h, t, arm(k))} /> ${c.name}, AP ${number(c.ap)},${' '}
    ${count(c.boxes, 'object')}</li>`,
)}</ul>`;

function key(ctx, w, h, t, look) {
  ctx.setLineDash(look.dash);
  line(ctx, t.value(look.color), 2, [[0, h / 2], [w, h / 2]]);
  ctx.setLineDash([]);
  mark(ctx, look, w / 2, h / 2, 0.28 * t.rem, t);
}
