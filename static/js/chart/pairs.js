// The verdict chart: on the left each seed as a line from arm to arm, on the right each seed's difference as a dot,
// with the mean, its interval and the band that does not matter. All seeds are drawn.
import { html } from 'htm/preact';
import { count, signed } from '../format.js';
import { arm, extent, ticks, tickTexts, tokens } from './palette.js';
import { Figure } from './figure.js';
import { Sized } from './sized.js';

/** data: the event's {metric, rows, mean, low, high} or null; arms: [{label}]; band: what does not matter. */
export function Pairs({ title, note, data, arms, band, label, file }) {
  return html`<${Figure} title=${title} note=${note} file=${file} empty=${!data?.rows.length}
    summary=${summary(data, arms)} table=${() => tableOf(data, arms)}
    picture=${(cursor) => html`<${Sized} draw=${(size) => html`<${Drawing} at=${layout(size, arms)} data=${data}
      arms=${arms} band=${band} label=${label} cursor=${cursor} />`} />`} />`;
}

function summary(data, arms) {
  if (!data?.rows.length) return 'A line for every seed as it finishes, and the mean of the differences.';
  const better = data.rows.filter((r) => r.difference > 0).length;
  const interval = Number.isFinite(data.low) ? ` [${signed(data.low)}, ${signed(data.high)}]` : '';
  return `${count(data.rows.length, 'seed')}; ${arms[1].label} is higher in ${better}. Mean difference ${signed(data.mean)}${interval}.`;
}

function tableOf(data, arms) {
  const names = arms.map((a) => a.label);
  const rows = (data?.rows ?? []).map((r) => [
    r.seed,
    ...r.values,
    r.difference,
    ...(r.chosen ?? []),
    ...(r.diverged ?? []).map((d) => (d ? 'yes' : 'no')),
  ]);
  return {
    columns: [
      'seed',
      ...names,
      'difference',
      ...names.map((n) => `tuned value, ${n}`),
      ...names.map((n) => `diverged, ${n}`),
    ],
    rows,
  };
}

// Metrics between 0 and 1: no difference of theirs lies beyond ±1, though the interval of two seeds may reach there.
const SHARE = /accuracy|precision|recall|f_beta|f_?1|auc|ndcg|mAP/;
const within = (metric) => (SHARE.test(metric) ? (v) => Math.min(1, Math.max(-1, v)) : (v) => v);

const finite = (values) => values.filter((v) => Number.isFinite(v));

/** Whether the names over the two posts and over the differences come too near to each other on one line. */
function crowded(arms, between, beyond) {
  const ctx = document.createElement('canvas').getContext('2d');
  const t = tokens();
  ctx.font = `600 ${t.font}`;
  const [a, b, c] = [arms[0].label, arms[1].label, 'difference'].map((text) => ctx.measureText(text).width);
  return (a + b) / 2 + 0.5 * t.rem > between || (b + c) / 2 + 0.5 * t.rem > beyond;
}

/** Where things stand in a picture of that size; everything else asks this. */
function layout({ width, height, rem }, arms) {
  const inner = width - 7 * rem; // left and right numbers
  const left = 3 * rem;
  const line = crowded(arms, 0.36 * inner, 0.34 * inner) ? rem : 0; // then the arms' names take a line each
  return {
    rem,
    width,
    height,
    names: [0.875 * rem, 0.875 * rem + line],
    top: 1.75 * rem + line,
    bottom: height - 1.75 * rem,
    left,
    a: left + 0.12 * inner,
    b: left + 0.48 * inner,
    from: left + 0.68 * inner,
    to: left + inner + 0.5 * rem,
  };
}

function scale(values, minimum, at) {
  let [low, high] = values.length ? extent(values) : [0, 1];
  if (high - low < minimum) [low, high] = [(low + high - minimum) / 2, (low + high + minimum) / 2];
  const room = (high - low) * 0.08;
  [low, high] = [low - room, high + room];
  return { y: (v) => at.bottom - ((v - low) / (high - low)) * (at.bottom - at.top), low, high };
}

