// One tree of the forest as it was grown: splits above, leaves below; lines as wide as the share of the cover.
import { html } from 'htm/preact';
import { count, number, signed } from '../format.js';
import { featureName } from './names.js';
import { arm, marker, mix, rgb } from './palette.js';
import { Canvas, line } from './canvas.js';
import { Figure } from './figure.js';
import { Moments, useMoment } from './moments.js';

/** trees: all that came so far, oldest first. Follows the newest until the reader steps through them. */
export function Tree({ trees }) {
  const moment = useMoment(trees.length);
  const tree = trees[moment.at];
  return html`<${Figure} title="Trees" note=${tree && titleOf(tree)} file="tree" empty=${!tree}
    summary=${tree ? summary(tree) : 'The newest tree is drawn here.'} table=${() => tableOf(tree)}
    picture=${(cursor, point) => html`<${Canvas} point=${point}
      draw=${(ctx, w, h, t) => draw(ctx, w, h, t, tree, cursor)} />`}
    tools=${html`<${Moments} name="tree" moment=${moment} text=${tree && titleOf(tree)} />
        <p class="quiet tree-legend">Left: yes. Wide: many rows. \u25cb: the way of rows without the value.</p>`} />`;
}

const titleOf = (tree) => `round ${tree.round}${tree.class ? `, class ${tree.class}` : ''}`;
const isLeaf = (node) => node.left < 0;
const splitWords = (node) => `${featureName(node.feature)} < ${number(node.threshold)}`;

function summary({ nodes, cut }) {
  const leaves = nodes.filter(isLeaf).length;
  const [root] = nodes;
  const start = isLeaf(root)
    ? 'It does not split.'
    : `The first split is ${splitWords(root)}, gain ${number(root.gain)}.`;
  return `${count(leaves, 'leaf', 'leaves')}${cut ? ' shown, the tree has more' : ''}. ${start}`;
}

const tableOf = ({ nodes }) => ({
  columns: ['node', 'split', 'missing goes', 'gain', 'cover', 'value of the leaf', 'yes', 'no'],
  rows: nodes.map((n, i) =>
    isLeaf(n)
      ? [i, 'leaf', undefined, undefined, n.cover, n.value, undefined, undefined]
      : [i, splitWords(n), n.missing_left ? 'yes' : 'no', n.gain, n.cover, undefined, n.left, n.right],
  ),
});

/** Where each node stands, in leaves across and levels down; walked with an own stack, parents after their children. */
function placed(nodes) {
  const spots = nodes.map(() => null);
  const stack = [{ id: 0, depth: 0, seen: false }];
  let leaves = 0;
  while (stack.length) {
    const { id, depth, seen } = stack.pop();
    const node = nodes[id];
    if (!node || (spots[id] && !seen)) continue;
    const below = [node.left, node.right].filter((k) => k >= 0 && k < nodes.length);
    if (!below.length) spots[id] = { across: leaves++, depth };
    else if (seen) {
      const known = below.map((k) => spots[k]?.across).filter((v) => v !== undefined);
      spots[id] = { across: known.reduce((a, b) => a + b, 0) / known.length, depth };
    } else {
      stack.push({ id, depth, seen: true });
      for (const k of below.reverse()) stack.push({ id: k, depth: depth + 1, seen: false });
    }
  }
  return { spots, leaves, depth: Math.max(...spots.map((s) => s?.depth ?? 0)) };
}

/** Draws the tree; returns where its nodes stand. */
function draw(ctx, width, height, t, { nodes }, cursor) {
  const { spots, leaves, depth } = placed(nodes);
  const slot = width / Math.max(1, leaves);
  const row = (height - 3.5 * t.rem) / Math.max(1, depth);
  const places = spots.map((s) => s && [(s.across + 0.5) * slot, 1.75 * t.rem + s.depth * row]);
  const rooms = roomsOf(spots, places, width);
  const largest = Math.max(...nodes.filter(isLeaf).map((n) => Math.abs(n.value)), 1e-12);
  nodes.forEach((node, id) => {
    if (places[id] && !isLeaf(node)) drawBranches(ctx, t, nodes, id, places);
  });
  nodes.forEach((node, id) => {
    if (!places[id]) return;
    const look = { room: rooms[id], width, lit: cursor === id };
    if (isLeaf(node)) drawLeaf(ctx, t, node, places[id], { ...look, largest });
    else drawSplit(ctx, t, node, places[id], look);
  });
  return places;
}

