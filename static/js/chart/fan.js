// One series and what is expected of it: the past, the median ahead, bands of quantiles round it, and the truth where it
// is known. One colour in lighter and darker shades; gaps stay gaps.
import { arm, extent, marker, ticks, tickTexts } from './palette.js';
import { clip, line } from './canvas.js';

const SECONDS = { min: 60, H: 3600, D: 86400, W: 7 * 86400 };

/** The moment `i` steps after `start`, as a Date; `freq` as the service writes it: "H", "5min", "M". */
export function timeOf(start, freq, i) {
  const [, many, unit] = /^(\d*)(.*)$/.exec(freq);
  const steps = i * (Number(many) || 1);
  const date = new Date(`${start.trim().replace(' ', 'T')}${start.trim().length > 10 ? '' : 'T00:00:00'}Z`);
  if (unit === 'M') date.setUTCMonth(date.getUTCMonth() + steps, 1);
  else date.setTime(date.getTime() + steps * 1000 * (SECONDS[unit] ?? 0));
  return date;
}

const DAY = { day: 'numeric', month: 'short', timeZone: 'UTC' };
const WORDS = {
  short: { M: { month: 'short', year: 'numeric', timeZone: 'UTC' }, other: DAY },
  full: {
    M: { month: 'short', year: 'numeric', timeZone: 'UTC' },
    D: { ...DAY, year: 'numeric' },
    W: { ...DAY, year: 'numeric' },
    other: { ...DAY, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  },
};

/** "1 Feb, 06:00", "1 Feb 2024", "Feb 2024"; short on an axis: "1 Feb". */
export function timeWords(start, freq, i, length = 'full') {
  const date = timeOf(start, freq, i);
  const looks = WORDS[length];
  if (Number.isNaN(date.getTime())) return String(i);
  return date.toLocaleString('en-GB', looks[freq.replace(/^\d*/, '')] ?? looks.other);
}

/** The levels in order, the bands that they make, the outermost first, and the middle. */
export function levelsOf(quantiles) {
  const levels = Object.keys(quantiles ?? {}).sort((a, b) => a - b);
  const bands = [];
  for (let low = 0, high = levels.length - 1; low < high; low++, high--) bands.push([levels[low], levels[high]]);
  return { levels, bands, middle: levels.find((level) => Number(level) === 0.5) };
}

/** What is drawn as the middle: the median where it was asked for, else the mean. */
export const middleOf = ({ quantiles, mean }) => quantiles?.[levelsOf(quantiles).middle] ?? mean ?? [];

/** How many steps ahead. */
export const aheadOf = (series) => Math.max(middleOf(series).length, series.truth?.length ?? 0);

const numbers = (list) => (list ?? []).filter((v) => Number.isFinite(v));

/** The heights a fan needs: all of what is known, and of what is expected no more than half as much beyond. */
export function reach(series) {
  const known = numbers([...recent(series, aheadOf(series)).history, ...(series.truth ?? [])]);
  const ahead = numbers([...Object.values(series.quantiles ?? {}).flat(), ...(series.mean ?? [])]);
  const [low, high] = extent(known.length ? known : ahead.length ? ahead : [0, 1]);
  const span = high - low || Math.abs(high) || 1;
  const [under, over] = ahead.length ? extent(ahead) : [low, high];
  const most = known.length ? 0.5 * span : Infinity;
  return [low - Math.max(0.06 * span, Math.min(most, low - under)), high + Math.max(0.06 * span, Math.min(most, over - high))];
}

const PAST = 3; // times as much of the past as lies ahead is drawn at most
/** The part of a series that is drawn. */
function recent(series, ahead) {
  const dropped = Math.max(0, series.history.length - Math.max(PAST * ahead, 12));
  if (!dropped) return { ...series, skipped: 0 };
  return {
    ...series,
    history: series.history.slice(dropped),
    feature: series.feature?.slice(dropped),
    skipped: dropped,
  };
}

/** Draws one; returns the places of the steps ahead. `cursor`: one of these steps, or null. */
export function drawFan(ctx, width, height, t, whole, { freq, range, cursor }) {
  const ahead = aheadOf(whole);
  const series = recent(whole, ahead);
  const past = series.history.length;
  const p = frame(ctx, width, height, t, past + ahead, range);
  grid(ctx, p, t, series, freq, past);
  clip(ctx, p, () => {
    drawFeature(ctx, p, t, series.feature);
    drawBands(ctx, p, t, series, past);
    pieces(series.history).forEach((piece) => drawPiece(ctx, p, t, piece, 0, t.muted, 1.25));
    const joined = [series.history.at(-1) ?? null, ...(series.truth ?? [])];
    if (series.truth) pieces(joined).forEach((piece) => drawPiece(ctx, p, t, piece, past - 1, t.ink, 1.75));
    const middle = arm(0);
    pieces(middleOf(series)).forEach((piece) => drawPiece(ctx, p, t, piece, past, t.value(middle.color), 2.5));
  });
  if (cursor !== null) drawCursor(ctx, p, t, series, past, cursor);
  return Array.from({ length: ahead }, (_, i) => [p.x(past + i), p.y(middleOf(series)[i] ?? range[0])]);
}

function frame(ctx, width, height, t, steps, [low, high]) {
  ctx.font = t.font;
  const [top, bottom] = [0.5 * t.rem, 1.5 * t.rem];
  const h = Math.max(1, height - top - bottom);
  const up = ticks(low, high, Math.max(2, h / (2.75 * t.rem)));
  const texts = tickTexts(up);
  const left = Math.max(0, ...texts.map((text) => ctx.measureText(text).width)) + 0.5 * t.rem;
  const w = Math.max(1, width - left - 0.25 * t.rem);
  return {
    ...{ left, top, width: w, height: h, up, texts },
    x: (i) => left + (w * (i + 0.5)) / steps,
    y: (v) => top + (1 - (v - low) / (high - low)) * h,
  };
}

/** Light lines at round values; one where the past ends; the times of the first step and of that line. */
function grid(ctx, p, t, series, freq, past) {
  ctx.fillStyle = t.muted;
  ctx.textAlign = 'right';
  ctx.textBaseline = 'middle';
  p.up.forEach((v, i) => {
    line(ctx, t.line, 1, [
      [p.left, Math.round(p.y(v)) + 0.5],
      [p.left + p.width, Math.round(p.y(v)) + 0.5],
    ]);
    ctx.fillText(p.texts[i], p.left - 0.375 * t.rem, p.y(v));
  });
  const now = Math.round(p.x(past - 0.5)) + 0.5;
  line(ctx, t.edge, 1, [
    [now, p.top],
    [now, p.top + p.height + 0.25 * t.rem],
  ]);
  ctx.textBaseline = 'top';
  const below = p.top + p.height + 0.375 * t.rem;
  const at = timeWords(series.start, freq, series.skipped + past, 'short');
  const half = ctx.measureText(at).width / 2;
  const middle = Math.min(p.left + p.width - half, now);
  ctx.textAlign = 'center';
  ctx.fillText(at, middle, below);
  const first = timeWords(series.start, freq, series.skipped, 'short');
  if (p.left + ctx.measureText(first).width + t.rem > middle - half) return;
  ctx.textAlign = 'left';
  ctx.fillText(first, p.left, below);
}

/** Runs of numbers without a gap: [{from, values}]. */
function pieces(values) {
  const found = [];
  values.forEach((v, i) => {
    if (!Number.isFinite(v)) return;
    const last = found.at(-1);
    if (last && last.from + last.values.length === i) last.values.push(v);
    else found.push({ from: i, values: [v] });
  });
  return found;
}

/** A line, or a dot where a number stands alone between gaps. */
function drawPiece(ctx, p, t, { from, values }, shift, color, width) {
  const points = values.map((v, i) => [p.x(shift + from + i), p.y(v)]);
  ctx.lineJoin = 'round';
  if (points.length > 1) return line(ctx, color, width * 0.0625 * t.rem, points);
  ctx.fillStyle = color;
  marker(ctx, 'circle', ...points[0], 0.1 * t.rem);
  return ctx.fill();
}

function drawBands(ctx, p, t, { quantiles }, past) {
  const { bands } = levelsOf(quantiles);
  ctx.fillStyle = t.value(arm(0).color);
  ctx.globalAlpha = 0.3 / Math.sqrt(bands.length);
  for (const [low, high] of bands) {
    const edge = (list) => list.map((v, i) => [p.x(past + i), p.y(v)]);
    const around = [...edge(quantiles[high]), ...edge(quantiles[low]).reverse()];
    ctx.beginPath();
    around.forEach(([x, y], i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
    ctx.fill();
  }
  ctx.globalAlpha = 1;
}

/** A feature that is known for the past and ahead stands at the foot, as high as it is large. */
function drawFeature(ctx, p, t, feature) {
  const largest = Math.max(...numbers(feature).map(Math.abs), 0);
  if (!largest) return;
  const wide = Math.max(1, Math.min(0.25 * t.rem, p.x(1) - p.x(0) - 1));
  ctx.fillStyle = t.edge;
  feature.forEach((v, i) => {
    const tall = (0.625 * t.rem * Math.abs(v)) / largest;
    ctx.fillRect(p.x(i) - wide / 2, p.top + p.height - tall, wide, tall);
  });
}

function drawCursor(ctx, p, t, series, past, cursor) {
  const x = p.x(past + cursor);
  line(ctx, t.ink, 1, [
    [x, p.top],
    [x, p.top + p.height],
  ]);
  for (const [value, color] of [
    [middleOf(series)[cursor], t.value(arm(0).color)],
    [series.truth?.[cursor], t.ink],
  ]) {
    if (!Number.isFinite(value)) continue;
    marker(ctx, 'circle', x, p.y(value), 0.25 * t.rem);
    ctx.fillStyle = color;
    ctx.fill();
  }
}