function Drawing({ at, data, arms, band, label, cursor }) {
  const { rows } = data;
  const left = scale(finite(rows.flatMap((r) => r.values)), 0.02, at);
  const interval = finite([data.low, data.high]).map(within(data.metric));
  const right = scale(finite([0, -band, band, ...interval, ...rows.map((r) => r.difference)]), 0.02, at);
  return html`<svg class="pairs" viewBox=${`0 0 ${at.width} ${at.height}`} aria-hidden="true">
    <${Axis} x=${at.left} scale=${left} side="left" />
    <text class="axis" x="0" y=${at.height - 0.25 * at.rem}>${label}</text>
    ${[at.a, at.b].map((x, i) => html`<line class="post" x1=${x} x2=${x} y1=${at.top} y2=${at.bottom} /><text
      class="arm" x=${x} y=${at.names[i]} text-anchor="middle">${arms[i].label}</text>`)}
    ${rows.map((r, i) => html`<${Slope} key=${r.seed} at=${at} row=${r} y=${left.y} lit=${cursor === i}
      newest=${i === rows.length - 1} />`)}
    ${rows.length > 1 && html`<${Mean} at=${at} rows=${rows} y=${left.y} />`}
    <${Differences} at=${at} data=${data} interval=${interval} band=${band} scale=${right} cursor=${cursor} />
  </svg>`;
}

function Axis({ x, scale, side }) {
  const list = ticks(scale.low, scale.high, 5);
  const texts = tickTexts(list);
  return list.map(
    (v, i) =>
      html`<text class="axis" key=${v} x=${side === 'left' ? x - 6 : x + 6} y=${scale.y(v)} dy="0.35em"
        text-anchor=${side === 'left' ? 'end' : 'start'}>${side === 'right' && v > 0 ? '+' : ''}${texts[i]}</text>`,
  );
}

function Slope({ at, row, y, lit, newest }) {
  const heights = row.values.map((v, i) => (row.diverged?.[i] || !Number.isFinite(v) ? at.bottom : y(v)));
  return html`<g class=${lit ? 'seed lit' : newest ? 'seed newest' : 'seed'}>
    <line x1=${at.a} y1=${heights[0]} x2=${at.b} y2=${heights[1]} />
    ${heights.map((h, i) => (row.diverged?.[i] ? html`<${Diverged} x=${[at.a, at.b][i]} y=${h} />` : html`<${Dot}
      i=${i} x=${[at.a, at.b][i]} y=${h} />`))}
  </g>`;
}

function Dot({ i, x, y }) {
  const style = { fill: `var(${arm(i).color})` };
  return i
    ? html`<rect class="dot" style=${style} x=${x - 4} y=${y - 4} width="8" height="8" />`
    : html`<circle class="dot" style=${style} cx=${x} cy=${y} r="4.5" />`;
}

function Diverged({ x, y }) {
  return html`<path class="diverged" d=${`M${x - 5} ${y - 5}l10 10m0 -10l-10 10`} />`;
}

function Mean({ at, rows, y }) {
  const means = [0, 1].map((i) => {
    const values = finite(rows.map((r) => r.values[i]));
    return values.reduce((a, b) => a + b, 0) / values.length;
  });
  return (
    means.every(Number.isFinite) &&
    html`<line class="mean" x1=${at.a} y1=${y(means[0])} x2=${at.b} y2=${y(means[1])} />`
  );
}

/** The interval stands in the middle, the seeds' dots left and right of it, each at its own fixed place. */
function Differences({ at, data, interval, band, scale, cursor }) {
  const { y } = scale;
  const { rows } = data;
  const middle = (at.from + at.to) / 2;
  const reach = (at.to - at.from) / 2;
  const place = (i) => middle + (i % 2 ? 1 : -1) * reach * (0.3 + 0.13 * ((i >> 1) % 5));
  return html`<g>
    <rect class="band" x=${at.from} width=${at.to - at.from} y=${y(band)} height=${Math.max(1, y(-band) - y(band))} />
    <line class="zero" x1=${at.from} x2=${at.to} y1=${y(0)} y2=${y(0)} />
    <${Axis} x=${at.to} scale=${scale} side="right" />
    <text class="arm" x=${middle} y=${0.875 * at.rem} text-anchor="middle">difference</text>
    <text class="axis" x=${at.width} y=${at.height - 0.25 * at.rem} text-anchor="end">grey: too small to matter</text>
    ${rows.map((r, i) => Number.isFinite(r.difference) && html`<circle key=${r.seed}
      class=${cursor === i ? 'difference lit' : 'difference'} cx=${place(i)} cy=${y(r.difference)} r="4" />`)}
    ${
      rows.length > 1 &&
      interval.length === 2 &&
      html`<path class="interval" d=${`M${middle - 9} ${y(interval[1])}h18m-9 0V${y(interval[0])}m-9 0h18`} />`
    }
    ${Number.isFinite(data.mean) && html`<rect class="mean-mark" x=${middle - 7} y=${y(data.mean) - 3} width="14"
      height="6" />`}
  </g>`;
}
