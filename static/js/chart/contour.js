// The loss over two weights as height lines, with the way that training took through it.
import { html } from 'htm/preact';
import { number } from '../format.js';
import { extent, marker, mix, rgb } from './palette.js';
import { axes, Canvas, clip, plot } from './canvas.js';
import { Figure } from './figure.js';

const LEVELS = 9;

/** data: {x: {name, low, high}, y: .., grid, values, path, optimum}; style: an arm's colour, dash and marker. */
export function Contour({ title, note, data, style, file }) {
  return html`<${Figure} title=${title} note=${note} file=${file} empty=${!data} summary=${summary(data)}
    table=${() => tableOf(data)}
    picture=${(cursor) => html`<${Canvas} class="contour"
      draw=${(ctx, w, h, t) => data && draw(ctx, w, h, t, data, style, cursor)} />`} />`;
}

function summary(data) {
  if (!data) return 'The loss over two weights, and the way of SGD through it; comes with the first seed.';
  const turns = data.path.length;
  const at = (point) => `(${number(point[0])}, ${number(point[1])})`;
  return turns
    ? `${turns} points of the way, from ${at(data.path[0])} to ${at(data.path.at(-1))}; the lowest loss is at ${at(data.optimum)}.`
    : 'No way drawn yet.';
}

function tableOf(data) {
  if (!data) return { columns: ['point'], rows: [] };
  return { columns: ['point', data.x.name, data.y.name], rows: data.path.map(([x, y], i) => [i, x, y]) };
}

/** Levels that are closer near the bottom: equal steps of the square root above the lowest loss. */
function levelsOf(values) {
  const [low, high] = extent(values.filter(Number.isFinite));
  return Array.from({ length: LEVELS }, (_, i) => low + ((i + 1) / (LEVELS + 1)) ** 2 * (high - low));
}

/** Where the loss is not a number the hill is as high as it gets. */
function filled(data) {
  const [, high] = extent(data.values.filter(Number.isFinite));
  return { ...data, values: data.values.map((v) => (Number.isFinite(v) ? v : high)) };
}

function draw(ctx, width, height, t, raw, style, cursor) {
  const data = filled(raw);
  const p = plot(ctx, width, height, t, [data.x.low, data.x.high], [data.y.low, data.y.high]);
  const levels = levelsOf(data.values);
  clip(ctx, p, () => {
    drawBands(ctx, p, t, data, levels);
    ctx.strokeStyle = t.edge;
    ctx.lineWidth = 0.75;
    for (const level of levels) drawLine(ctx, p, data, level);
    drawOptimum(ctx, p, t, data.optimum);
    drawPath(ctx, p, t, data.path, style, cursor);
  });
  axes(ctx, p, t, data.x.name, data.y.name);
}

function drawBands(ctx, p, t, { grid, values }, levels) {
  const [from, to] = [rgb(t.surface), rgb(t.edge)];
  const image = new ImageData(grid, grid);
  values.forEach((v, i) => {
    const band = levels.filter((l) => v > l).length;
    const row = grid - 1 - Math.floor(i / grid);
    image.data.set([...mix(from, to, (0.5 * band) / LEVELS), 255], 4 * (row * grid + (i % grid)));
  });
  const raster = new OffscreenCanvas(grid, grid);
  raster.getContext('2d').putImageData(image, 0, 0);
  ctx.imageSmoothingEnabled = true;
  const [cw, ch] = [p.width / (grid - 1), p.height / (grid - 1)]; // values sit on the corners of the cells
  ctx.drawImage(raster, p.left - cw / 2, p.top - ch / 2, p.width + cw, p.height + ch);
}

/** Marching squares: for each cell the pieces of the level line, ends interpolated along the cell's sides. */
export function drawLine(ctx, p, { grid, values, x, y }, level) {
  const px = (i) => p.x(x.low + (i / (grid - 1)) * (x.high - x.low));
  const py = (j) => p.y(y.low + (j / (grid - 1)) * (y.high - y.low));
  ctx.beginPath();
  for (let j = 0; j < grid - 1; j++) {
    for (let i = 0; i < grid - 1; i++) {
      const corners = [
        [i, j],
        [i + 1, j],
        [i + 1, j + 1],
        [i, j + 1],
      ];
      const heights = corners.map(([a, b]) => values[b * grid + a] - level);
      const crossings = [];
      for (let k = 0; k < 4; k++) {
        const [a, b] = [heights[k], heights[(k + 1) % 4]];
        if (a > 0 === b > 0) continue;
        const s = a / (a - b);
        const [from, to] = [corners[k], corners[(k + 1) % 4]];
        crossings.push([px(from[0] + s * (to[0] - from[0])), py(from[1] + s * (to[1] - from[1]))]);
      }
      for (let k = 0; k + 1 < crossings.length; k += 2) {
        ctx.moveTo(...crossings[k]);
        ctx.lineTo(...crossings[k + 1]);
      }
    }
  }
  ctx.stroke();
}

function drawOptimum(ctx, p, t, optimum) {
  if (!optimum) return;
  const [x, y, r] = [p.x(optimum[0]), p.y(optimum[1]), 0.4 * t.rem];
  ctx.strokeStyle = t.ink;
  ctx.lineWidth = 2;
  ctx.beginPath();
  ctx.moveTo(x - r, y - r);
  ctx.lineTo(x + r, y + r);
  ctx.moveTo(x + r, y - r);
  ctx.lineTo(x - r, y + r);
  ctx.stroke();
}

function drawPath(ctx, p, t, path, style, cursor) {
  if (!path.length) return;
  ctx.strokeStyle = ctx.fillStyle = t.value(style.color);
  ctx.lineWidth = 2;
  ctx.lineJoin = 'round';
  ctx.beginPath();
  path.forEach(([x, y], i) => (i ? ctx.lineTo(p.x(x), p.y(y)) : ctx.moveTo(p.x(x), p.y(y))));
  ctx.stroke();
  const dot = ([x, y], r) => {
    marker(ctx, style.marker, p.x(x), p.y(y), r);
    ctx.fill();
  };
  if (path.length <= 120) path.forEach((point) => dot(point, 0.1 * t.rem));
  dot(path.at(-1), 0.35 * t.rem);
  ctx.fillStyle = t.surface;
  ctx.lineWidth = 2;
  marker(ctx, style.marker, p.x(path[0][0]), p.y(path[0][1]), 0.3 * t.rem);
  ctx.fill();
  ctx.stroke();
  if (cursor !== null && path[cursor]) {
    ctx.strokeStyle = t.ink;
    marker(ctx, 'circle', p.x(path[cursor][0]), p.y(path[cursor][1]), 0.6 * t.rem);
    ctx.stroke();
  }
}