/** How wide each node may be: as far as its nearest neighbour on the same level. */
function roomsOf(spots, places, width) {
  const rooms = spots.map(() => width);
  const levels = new Map();
  spots.forEach((s, id) => s && levels.set(s.depth, [...(levels.get(s.depth) ?? []), id]));
  for (const ids of levels.values()) {
    ids.sort((a, b) => places[a][0] - places[b][0]);
    for (let i = 1; i < ids.length; i++) {
      const gap = places[ids[i]][0] - places[ids[i - 1]][0];
      rooms[ids[i - 1]] = Math.min(rooms[ids[i - 1]], gap);
      rooms[ids[i]] = gap;
    }
  }
  return rooms;
}

/** To the left: yes. As wide as the share of the rows; a ring on the way that rows without the value take. */
function drawBranches(ctx, t, nodes, id, places) {
  const node = nodes[id];
  const whole = nodes[0].cover || 1;
  for (const child of [node.left, node.right]) {
    if (!places[child]) continue;
    const [from, to] = [places[id], places[child]];
    ctx.globalAlpha = 0.55;
    line(ctx, t.edge, 0.0625 * t.rem + (0.6 * t.rem * nodes[child].cover) / whole, [from, to]);
    ctx.globalAlpha = 1;
    if ((child === node.left) !== Boolean(node.missing_left)) continue;
    const [x, y] = [0, 1].map((k) => from[k] + 0.5 * (to[k] - from[k]));
    marker(ctx, 'circle', x, y, 0.22 * t.rem);
    ctx.fillStyle = t.surface;
    ctx.fill();
    ctx.strokeStyle = t.ink;
    ctx.lineWidth = 1.25;
    ctx.stroke();
  }
}

function drawSplit(ctx, t, node, [x, y], { room, width, lit }) {
  ctx.font = t.font;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  const lines = [splitWords(node), `gain ${number(node.gain)}`];
  const half = Math.max(...lines.map((text) => ctx.measureText(text).width)) / 2 + 0.375 * t.rem;
  const fits = 2 * half < room - 0.25 * t.rem;
  const side = fits ? half : Math.min(0.35 * t.rem, 0.4 * room);
  const tall = fits ? 1.25 * t.rem : side;
  const middle = fits ? Math.min(width - half - 1, Math.max(half + 1, x)) : x;
  box(ctx, [middle - side, y - tall, 2 * side, 2 * tall], t.surface, lit ? t.ink : t.edge, lit);
  if (!fits) return;
  ctx.fillStyle = t.ink;
  ctx.fillText(lines[0], middle, y - 0.55 * t.rem);
  ctx.fillStyle = t.muted;
  ctx.fillText(lines[1], middle, y + 0.55 * t.rem);
}

/** Its value lies across where there is room, else upright, else it is only coloured. */
function drawLeaf(ctx, t, node, [x, y], { room, width, largest, lit }) {
  ctx.font = t.font;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  const text = signed(node.value, 2);
  const long = ctx.measureText(text).width / 2 + 0.25 * t.rem;
  const upright = 2 * long > room - 2 && room > 1.1 * t.rem;
  const bare = 2 * long > room - 2 && !upright;
  const side = bare ? 0.42 * room : upright ? 0.5 * t.rem : long;
  const tall = upright ? long : 0.7 * t.rem;
  const middle = Math.min(width - side - 1, Math.max(side + 1, x));
  const share = 0.1 + (0.45 * Math.abs(node.value)) / largest;
  const color = mix(rgb(t.surface), rgb(t.value(arm(node.value < 0 ? 1 : 0).color)), share);
  const fill = `rgb(${color.map(Math.round).join(' ')})`;
  box(ctx, [middle - side, y - tall, 2 * side, 2 * tall], fill, lit ? t.ink : t.edge, lit);
  ctx.fillStyle = t.ink;
  if (bare) return;
  ctx.save();
  ctx.translate(middle, y);
  if (upright) ctx.rotate(-Math.PI / 2);
  ctx.fillText(text, 0, 0);
  ctx.restore();
}

function box(ctx, [x, y, w, h], fill, stroke, lit) {
  ctx.fillStyle = fill;
  ctx.fillRect(x, y, w, h);
  ctx.strokeStyle = stroke;
  ctx.lineWidth = lit ? 3 : 1;
  ctx.strokeRect(x, y, w, h);
}
