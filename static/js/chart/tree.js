// One tree of the forest as it was grown: splits above, leaves below; lines as wide as the share of the cover.
import { useState } from 'preact/hooks';
import { html } from 'htm/preact';
import { count, number, signed } from '../format.js';
import { featureName } from './names.js';
import { arm } from './palette.js';
import { Canvas, line } from './canvas.js';
import { Figure } from './figure.js';

/** trees: all that came so far, oldest first. Follows the newest until the reader steps back. */
export function Tree({ trees }) {
  const [chosen, setChosen] = useState(null);
  const last = trees.length - 1;
  const at = chosen === null ? last : Math.min(chosen, last);
  const tree = trees[at];
  return html`<div class="picture-wide"><${Figure} title="Trees" note=${tree && titleOf(tree)} file="tree" empty=${!tree}
    summary=${tree ? summary(tree) : 'The newest tree is drawn here.'} table=${() => tableOf(tree)}
    picture=${(cursor) => html`<${Canvas} draw=${(ctx, w, h, t) => draw(ctx, w, h, t, tree, cursor)} />`}
    tools=${
      last > 0 &&
      html`<label class="check tree-round">tree <input type="range" min="0" max=${String(last)} value=${String(at)}
        aria-valuetext=${titleOf(tree)}
        onInput=${(e) => setChosen(Number(e.target.value) === last ? null : Number(e.target.value))} /></label>`
    } /></div>`;
}

const titleOf = (tree) => `round ${tree.round}${tree.class ? `, class ${tree.class}` : ''}`;
const isLeaf = (node) => node.left < 0;
const splitWords = (node) => `${featureName(node.feature)} < ${number(node.threshold)}`;

function summary({ nodes, cut }) {
  const leaves = nodes.filter(isLeaf).length;
  const start = isLeaf(nodes[0]) ? 'It does not split.' : `The first split is ${splitWords(nodes[0])}, gain ${number(nodes[0].gain)}.`;
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

function draw(ctx, width, height, t, { nodes }, cursor) {
  const { spots, leaves, depth } = placed(nodes);
  const slot = width / Math.max(1, leaves);
  const row = (height - 3.5 * t.rem) / Math.max(1, depth);
  const at = (id) => [(spots[id].across + 0.5) * slot, 1.25 * t.rem + spots[id].depth * row];
  const whole = nodes[0].cover || 1;
  nodes.forEach((node, id) => {
    if (!spots[id] || isLeaf(node)) return;
    for (const child of [node.left, node.right]) {
      if (!spots[child]) continue;
      const missing = (child === node.left) === Boolean(node.missing_left);
      ctx.setLineDash(missing ? [] : [5, 4]); // unbroken: where rows without the value go
      line(ctx, t.edge, 1 + (0.5 * t.rem * nodes[child].cover) / whole, [at(id), at(child)]);
    }
  });
  ctx.setLineDash([]);
  const largest = Math.max(...nodes.filter(isLeaf).map((n) => Math.abs(n.value)), 1e-12);
  nodes.forEach((node, id) => spots[id] && drawNode(ctx, t, node, at(id), { slot, leaves, width, largest, lit: cursor === id, depth: spots[id].depth }));
}

function drawNode(ctx, t, node, [x, y], { slot, width, largest, lit, depth }) {
  ctx.font = t.font;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  const leaf = isLeaf(node);
  const text = leaf ? signed(node.value, 2) : splitWords(node);
  const half = ctx.measureText(text).width / 2 + 0.375 * t.rem;
  const room = leaf ? slot : width / 2 ** depth;
  const fits = 2 * half < room;
  const side = fits ? half : Math.min(0.35 * t.rem, 0.4 * slot);
  const tall = fits ? 0.75 * t.rem : side;
  ctx.fillStyle = t.surface;
  ctx.fillRect(x - side, y - tall, 2 * side, 2 * tall);
  if (leaf) {
    ctx.globalAlpha = (fits ? 0.15 : 0.4) + (0.35 * Math.abs(node.value)) / largest;
    ctx.fillStyle = t.value(arm(node.value < 0 ? 1 : 0).color);
    ctx.fillRect(x - side, y - tall, 2 * side, 2 * tall);
    ctx.globalAlpha = 1;
  }
  ctx.strokeStyle = lit ? t.ink : t.edge;
  ctx.lineWidth = lit ? 3 : 1;
  ctx.strokeRect(x - side, y - tall, 2 * side, 2 * tall);
  ctx.fillStyle = t.ink;
  if (fits) ctx.fillText(text, Math.min(width - half, Math.max(half, x)), y);
}
