// The objects in the two directions in which their vectors differ most: a point each, coloured by what was planted, moving
// as the model learns. The point under the reader is joined to its nearest neighbours in the full space.
import { useEffect, useRef, useState } from 'preact/hooks';
import { html } from 'htm/preact';
import { count, number } from '../format.js';
import { arm, extent, mark, marker } from './palette.js';
import { Canvas, line } from './canvas.js';
import { Figure } from './figure.js';
import { Moments, momentWords, useMoment } from './moments.js';

const GROUPS = 24; // that can be told apart; more are drawn in one colour
const NAMED = 60; // points that have their names beside them at most, the first ones first

/** embeddings: all that came so far, oldest first; `epochs`: how many there will be, where that is known. */
export function Embedding({ embeddings, epochs }) {
  const [sought, setSought] = useState('');
  const moment = useMoment(embeddings.length);
  const shown = embeddings[moment.at];
  const found = shown ? matches(shown.name, sought) : [];
  const places = useGlide(shown);
  const turned = embeddings.length > 0 && lies(embeddings.at(-1));
  const words = shown && momentWords('epoch', shown.epoch, epochs);
  const groups = groupsOf(shown);
  const trail = (i) => embeddings.slice(0, moment.at).filter((e) => e.name[i] === shown.name[i]).map((e) => [e.x[i], e.y[i]]);
  return html`<${Figure} title="Embedding" note=${shown && `${words}, ${count(shown.name.length, shown.side === 'words' ? 'word' : 'object')}`}
    file="embedding" shape="map" empty=${!shown?.name.length} summary=${summary(shown, found, sought)}
    table=${() => tableOf(shown)}
    picture=${(cursor, point) => html`<${Canvas} point=${point} draw=${(ctx, w, h, t) =>
      draw(ctx, w, h, t, { shown, places, turned: turned === h < w, groups, found, trail, focus: cursor ?? found[0] ?? null })} />`}
    tools=${html`<label class="check find-point">find <input class="input" type="search" autocomplete="off" value=${sought}
        disabled=${!shown} onInput=${(e) => setSought(e.target.value)} /></label>
      <${Moments} name="epoch" moment=${moment} text=${words} />${shown ? html`<${Groups} groups=${groups} />` : html`<p class="legend"></p>`}`} />`;
}

/** The points whose name holds the words; one that is called just that comes first. */
function matches(names, sought) {
  const words = sought.trim().toLowerCase();
  if (!words) return [];
  return names
    .map((name, i) => ({ name: name.toLowerCase(), i }))
    .filter(({ name }) => name.includes(words))
    .sort((a, b) => (b.name === words) - (a.name === words))
    .map(({ i }) => i);
}

function groupsOf(shown) {
  const all = [...new Set(shown?.group ?? [])].filter((g) => g >= 0).sort((a, b) => a - b);
  return all.length <= GROUPS ? all : [];
}

const percent = (part) => `${Math.round(100 * part)}%`;
const near = (shown, i) => shown.neighbours[i].map((k) => shown.name[k]).join(', ');

function summary(shown, found, sought) {
  if (!shown?.name.length) return 'What the model takes to be alike comes to lie together here.';
  if (sought.trim() && !found.length) return `None of the ${shown.name.length} is called that.`;
  if (found.length) {
    const others = found.length > 1 ? `; ${count(found.length - 1, 'more is', 'more are')} called so` : '';
    return `${shown.name[found[0]]} lies nearest to ${near(shown, found[0])}${others}.`;
  }
  const pure = typeof shown.purity === 'number' ? `; ${percent(shown.purity)} of the neighbours are of the same group` : '';
  return `The two axes hold ${percent(shown.explained)} of the variance${pure}.`;
}

const tableOf = (shown) => ({
  columns: ['object', 'group', 'nearest', 'first axis', 'second axis'],
  rows: shown.name.map((name, i) => [
    name,
    shown.group?.[i] >= 0 ? shown.group[i] : undefined,
    near(shown, i),
    shown.x[i],
    shown.y[i],
  ]),
});

const GLIDE = 200; // milliseconds

