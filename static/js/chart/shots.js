// Images with boxes over them: true ones dashed, those found solid, with class and score. What is found is judged as mAP
// judges it: from the highest score on, a box is right when the true one of its class that it overlaps most is
// overlapped enough and taken by no other.
import { html } from 'htm/preact';
import { arm } from './palette.js';

const areaOf = ([left, top, right, bottom]) => Math.max(0, right - left) * Math.max(0, bottom - top);

/** Intersection over union of two boxes [left, top, right, bottom]. */
export function overlap(a, b) {
  const shared = areaOf([Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])]);
  return shared / (areaOf(a) + areaOf(b) - shared || 1);
}

/** What of `found` [[class, score, ...box]..] stands from `threshold` on, the highest score first, each with the true box
 *  it hits or -1: {found: [{index, kind, score, box, hit}], hit: for each true box whether it was}. `truth`: null where
 *  nobody knows it. */
export function judged(found, truth, threshold, least = 0.5) {
  const taken = (truth ?? []).map(() => false);
  const order = found
    .map(([kind, score, ...box], index) => ({ index, kind, score, box, hit: -1 }))
    .filter((f) => f.score >= threshold)
    .sort((a, b) => b.score - a.score);
  for (const f of order) {
    const parts = (truth ?? []).map(([kind, ...box]) => (kind === f.kind ? overlap(f.box, box) : 0));
    const best = parts.indexOf(Math.max(...parts));
    if (best < 0 || parts[best] <= least || taken[best]) continue;
    f.hit = best;
    taken[best] = true;
  }
  return { found: order, hit: taken };
}

const FAINT = 0.12; // of a box below the threshold: it can still be seen to come

/** The pixels that an image of that shape takes in a square of that side. */
export function fitted({ width, height }, side) {
  const scale = side / Math.max(width, height);
  return [width * scale, height * scale];
}

const LETTER = 0.42; // rem, about: of the small type
const TALL = 1.125;
const COVERED = 0.06; // of a text: its edge

/** Where the text of each box stands, in pixels of the image, the highest score first: above it, below it or inside, on
 *  either side, where it covers no other text; null where there is no such place. */
function placed(texts, [width, height], rem) {
  const taken = [];
  return texts.map(({ box: [left, top, right, bottom], text }) => {
    const [wide, tall] = [(LETTER * text.length + 0.75) * rem, TALL * rem];
    const [l, t, r, b] = [left * width, top * height, right * width, bottom * height];
    const spots = [[l, t - tall], [r - wide, t - tall], [l, b], [r - wide, b], [l, t], [l, b - tall]].map(([x, y]) => [
      Math.max(0, Math.min(x, width - wide)),
      Math.max(0, Math.min(y, height - tall)),
    ]);
    const covered = ([x, y]) =>
      taken.reduce((sum, o) => sum + Math.max(0, Math.min(x + wide, o.x + o.wide) - Math.max(x, o.x)) * Math.max(0, Math.min(y + tall, o.y + tall) - Math.max(y, o.y)), 0);
    const free = spots.find((spot) => covered(spot) < COVERED * wide * tall);
    if (!free) return null;
    const [x, y] = free;
    taken.push({ x, y, wide });
    return { x, y };
  });
}

/** An image in a square of `side` pixels. `verdict`: of `judged`; `lit`: {kind: 'found' or 'true', index} of the box under
 *  the reader; enter(kind, index): the pointer came to one. */
export function Shot({ src, width, height, name, truth, found, threshold, verdict, classes, lit, enter, side, rem }) {
  const [wide, tall] = fitted({ width, height }, side);
  const isLit = (kind, index) => lit?.kind === kind && lit.index === index;
  const texts = verdict.found.map((f) => ({ ...f, text: `${nameOf(classes, f.kind)} ${f.score.toFixed(2)}${truth && f.hit < 0 ? ' \u2717' : ''}` }));
  const spots = placed(texts, [wide, tall], rem);
  return html`<div class="shot" style=${{ width: `${side}px`, height: `${side}px` }}><div class="shot-frame" style=${{ width: `${wide}px`, height: `${tall}px` }}>
    <img class=${Math.max(width, height) < 100 ? 'shot-image coarse' : 'shot-image'} src=${src} alt="" draggable=${false} title=${name} />
    ${found.map(([kind, score, ...box], i) => score < threshold && html`<${Box} key=${`b${i}`} box=${box} kind=${kind} class="found below" opacity=${FAINT} />`)}
    ${verdict.found.slice().reverse().map(
      (f) => html`<${Box} key=${`f${f.index}`} box=${f.box} kind=${f.kind} class="found" opacity=${1} lit=${isLit('found', f.index)}
        enter=${enter && (() => enter('found', f.index))} />`,
    )}
    ${(truth ?? []).map(
      ([kind, ...box], i) => html`<${Box} key=${`t${i}`} box=${box} kind=${kind} class="true" opacity=${1} lit=${isLit('true', i)}
        enter=${enter && (() => enter('true', i))} />`,
    )}
    ${texts.map(
      ({ text, kind, index }, i) => spots[i] && html`<span key=${`w${index}`} class=${isLit('found', index) ? 'box-text lit' : 'box-text'}
        style=${{ left: `${spots[i].x}px`, top: `${spots[i].y}px`, '--color': `var(${arm(kind).color})` }}>${text}</span>`,
    )}
  </div></div>`;
}

export const nameOf = (classes, kind) => classes?.[kind] ?? `class ${kind}`;

/** Not so when a box went by under a pointer at rest. */
const moved = (event) => event.movementX !== 0 || event.movementY !== 0;

function Box({ box: [left, top, right, bottom], kind, class: name, opacity, lit, enter }) {
  const place = { left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * (right - left)}%`, height: `${100 * (bottom - top)}%` };
  return html`<span class=${`box ${name}${lit ? ' lit' : ''}`} style=${{ ...place, opacity, '--color': `var(${arm(kind).color})` }}
    onPointerMove=${enter && ((e) => moved(e) && enter())}></span>`;
}

/** The slider of the confidence from which a box counts. */
export function Threshold({ value, set, file }) {
  return html`<label class="check moments confidence">confidence <input type="range" min="0.05" max="0.99" step="0.01" value=${String(value)}
      data-of=${file} aria-valuetext=${`boxes from ${value.toFixed(2)} on`} onInput=${(e) => set(Number(e.target.value))} />
    <output class="threshold">${value.toFixed(2)}</output></label>`;
}

export const Keys = ({ truth = true }) => html`<ul class="legend words-legend" aria-label="Marks of the boxes">
  ${truth && html`<li><span class="box-key true"></span> true</li>`}<li><span class="box-key found"></span> found, with its score</li>
  ${truth && html`<li>\u2717 a false alarm</li>`}<li><span class="box-key found below"></span> found, below the threshold</li></ul>`;
