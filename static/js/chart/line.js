// Live curves over steps, several at once: uPlot draws, this file joins the series, labels their ends and follows the
// theme.
import { useEffect, useRef, useState } from 'preact/hooks';
import { html } from 'htm/preact';
import { look } from '../state.js';
import { number } from '../format.js';
import { extent, marker, ticks, tickTexts, tokens } from './palette.js';
import { Figure } from './figure.js';

let library = null;
/** uPlot and its style sheet, fetched when the first chart needs them. */
function loadLibrary() {
  library ??= new Promise((resolve) => {
    const sheet = document.createElement('link');
    sheet.rel = 'stylesheet';
    sheet.href = new URL('../../vendor/uplot.css', import.meta.url);
    sheet.onload = sheet.onerror = resolve;
    document.head.append(sheet);
  })
    .then(() => import('uplot'))
    .then((module) => module.default);
  return library;
}

/** series: [{key, label, end, color: token name, dash, marker, faded, xs, ys, diverged: step or null}]; `end`: the label
 *  stands at its end. */
export function LineChart({ title, note, series, yLabel, xLabel = 'step', file, logarithmic, tools }) {
  const [log, setLog] = useState(null);
  const useLog = (log ?? logarithmic) && series.every((s) => s.ys.every((y) => y > 0));
  return html`<${Figure} title=${title} note=${note} file=${file} empty=${!series.some((s) => s.ys.length)}
    summary=${summary(series)} table=${() => tableOf(series, xLabel)}
    picture=${(cursor) => html`<${Curves} series=${series} yLabel=${yLabel} xLabel=${xLabel} log=${useLog}
      cursor=${cursor} />`}
    tools=${html`<label class="check"><input type="checkbox" checked=${log ?? Boolean(logarithmic)}
      onChange=${(e) => setLog(e.target.checked)} /> log scale</label>${tools}`} />`;
}

function summary(series) {
  const named = series.filter((s) => s.end && (s.ys.length || s.diverged !== null));
  if (!named.length) return 'The curves appear here, one point a step.';
  return named.map((s) => `${s.label}: ${endWords(s)}`).join('; ');
}

const endWords = ({ xs, ys, diverged }) =>
  diverged === null ? `${number(ys.at(-1))} at step ${number(xs.at(-1))}` : `diverged at step ${diverged}`;

/** uPlot wants one x for all: the union of the steps, holes where a series has none. */
function join(series) {
  const same = series.every((s) => s.xs.length === series[0].xs.length && s.xs.every((x, i) => x === series[0].xs[i]));
  if (!series.length) return [[]];
  if (same) return [series[0].xs, ...series.map((s) => s.ys)];
  const xs = [...new Set(series.flatMap((s) => s.xs))].sort((a, b) => a - b);
  const place = new Map(xs.map((x, i) => [x, i]));
  return [
    xs,
    ...series.map((s) => {
      const ys = new Array(xs.length).fill(undefined);
      s.xs.forEach((x, i) => (ys[place.get(x)] = s.ys[i]));
      return ys;
    }),
  ];
}

function tableOf(series, xLabel) {
  const [xs, ...columns] = join(series);
  return { columns: [xLabel, ...series.map((s) => s.label)], rows: xs.map((x, i) => [x, ...columns.map((c) => c[i])]) };
}

function Curves({ series, yLabel, xLabel, log, cursor }) {
  const box = useRef(null);
  const chart = useRef(null); // {u, key, series}
  const [ready, setReady] = useState(null);
  useEffect(() => {
    loadLibrary().then(
      (UPlot) => setReady(() => UPlot),
      () => setReady(null),
    );
  }, []);
  useEffect(() => {
    if (!ready) return;
    const key = `${series.map((s) => `${s.key}${s.faded}`).join()}|${log}|${yLabel}`;
    if (chart.current?.key !== key) {
      chart.current?.u.destroy();
      chart.current = { key, series };
      chart.current.u = build(ready, box.current, chart.current, { log, yLabel, xLabel });
    }
    chart.current.series = series;
    chart.current.u.setData(join(series));
    const { u } = chart.current;
    const x = cursor === null ? null : u.data[0][cursor];
    u.setCursor({ left: x === null || x === undefined ? -10 : u.valToPos(x, 'x'), top: 0 });
  });
  useEffect(() => {
    const size = () => chart.current?.u.setSize({ width: box.current.clientWidth, height: box.current.clientHeight });
    const watcher = new ResizeObserver(size);
    watcher.observe(box.current);
    const end = look.listen(() => {
      if (chart.current) chart.current.key = null;
      setReady((library) => library);
    });
    return () => {
      watcher.disconnect();
      end();
      chart.current?.u.destroy();
      chart.current = null;
    };
  }, []);
  return html`<div class="curves" ref=${box}></div>`;
}

