// How well the scores rank: the ROC and the precision-recall curve side by side; the arrow keys walk the threshold.
import { html } from 'htm/preact';
import { number } from '../format.js';
import { arm, mark } from './palette.js';
import { axes, Canvas, clip, line, plot } from './canvas.js';
import { Figure } from './figure.js';
import { plainLabel, shortened } from './names.js';

export function Ranking({ ranking }) {
  return html`<${Figure} title="ROC and precision-recall" note=${ranking && `${ranking.channel} rows`} file="ranking"
    empty=${!ranking} shape="tall" summary=${summary(ranking)} table=${() => tableOf(ranking)}
    picture=${(cursor, point) => html`<div class="pair-of-plots">
      <${Canvas} point=${point} draw=${(ctx, w, h, t) => drawRoc(ctx, w, h, t, ranking, cursor)} />
      <${Canvas} point=${point} draw=${(ctx, w, h, t) => drawRecall(ctx, w, h, t, ranking, cursor)} /></div>`} />`;
}

function summary(r) {
  if (!r) return 'How well the scores put positives first appears here.';
  const rows = [r.positives, r.negatives].map((n) => n.toLocaleString('en'));
  const areas = `AUC ${number(r.auc)}, average precision ${number(r.average_precision)}`;
  if (!r.classes) return `${areas}; ${rows[0]} positive and ${rows[1]} negative rows.`;
  const [other, sought] = r.classes.map((name) => `“${shortened(plainLabel(name), 12)}”`);
  return `${areas}; ${rows[0]} ${sought} before ${rows[1]} ${other} rows.`;
}

/** The precision at a point of the ROC follows from the counts of both classes. */
const precisionAt = (r, i) => {
  const [hits, misses] = [r.tpr[i] * r.positives, r.fpr[i] * r.negatives];
  return hits + misses > 0 ? hits / (hits + misses) : 1;
};

const tableOf = (r) => ({
  columns: ['threshold', 'false positive rate', 'recall', 'precision'],
  rows: r.fpr.map((value, i) => [r.threshold[i] ?? 'above all', value, r.tpr[i], precisionAt(r, i)]),
});

const pairs = (p, xs, ys) => xs.map((x, i) => [p.x(x), p.y(ys[i])]);

/** The area under the curve, in the corner that a good curve leaves free. */
function area(ctx, p, t, text) {
  ctx.fillStyle = t.ink;
  ctx.textAlign = 'right';
  ctx.textBaseline = 'bottom';
  ctx.fillText(text, p.left + p.width - 0.75 * t.rem, p.top + p.height - 0.75 * t.rem);
}

function drawRoc(ctx, width, height, t, r, cursor) {
  const p = plot(ctx, width, height, t, [0, 1], [0, 1]);
  clip(ctx, p, () => {
    line(ctx, t.edge, 1, pairs(p, [0, 1], [0, 1]));
    line(ctx, t.value(arm(0).color), 0.16 * t.rem, pairs(p, r.fpr, r.tpr));
  });
  axes(ctx, p, t, 'false positive rate', 'true positive rate (recall)');
  area(ctx, p, t, `AUC ${r.auc === null ? 'needs both classes' : number(r.auc, 4)}`);
  if (cursor !== null) mark(ctx, arm(1), p.x(r.fpr[cursor]), p.y(r.tpr[cursor]), 0.35 * t.rem, t);
  return pairs(p, r.fpr, r.tpr);
}

function drawRecall(ctx, width, height, t, r, cursor) {
  const p = plot(ctx, width, height, t, [0, 1], [0, 1]);
  const base = r.positives / Math.max(1, r.positives + r.negatives);
  clip(ctx, p, () => {
    line(ctx, t.edge, 1, pairs(p, [0, 1], [base, base]));
    line(ctx, t.value(arm(2).color), 0.16 * t.rem, pairs(p, r.recall, r.precision));
  });
  axes(ctx, p, t, 'recall', 'precision');
  area(ctx, p, t, `average precision ${number(r.average_precision, 4)}`);
  if (cursor !== null) mark(ctx, arm(1), p.x(r.tpr[cursor]), p.y(precisionAt(r, cursor)), 0.35 * t.rem, t);
  return r.tpr.map((recall, i) => [p.x(recall), p.y(precisionAt(r, i))]);
}
