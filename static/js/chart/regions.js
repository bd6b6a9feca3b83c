// What any model of two features says at each point of a grid, behind the training points.
import { html } from 'htm/preact';
import { number } from '../format.js';
import { arm, extent, mark, marker, mix, rgb } from './palette.js';
import { axes, Canvas, clip, plot } from './canvas.js';
import { Legend } from './boundary.js';
import { drawLine } from './contour.js';
import { Figure } from './figure.js';

export function Regions({ points, regions }) {
  return html`<${Figure} title="What the model sees" note=${points && `${points.x.length} training rows`} file="regions"
    summary=${summary(regions)}
    table=${() => tableOf(regions)}
    picture=${(cursor, point) => html`<${Canvas} class="square" point=${point}
      draw=${(ctx, w, h, t) => draw(ctx, w, h, t, points, regions, cursor)} />`}
    tools=${html`<${Legend} classes=${regions.classes} />`} />`;
}

/** What the number at a point is. */
const answerName = ({ classes }) => (classes === 2 ? 'probability of class 1' : classes ? 'class' : 'answer');

function summary({ classes, values }) {
  if (classes === 2) {
    const ones = values.filter((v) => v > 0.5).length / values.length;
    return `Class 1 is likelier in ${Math.round(100 * ones)}% of the plane; the line is where both are even.`;
  }
  if (classes) return `${new Set(values).size} of ${classes} classes have a region.`;
  return `The answers run from ${extent(values).map((v) => number(v)).join(' to ')}.`;
}

function tableOf(regions) {
  const { x, y, grid, values } = regions;
  const at = (axis, i) => axis.low + (i / (grid - 1)) * (axis.high - axis.low);
  const rows = values.map((v, i) => [at(x, i % grid), at(y, Math.floor(i / grid)), v]);
  return { columns: ['x1', 'x2', answerName(regions)], rows };
}

/** Colour of an answer: two classes by probability, several by class, a value along the range of the answers. */
function shading({ classes, values }, t) {
  const base = rgb(t.surface);
  const colors = Array.from({ length: Math.max(2, classes) }, (_, k) => rgb(t.value(arm(k).color)));
  if (classes > 2) return (v) => mix(base, colors[Math.round(v)] ?? base, arm(Math.round(v)).hollow ? 0.14 : 0.34);
  const [low, high] = classes ? [0, 1] : extent(values);
  return (v) => {
    const q = (v - low) / (high - low || 1);
    return mix(base, colors[q > 0.5 ? 1 : 0], 0.06 + 0.38 * Math.abs(q - 0.5) * 2);
  };
}

function draw(ctx, width, height, t, points, regions, cursor) {
  const { x, y, grid, values, classes } = regions;
  const p = plot(ctx, width, height, t, [x.low, x.high], [y.low, y.high]);
  const color = shading(regions, t);
  const image = new ImageData(grid, grid);
  values.forEach((v, i) =>
    image.data.set([...color(v), 255], 4 * ((grid - 1 - Math.floor(i / grid)) * grid + (i % grid))),
  );
  const raster = new OffscreenCanvas(grid, grid);
  raster.getContext('2d').putImageData(image, 0, 0);
  clip(ctx, p, () => {
    ctx.imageSmoothingEnabled = classes <= 2;
    const [cw, ch] = [p.width / (grid - 1), p.height / (grid - 1)]; // values sit on the corners of the cells
    ctx.drawImage(raster, p.left - cw / 2, p.top - ch / 2, p.width + cw, p.height + ch);
    if (classes === 2) {
      ctx.strokeStyle = t.ink;
      ctx.lineWidth = 2;
      drawLine(ctx, p, regions, 0.5);
    }
    const [low, high] = extent(points?.label ?? [0]);
    points?.x.forEach((px, i) => {
      const kind = classes ? points.label[i] : Number(points.label[i] > (low + high) / 2);
      mark(ctx, arm(kind), p.x(px), p.y(points.y[i]), 0.2 * t.rem, t);
    });
  });
  const places = tableOf(regions).rows.map(([a, b]) => [p.x(a), p.y(b)]);
  if (cursor !== null) {
    marker(ctx, 'circle', ...places[cursor], 0.4 * t.rem);
    ctx.strokeStyle = t.ink;
    ctx.lineWidth = 3;
    ctx.stroke();
  }
  axes(ctx, p, t, 'x1', 'x2');
  return places;
}