function build(UPlot, box, held, { log, yLabel, xLabel }) {
  const t = tokens();
  const axis = (label, size, log) => ({
    label,
    labelFont: t.font,
    font: t.font,
    stroke: t.muted,
    size,
    labelSize: 1.5 * t.rem,
    gap: 0.25 * t.rem,
    labelGap: 0,
    grid: { stroke: t.line, width: 1, filter: log ? roundPowers : all },
    filter: log ? roundPowers : all,
    ticks: { show: false },
    values: (u, list) => (log ? list.map((v) => (v === null ? '' : number(v))) : tickTexts(list)),
  });
  const ends = held.series.some((s) => s.end);
  return new UPlot(
    {
      width: box.clientWidth,
      height: box.clientHeight,
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, y: false, points: { show: false } },
      padding: [0.5 * t.rem, ends ? labelRoom(held.series, t) : t.rem, 0, 0],
      scales: {
        x: { time: false, range: (u, low, high) => [low ?? 0, high > low ? high : (low ?? 0) + 1] },
        y: { distr: log ? 3 : 1, range: log ? undefined : room },
      },
      axes: [{ ...axis(xLabel, 1.75 * t.rem), incrs: WHOLE_STEPS }, { ...axis(yLabel, 4 * t.rem, log), ...(log ? {} : heights(t)) }],
      series: [
        {},
        ...held.series.map((s) => ({
          stroke: t.value(s.color),
          width: (s.faded ? 0.0625 : 0.125) * t.rem,
          dash: s.dash,
          alpha: s.faded ? 0.35 : 1,
          spanGaps: true,
          points: { show: false },
        })),
      ],
      hooks: { draw: [(u) => drawEnds(u, held.series, t)] },
    },
    [[], ...held.series.map(() => [])],
    box,
  );
}

const all = (u, splits) => splits;
/** Steps are counted: no tick between two of them. */
const WHOLE_STEPS = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((power) => [1, 2, 5].map((m) => m * 10 ** power));

/** Ticks of a linear axis upwards, of any size: what diverges passes what uPlot has steps for. */
const heights = (t) => ({
  incrs: Array.from({ length: 620 }, (_, i) => 10 ** (i - 310)).filter((v) => v > 0 && Number.isFinite(v)),
  splits: (u, axis, low, high) => ticks(low, high, Math.max(2, u.bbox.height / (devicePixelRatio || 1) / (2.5 * t.rem))),
});

/** On a log axis: powers of ten; the values between them only where few powers are in sight. */
function roundPowers(u, splits) {
  const powers = splits.filter((v) => Number.isInteger(Math.round(Math.log10(v) * 1e9) / 1e9));
  if (powers.length < 3) return splits.map((v) => (/^[125]/.test(v.toExponential()) ? v : null));
  const step = Math.ceil(powers.length / 7);
  return splits.map((v) => (powers.includes(v) && Math.round(Math.log10(v)) % step === 0 ? v : null));
}

/** A little air above and below; a flat line gets a band of its own. */
function room(u, low, high) {
  if (low === null || high === null) return [0, 1];
  const span = high - low || Math.abs(high) || 1;
  return [low - span * 0.05, high + span * 0.05];
}

function labelRoom(series, t) {
  const ctx = document.createElement('canvas').getContext('2d');
  ctx.font = t.font;
  return extent(series.filter((s) => s.end).map((s) => ctx.measureText(s.label).width))[1] + 1.25 * t.rem;
}

/** The newest point of each named series, its label beside it, labels pushed apart. */
function drawEnds(u, series, t) {
  const { ctx } = u;
  const ratio = devicePixelRatio || 1;
  const ends = series
    .filter((s) => s.end && s.ys.length)
    .map((s) => ({ s, x: u.valToPos(s.xs.at(-1), 'x', true), y: u.valToPos(s.ys.at(-1), 'y', true) }));
  ends.sort((a, b) => a.y - b.y);
  ctx.save();
  ctx.font = t.font.replace(/^[\d.]+/, (px) => px * ratio);
  ctx.textAlign = 'left';
  ctx.textBaseline = 'middle';
  let above = -Infinity;
  for (const end of ends) {
    ctx.fillStyle = t.value(end.s.color);
    marker(ctx, end.s.marker, end.x, end.y, 4 * ratio);
    ctx.fill();
    const y = Math.max(end.y, above + 1.1 * t.rem * ratio);
    above = y;
    ctx.fillStyle = t.ink;
    ctx.fillText(end.s.label, u.bbox.left + u.bbox.width + 0.5 * t.rem * ratio, y);
  }
  ctx.restore();
}
