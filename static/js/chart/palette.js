// How data looks: the colour-blind-safe set in fixed order, each with its own dash and marker; and the theme's colours
// for what is drawn on canvas.

import { number } from '../format.js';

const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3], [4, 4], [12, 4]];
const MARKERS = ['circle', 'square', 'triangle', 'diamond', 'plus', 'bar'];

/** Past the six colours each comes again with another marker, in turn hollow and filled: 24 that can be told apart. */
export const arm = (i) => {
  const turn = Math.floor(i / 6) % 4;
  return {
    color: `--data-${(i % 6) + 1}`,
    dash: DASHES[i % 6],
    marker: MARKERS[(i + turn) % 6],
    hollow: turn % 2 === 1,
  };
};

/** A marker in the look of its arm: a filled one with a light rim, or a hollow one with a coloured rim. */
export function mark(ctx, look, x, y, r, t) {
  marker(ctx, look.marker, x, y, r);
  ctx.fillStyle = look.hollow ? t.surface : t.value(look.color);
  ctx.strokeStyle = look.hollow ? t.value(look.color) : t.surface;
  ctx.lineWidth = look.hollow ? 1.75 : 1;
  ctx.fill();
  ctx.stroke();
}

/** The tokens of style.css as they are now, with the root's size in pixels. */
export function tokens() {
  const style = getComputedStyle(document.documentElement);
  const rem = parseFloat(style.fontSize);
  const value = (name) => style.getPropertyValue(name).trim();
  return {
    rem,
    value,
    font: `${0.875 * rem}px ${value('--sans')}`,
    ink: value('--ink'),
    muted: value('--muted'),
    line: value('--line'),
    surface: value('--surface'),
    edge: value('--edge'),
  };
}

/** "#rrggbb" -> [r, g, b]. */
export const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
export const mix = (a, b, t) => a.map((x, i) => x + (b[i] - x) * t);

/** Path of a marker round (x, y), r pixels in radius. */
export function marker(ctx, kind, x, y, r) {
  ctx.beginPath();
  if (kind === 'square') ctx.rect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8);
  else if (kind === 'triangle')
    polygon(ctx, [
      [x, y - r * 1.2],
      [x + r * 1.1, y + r * 0.8],
      [x - r * 1.1, y + r * 0.8],
    ]);
  else if (kind === 'diamond')
    polygon(ctx, [
      [x, y - r * 1.3],
      [x + r * 1.3, y],
      [x, y + r * 1.3],
      [x - r * 1.3, y],
    ]);
  else if (kind === 'plus') polygon(ctx, plus(x, y, r));
  else if (kind === 'bar') ctx.rect(x - r * 1.3, y - r * 0.5, r * 2.6, r);
  else ctx.arc(x, y, r, 0, 2 * Math.PI);
}

function polygon(ctx, points) {
  points.forEach(([x, y], i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
  ctx.closePath();
}

function plus(x, y, r) {
  const a = r * 1.2,
    b = r * 0.45;
  return [
    [-b, -a],
    [b, -a],
    [b, -b],
    [a, -b],
    [a, b],
    [b, b],
    [b, a],
    [-b, a],
    [-b, b],
    [-a, b],
    [-a, -b],
    [-b, -b],
  ].map(([dx, dy]) => [x + dx, y + dy]);
}

/** Round values between low and high, about `wanted` of them. */
export function ticks(low, high, wanted = 5) {
  const raw = (high - low) / wanted;
  if (!(raw > 0) || !Number.isFinite(raw)) return [];
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((m) => m * power >= raw);
  const first = Math.ceil(low / step - 1e-9);
  const list = [];
  for (let i = first; i * step <= high + step * 1e-9; i++) list.push(Number((i * step).toPrecision(12)));
  return list;
}

const SMALL = 1e-4;
const LARGE = 1e7;
/** Texts of evenly spaced ticks, each with as many digits as their step needs, so that no two read alike. */
export function tickTexts(list) {
  if (list.length < 2) return list.map((v) => number(v));
  const step = Math.min(...list.slice(1).map((v, i) => Math.abs(v - list[i])));
  const power = Math.floor(Math.log10(step) + 1e-9);
  const digits = Math.abs(step / 10 ** power - Math.round(step / 10 ** power)) > 1e-6 ? 1 : 0; // a step of 2.5
  const decimals = Math.min(20, Math.max(0, digits - power));
  const largest = Math.max(...list.map(Math.abs));
  return list.map((v) => {
    if (Math.abs(v) < step * 1e-9) return '0';
    const size = Math.floor(Math.log10(Math.abs(v)) + 1e-9);
    const text =
      largest < SMALL || largest >= LARGE
        ? v.toExponential(Math.min(20, Math.max(0, size - power + digits))).replace('e+', 'e')
        : v.toLocaleString('en', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    return text.replaceAll('-', '\u2212');
  });
}

export const extent = (values) => {
  let low = Infinity,
    high = -Infinity;
  for (const v of values) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return [low, high];
};
