// A canvas that knows its size, the device's pixels and the theme, and a plain pair of axes round a plot.
import { useEffect, useRef } from 'preact/hooks';
import { html } from 'htm/preact';
import { look } from '../state.js';
import { ticks, tickTexts, tokens } from './palette.js';

/** Draws with `draw(ctx, width, height, tokens)` in CSS pixels whenever the component is drawn, resized or re-themed.
 *  Where `draw` returns the places [x, y] of the rows (or undefined for one without), `point(row)` is called with the
 *  one nearest to the pointer, and with null when it leaves. */
export function Canvas({ draw, class: name, point }) {
  const canvas = useRef(null);
  const places = useRef(null);
  const latest = useRef(draw);
  latest.current = draw;
  const paint = useRef(null);
  paint.current ??= () => {
    const el = canvas.current;
    if (!el || !el.clientWidth) return;
    const ratio = devicePixelRatio || 1;
    const [w, h] = [el.clientWidth, el.clientHeight];
    if (el.width !== Math.round(w * ratio) || el.height !== Math.round(h * ratio)) {
      el.width = Math.round(w * ratio);
      el.height = Math.round(h * ratio);
    }
    const ctx = el.getContext('2d');
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, w, h);
    places.current = latest.current(ctx, w, h, tokens());
  };
  useEffect(() => paint.current());
  useEffect(() => {
    const watcher = new ResizeObserver(() => paint.current());
    watcher.observe(canvas.current);
    const end = look.listen(() => requestAnimationFrame(paint.current));
    return () => {
      watcher.disconnect();
      end();
    };
  }, []);
  const move = (e) => point(nearest(places.current, e.offsetX, e.offsetY));
  return html`<canvas ref=${canvas} class=${name} aria-hidden="true" onPointerMove=${point && move}
    onPointerLeave=${point && (() => point(null))}></canvas>`;
}

function nearest(places, x, y) {
  let best = null,
    least = Infinity;
  (places ?? []).forEach((place, row) => {
    const far = place ? Math.hypot(place[0] - x, place[1] - y) : Infinity;
    if (far < least) [best, least] = [row, far];
  });
  return best;
}

/** The plot inside a canvas: {left, top, width, height, x(v), y(v)}. */
export function plot(ctx, width, height, t, [x0, x1], [y0, y1]) {
  ctx.font = t.font;
  const right = 0.5 * t.rem,
    top = 0.5 * t.rem,
    bottom = 2.75 * t.rem;
  const h = Math.max(1, height - top - bottom);
  const texts = tickTexts(ticks(y0, y1, Math.max(2, h / (3.5 * t.rem))));
  const left = Math.max(0, ...texts.map((text) => ctx.measureText(text).width)) + 2 * t.rem;
  const w = Math.max(1, width - left - right);
  return {
    left,
    top,
    width: w,
    height: h,
    x: (v) => left + ((v - x0) / (x1 - x0)) * w,
    y: (v) => top + (1 - (v - y0) / (y1 - y0)) * h,
    xs: [x0, x1],
    ys: [y0, y1],
  };
}

/** `across`: the ticks along x as [{at, text}], where they are not the round values of a linear axis. */
export function axes(ctx, p, t, xName, yName, across = linear(p, t)) {
  ctx.font = t.font;
  ctx.fillStyle = t.muted;
  ctx.strokeStyle = t.edge;
  ctx.lineWidth = 1;
  ctx.strokeRect(p.left + 0.5, p.top + 0.5, p.width - 1, p.height - 1);
  ctx.textAlign = 'center';
  ctx.textBaseline = 'top';
  for (const { at, text } of across) {
    const far = p.left + p.width + 0.5 * t.rem - ctx.measureText(text).width / 2; // the last one stays on the canvas
    ctx.fillText(text, Math.min(far, p.x(at)), p.top + p.height + 0.25 * t.rem);
  }
  ctx.fillText(xName, p.left + p.width / 2, p.top + p.height + 1.5 * t.rem);
  ctx.textAlign = 'right';
  ctx.textBaseline = 'middle';
  const up = ticks(...p.ys, Math.max(2, p.height / (3.5 * t.rem)));
  tickTexts(up).forEach((text, i) => ctx.fillText(text, p.left - 0.375 * t.rem, p.y(up[i])));
  ctx.save();
  ctx.translate(0.625 * t.rem, p.top + p.height / 2);
  ctx.rotate(-Math.PI / 2);
  ctx.textAlign = 'center';
  ctx.fillText(yName, 0, 0);
  ctx.restore();
}

function linear(p, t) {
  const list = ticks(...p.xs, Math.max(2, p.width / (5 * t.rem)));
  return tickTexts(list).map((text, i) => ({ at: list[i], text }));
}

/** A range with a little room at both ends. */
export function padded([low, high]) {
  const room = (high - low || 1) * 0.06;
  return [low - room, high + room];
}

/** A line through points in pixels. */
export function line(ctx, color, width, points) {
  ctx.strokeStyle = color;
  ctx.lineWidth = width;
  ctx.beginPath();
  points.forEach(([x, y], i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
  ctx.stroke();
}

export function clip(ctx, p, draw) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(p.left, p.top, p.width, p.height);
  ctx.clip();
  draw();
  ctx.restore();
}