/** The places of the points on their way from one picture to the next; at once where motion is not wanted. */
function useGlide(shown) {
  const way = useRef({ shown: null, from: null, begun: 0 });
  const [, step] = useState(0);
  const now = performance.now();
  const held = way.current;
  if (held.shown !== shown) {
    const same = held.shown && shown && held.shown.name.length === shown.name.length && moves();
    way.current = { shown, from: same ? between(held, now) : null, begun: now };
  }
  const under = way.current.from !== null && now < way.current.begun + GLIDE;
  useEffect(() => {
    if (!under) return undefined;
    const frame = requestAnimationFrame(() => step((n) => n + 1));
    return () => cancelAnimationFrame(frame);
  });
  return shown ? between(way.current, now) : null;
}

const moves = () => !matchMedia('(prefers-reduced-motion: reduce)').matches;

function between({ shown, from, begun }, now) {
  const part = from ? Math.min(1, (now - begun) / GLIDE) : 1;
  if (part === 1) return { x: shown.x, y: shown.y };
  const eased = part * (2 - part);
  const mixed = (a, b) => a.map((v, i) => v + (b[i] - v) * eased);
  return { x: mixed(from.x, shown.x), y: mixed(from.y, shown.y) };
}

/** Whether they reach further up than across. */
function lies({ x, y }) {
  const span = ([low, high]) => high - low;
  return span(extent(y)) > span(extent(x));
}

/** Across and up; `turned`: the other way round, where the longer way of the points then lies along that of the canvas. */
const upright = ({ x, y }, turned) => (turned ? { x: y, y: x } : { x, y });

/** One scale for both directions, so that distances are what they look like. */
function scales(width, height, t, { x, y }) {
  const [across, up] = [extent(x), extent(y)];
  const room = 1.25 * t.rem;
  const span = ([low, high]) => high - low || 1;
  const unit = Math.min((width - 2 * room) / span(across), (height - 2 * room) / span(up));
  const middle = ([low, high]) => (low + high) / 2;
  return {
    x: (v) => width / 2 + (v - middle(across)) * unit,
    y: (v) => height / 2 - (v - middle(up)) * unit,
  };
}

function draw(ctx, width, height, t, { shown, places, turned, groups, found, trail, focus }) {
  const now = upright(places, turned);
  const p = scales(width, height, t, now);
  const at = now.x.map((x, i) => [p.x(x), p.y(now.y[i])]);
  const [row, others] = focus === null ? [null, []] : [Math.min(focus, at.length - 1), shown.neighbours[Math.min(focus, at.length - 1)]];
  ctx.strokeStyle = t.line;
  ctx.lineWidth = 1;
  ctx.strokeRect(0.5, 0.5, width - 1, height - 1);
  if (row !== null) {
    const past = [...trail(row).map(([x, y]) => (turned ? [p.x(y), p.y(x)] : [p.x(x), p.y(y)])), at[row]];
    ctx.globalAlpha = 0.5;
    if (past.length > 1) line(ctx, t.muted, 1, past);
    ctx.globalAlpha = 1;
    for (const k of others) line(ctx, t.ink, 1.5, [at[row], at[k]]);
  }
  const lit = new Set([row, ...others, ...found]);
  const looks = at.map((_, i) => lookOf(shown, groups, i));
  const r = (at.length > 150 ? 0.2 : 0.27) * t.rem;
  at.forEach(([x, y], i) => {
    ctx.globalAlpha = lit.size > 1 || found.length ? (lit.has(i) ? 1 : 0.3) : 0.9;
    mark(ctx, looks[i], x, y, r, t);
  });
  ctx.globalAlpha = 1;
  if (lit.size <= 1 && !found.length) scattered(ctx, t, { shown, rest: upright(shown, turned), at, width, height, r });
  for (const i of found) ring(ctx, t, at[i], r + 0.125 * t.rem, 1.5);
  if (row !== null) {
    ring(ctx, t, at[row], r + 0.1875 * t.rem, 2.5);
    names(ctx, t, [row, ...others], { at, shown, width, height });
  }
  return at;
}

