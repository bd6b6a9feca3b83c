// What a linear model with one or two features sees right now: the training points, and behind them its regions,
// redrawn from the newest weights.
import { html } from 'htm/preact';
import { signed } from '../format.js';
import { arm, extent, mark, mix, rgb } from './palette.js';
import { axes, Canvas, clip, line, padded, plot } from './canvas.js';
import { Figure } from './figure.js';

const CELLS = 96; // of the raster along each side; smoothed when drawn

export function Boundary({ points, boundary, title = 'What the model sees', note }) {
  return html`<${Figure} title=${title} note=${note} file="boundary" empty=${!points}
    summary=${summary(points, boundary)} table=${() => tableOf(boundary)}
    picture=${() => html`<${Canvas} class="square"
      draw=${(ctx, w, h, t) => draw(ctx, w, h, t, points, boundary)} />`}
    tools=${points && boundary && html`<${Legend} classes=${classesOf(boundary)} />`} />`;
}

const classesOf = (boundary) => (kindOf(boundary) === 'regressor' ? 0 : Math.max(2, boundary.weights.length));

/** The class numbers with their markers. */
export function Legend({ classes }) {
  if (!classes) return null;
  return html`<ul class="legend" aria-label="Markers of the classes"><li>class</li>${Array.from(
    { length: classes },
    (_, k) => html`<li key=${k}><${Canvas} class="legend-mark"
      draw=${(ctx, w, h, t) => mark(ctx, arm(k), w / 2, h / 2, 0.28 * t.rem, t)} /> ${k}</li>`,
  )}</ul>`;
}

/** One feature: the label is drawn upwards. Before the first weights the engine's own sign of it: y is the label. */
const flat = (points, boundary) =>
  boundary ? boundary.weights[0].length === 1 : points.y.every((y, i) => y === points.label[i]);
const kindOf = (boundary) => boundary?.predictor_type ?? 'binary_classifier';
/** Weights that training has thrown beyond all numbers come as null; there is nothing to draw of them. */
const drawable = (boundary) =>
  Boolean(boundary) && [...boundary.weights.flat(), ...boundary.bias].every((w) => Number.isFinite(w));

function summary(points, boundary) {
  if (!points) return 'The training points and the regions of the model appear here.';
  const shown = `${points.x.length} training rows`;
  if (!boundary) return `${shown}; no boundary yet.`;
  if (!drawable(boundary)) return `${shown}; the weights are not numbers any more.`;
  return boundary.weights.length > 1
    ? `${shown}; ${boundary.weights.length} classes, one region each.`
    : `${shown}; score = ${scoreWords(boundary)}`;
}

/** "2.05 x1 − 1.83 x2 + 0.10": decimals are fixed, so that the line does not dance while it trains. */
function scoreWords({ weights: [row], bias: [constant] }) {
  const terms = [...row.map((w, i) => [w, `\u202fx${i + 1}`]), [constant, '']];
  return terms
    .map(([value, name], i) => {
      const text = signed(value, 2);
      const sign = /^[+\u2212]/.test(text) ? text[0] : '+';
      const size = text.replace(/^[+\u2212]/, '');
      return (i ? ` ${sign} ` : sign === '+' ? '' : sign) + size + name;
    })
    .join('');
}

function tableOf(boundary) {
  if (!boundary) return { columns: ['class'], rows: [] };
  const features = boundary.weights[0].map((_, i) => `weight of x${i + 1}`);
  return { columns: ['class', ...features, 'bias'], rows: boundary.weights.map((w, i) => [i, ...w, boundary.bias[i]]) };
}

function draw(ctx, width, height, t, points, boundary) {
  if (!points) return;
  const one = flat(points, boundary);
  const upwards = one ? points.label : points.y;
  const lines = one && boundary?.weights.length === 1;
  const p = plot(ctx, width, height, t, padded(extent(points.x)), padded(extent(upwards)));
  const known = drawable(boundary);
  if (known && !lines) clip(ctx, p, () => drawRegions(ctx, p, t, boundary, points));
  clip(ctx, p, () => drawPoints(ctx, p, t, points, upwards, boundary));
  if (known && lines) clip(ctx, p, () => drawFit(ctx, p, t, boundary));
  axes(ctx, p, t, 'x1', one ? 'label' : 'x2');
}

