// What any model of two features says at each point of a grid, behind the training points.
import { html } from 'htm/preact';
import { arm, extent, mark, mix, rgb } from './palette.js';
import { axes, Canvas, clip, plot } from './canvas.js';
import { Figure } from './figure.js';

export function Regions({ points, regions }) {
  return html`<${Figure} title="What the model sees" note=${points && `${points.x.length} training rows`} file="regions"
    summary=${`A grid of ${regions.grid} by ${regions.grid} answers${regions.classes ? `, ${regions.classes} classes` : ''}.`}
    table=${() => tableOf(regions)}
    picture=${() => html`<${Canvas} class="square" draw=${(ctx, w, h, t) => draw(ctx, w, h, t, points, regions)} />`} />`;
}

function tableOf({ x, y, grid, values }) {
  const at = (axis, i) => axis.low + (i / (grid - 1)) * (axis.high - axis.low);
  const rows = values.map((v, i) => [at(x, i % grid), at(y, Math.floor(i / grid)), v]);
  return { columns: ['x1', 'x2', 'answer'], rows };
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

function draw(ctx, width, height, t, points, regions) {
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
    const [low, high] = extent(points?.label ?? [0]);
    points?.x.forEach((px, i) => {
      const kind = classes ? points.label[i] : Number(points.label[i] > (low + high) / 2);
      mark(ctx, arm(kind), p.x(px), p.y(points.y[i]), 0.2 * t.rem, t);
    });
  });
  axes(ctx, p, t, 'x1', 'x2');
}