function lookOf(shown, groups, i) {
  const k = groups.indexOf(shown.group?.[i] ?? -1);
  if (k >= 0) return arm(k);
  return groups.length ? { color: '--edge', marker: 'circle', hollow: true } : arm(0);
}

function ring(ctx, t, [x, y], r, width) {
  marker(ctx, 'circle', x, y, r);
  ctx.strokeStyle = t.ink;
  ctx.lineWidth = width;
  ctx.stroke();
}

const small = (t) => t.font.replace(/^[\d.]+/, (px) => String(0.857 * px));

/** Small names beside as many points as have room for one; which they are is decided where the points come to rest, so
 *  that none flickers on the way. */
function scattered(ctx, t, { shown, rest, at, width, height, r }) {
  const p = scales(width, height, t, rest);
  const [tall, gap] = [1.125 * t.rem, r + 0.1875 * t.rem];
  const taken = rest.x.map((x, i) => [p.x(x) - r, p.y(rest.y[i]) - r, p.x(x) + r, p.y(rest.y[i]) + r]);
  const free = ([left, top, right, bottom], own) =>
    left > 1 && right < width - 1 && !taken.some((o, k) => k !== own && left < o[2] && o[0] < right && top < o[3] && o[1] < bottom);
  ctx.font = small(t);
  ctx.fillStyle = t.muted;
  ctx.textBaseline = 'middle';
  for (let i = 0, named = 0; i < at.length && named < NAMED; i++) {
    const text = shorter(shown.name[i]);
    const wide = ctx.measureText(text).width;
    const [x, y] = [p.x(rest.x[i]), p.y(rest.y[i])];
    const room = (side) => {
      const left = side > 0 ? x + gap : x - gap - wide;
      return [left, y - tall / 2, left + wide, y + tall / 2];
    };
    const side = [1, -1].find((s) => free(room(s), i));
    if (!side) continue;
    taken.push(room(side));
    ctx.textAlign = side > 0 ? 'left' : 'right';
    ctx.fillText(text, at[i][0] + side * gap, at[i][1]);
    named++;
  }
}

/** Names beside their points, on a ground of their own, each pushed below those that it would lie on. */
function names(ctx, t, list, { at, shown, width, height }) {
  ctx.textAlign = 'left';
  ctx.textBaseline = 'middle';
  const tall = 1.25 * t.rem;
  const taken = [];
  for (const [rank, i] of list.entries()) {
    ctx.font = rank ? t.font : `600 ${t.font}`;
    const text = shorter(shown.name[i]);
    const wide = ctx.measureText(text).width + 0.5 * t.rem;
    const [px, py] = at[i];
    const x = px + 0.5 * t.rem + wide < width ? px + 0.5 * t.rem : Math.max(2, px - 0.5 * t.rem - wide);
    let y = Math.max(tall / 2 + 2, Math.min(py, height - tall / 2 - 2));
    const hit = () => taken.find((o) => x < o.x + o.wide && o.x < x + wide && Math.abs(y - o.y) < tall);
    for (let turns = 0; hit() && turns < 12; turns++) y = hit().y + tall + 1;
    if (y > height - tall / 2) continue;
    taken.push({ x, y, wide });
    ctx.globalAlpha = 0.85;
    ctx.fillStyle = t.surface;
    ctx.fillRect(x, y - tall / 2, wide, tall);
    ctx.globalAlpha = 1;
    ctx.fillStyle = t.ink;
    ctx.fillText(text, x + 0.25 * t.rem, y);
  }
}

const shorter = (name) => (name.length > 32 ? `${name.slice(0, 31)}\u2026` : name);

function Groups({ groups }) {
  if (!groups.length) return null;
  return html`<ul class="legend" aria-label="Markers of the groups"><li>group</li>${groups.map(
    (g, k) => html`<li key=${g}><${Canvas} class="legend-mark" draw=${(ctx, w, h, t) =>
      mark(ctx, arm(k), w / 2, h / 2, 0.28 * t.rem, t)} /> ${g}</li>`,
  )}</ul>`;
}