/** Colour of the model's answer at (x1, x2), as three numbers. */
function answerColor(boundary, t, labels) {
  const base = rgb(t.surface);
  const classes = boundary.weights.map((_, k) => rgb(t.value(arm(k).color)));
  const score = (k, x, y) => boundary.weights[k][0] * x + (boundary.weights[k][1] ?? 0) * y + boundary.bias[k];
  if (boundary.weights.length > 1)
    return (x, y) => {
      let best = 0;
      for (let k = 1; k < boundary.weights.length; k++) if (score(k, x, y) > score(best, x, y)) best = k;
      return mix(base, classes[best], arm(best).hollow ? 0.14 : 0.34);
    };
  const two = [0, 1].map((k) => rgb(t.value(arm(k).color)));
  const [low, high] = extent(labels);
  const share = kindOf(boundary) === 'regressor' ? (s) => (s - low) / (high - low || 1) : (s) => 1 / (1 + Math.exp(-s));
  return (x, y) => {
    const q = Math.min(1, Math.max(0, share(score(0, x, y))));
    return mix(base, two[q > 0.5 ? 1 : 0], 0.08 + 0.36 * Math.abs(q - 0.5) * 2);
  };
}

function drawRegions(ctx, p, t, boundary, points) {
  const color = answerColor(boundary, t, points.label);
  const image = new ImageData(CELLS, CELLS);
  for (let row = 0; row < CELLS; row++) {
    for (let col = 0; col < CELLS; col++) {
      const x = p.xs[0] + ((col + 0.5) / CELLS) * (p.xs[1] - p.xs[0]);
      const y = p.ys[1] - ((row + 0.5) / CELLS) * (p.ys[1] - p.ys[0]);
      image.data.set([...color(x, y), 255], 4 * (row * CELLS + col));
    }
  }
  const raster = new OffscreenCanvas(CELLS, CELLS);
  raster.getContext('2d').putImageData(image, 0, 0);
  ctx.imageSmoothingEnabled = boundary.weights.length === 1;
  ctx.drawImage(raster, p.left, p.top, p.width, p.height);
  if (boundary.weights.length === 1 && kindOf(boundary) !== 'regressor') drawLevel(ctx, p, t, boundary);
}

/** The line where the score is 0. */
function drawLevel(ctx, p, t, { weights: [[a, b]], bias: [c] }) {
  if (!a && !b) return;
  const far = 4 * Math.max(p.xs[1] - p.xs[0], p.ys[1] - p.ys[0]) + Math.abs(p.xs[0]) + Math.abs(p.ys[0]);
  const norm = Math.hypot(a, b);
  const [x0, y0] = [(-c * a) / norm ** 2, (-c * b) / norm ** 2];
  const [dx, dy] = [(-b / norm) * far, (a / norm) * far];
  line(ctx, t.ink, 2, [
    [p.x(x0 - dx), p.y(y0 - dy)],
    [p.x(x0 + dx), p.y(y0 + dy)],
  ]);
}

function drawFit(ctx, p, t, { weights: [[a]], bias: [c], predictor_type: kind }) {
  const answer = kind === 'regressor' ? (x) => a * x + c : (x) => 1 / (1 + Math.exp(-(a * x + c)));
  const fit = Array.from({ length: 101 }, (_, i) => p.xs[0] + (i / 100) * (p.xs[1] - p.xs[0])).map((x) => [
    p.x(x),
    p.y(answer(x)),
  ]);
  line(ctx, t.value(arm(1).color), 0.16 * t.rem, fit);
}

function drawPoints(ctx, p, t, points, upwards, boundary) {
  const one = flat(points, boundary);
  const valued = boundary ? kindOf(boundary) === 'regressor' : !points.label.every((v) => v >= 0 && Number.isInteger(v));
  const [low, high] = extent(points.label);
  const r = 0.2 * t.rem;
  points.x.forEach((x, i) => {
    const kind = valued ? (one || points.label[i] <= (low + high) / 2 ? 0 : 1) : Math.round(points.label[i]);
    mark(ctx, arm(kind), p.x(x), p.y(upwards[i]), r, t);
  });
}
