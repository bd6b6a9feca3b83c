// What is expected of several series, each in its own small picture, epoch after epoch.
import { html } from 'htm/preact';
import { count, number } from '../format.js';
import { arm } from './palette.js';
import { Canvas, line } from './canvas.js';
import { aheadOf, drawFan, levelsOf, reach, timeWords } from './fan.js';
import { Figure } from './figure.js';
import { Moments, momentWords, useMoment } from './moments.js';

/** forecasts: all that came so far, oldest first; `epochs`: how many there will be, where that is known. */
export function Forecast({ forecasts, epochs }) {
  const moment = useMoment(forecasts.length);
  const shown = forecasts[moment.at];
  const words = shown && momentWords('epoch', shown.epoch, epochs);
  return html`<${Fans} title="Forecasts" note=${words} file="forecasts" forecast=${shown} newest=${forecasts.at(-1)}
    tools=${html`<${Moments} name="epoch" moment=${moment} text=${words} />`} />`;
}

/** The same of an answer: {freq, series}. `newest` decides the heights, so that they stay while the reader goes back. */
export function Fans({ title, note, file, forecast, newest = forecast, tools }) {
  const ranges = newest?.series.map(reach) ?? [];
  return html`<${Figure} title=${title} note=${note} file=${file} shape="fans" empty=${!forecast?.series.length}
    summary=${summary(forecast)} table=${() => tableOf(forecast)}
    picture=${(cursor, point) => html`<div class="fans" aria-hidden="true">${placed(forecast).map(
      ({ series, from, steps }, k) => html`<${Panel} key=${k} series=${series} freq=${forecast.freq} range=${ranges[k]}
        cursor=${cursor !== null && cursor >= from && cursor < from + steps ? cursor - from : null}
        point=${(step) => point(step === null ? null : from + step)} />`,
    )}</div>`}
    tools=${html`${tools}<${Keys} forecast=${forecast} />`} />`;
}

function Panel({ series, freq, range, cursor, point }) {
  return html`<div class="fan"><div class="fan-head"><span class="fan-name">${series.name}</span> <span
    class="quiet">${judgement(series)}</span></div><${Canvas} point=${point}
    draw=${(ctx, w, h, t) => drawFan(ctx, w, h, t, series, { freq, range, cursor })} /></div>`;
}

const share = (part) => `${Math.round(100 * part)}%`;
/** JSON's null: not known. */
const known = (value) => typeof value === 'number';

/** How good one is: "83% inside, wQL 0.12"; nothing where the truth is not known. */
const judgement = ({ inside, wql }) =>
  [known(inside) && `${share(inside)} inside`, known(wql) && `wQL ${number(wql, 2)}`].filter(Boolean).join(', ');

const mean = (list) => list.reduce((a, b) => a + b, 0) / list.length;

function summary(forecast) {
  if (!forecast?.series.length) return 'What the model expects of a few series, and what came, appears here.';
  const { series } = forecast;
  const { bands } = levelsOf(series[0].quantiles);
  const [inside, wql] = ['inside', 'wql'].map((name) => series.map((s) => s[name]).filter(known));
  const band = bands.length ? ` between ${bands[0].join(' and ')}` : '';
  return `${[
    count(series.length, 'series', 'series'),
    inside.length && `${share(mean(inside))} of what came lies${band}`,
    wql.length && `mean wQL ${number(mean(wql))}, lower is better`,
  ]
    .filter(Boolean)
    .join('; ')}.`;
}

/** Each series with the row of the table that its first step ahead has. */
function placed({ series }) {
  let from = 0;
  return series.map((s) => {
    const steps = aheadOf(s);
    from += steps;
    return { series: s, steps, from: from - steps };
  });
}

function tableOf(forecast) {
  const { levels } = levelsOf(forecast.series[0].quantiles);
  const rows = placed(forecast).flatMap(({ series: s, steps }) =>
    Array.from({ length: steps }, (_, i) => [
      s.name,
      timeWords(s.start, forecast.freq, s.history.length + i),
      s.truth?.[i] ?? undefined,
      ...levels.map((level) => s.quantiles[level]?.[i]),
      s.mean?.[i],
    ]),
  );
  return { columns: ['series', 'time', 'truth', ...levels.map((level) => `quantile ${level}`), 'mean'], rows };
}

const KEYS = {
  past: (ctx, w, h, t) => stroke(ctx, w, h, t.muted, 1.25),
  truth: (ctx, w, h, t) => stroke(ctx, w, h, t.ink, 1.75),
  middle: (ctx, w, h, t) => stroke(ctx, w, h, t.value(arm(0).color), 2.5),
  band(ctx, w, h, t) {
    ctx.globalAlpha = 0.3;
    ctx.fillStyle = t.value(arm(0).color);
    ctx.fillRect(0, h / 4, w, h / 2);
    ctx.globalAlpha = 1;
  },
  feature(ctx, w, h, t) {
    ctx.fillStyle = t.edge;
    for (const x of [0.2, 0.5, 0.8]) ctx.fillRect(w * x - 1, h * 0.3, 2, h * 0.6);
  },
};
const stroke = (ctx, w, h, color, width) => line(ctx, color, width, [[0, h / 2], [w, h / 2]]);

function Keys({ forecast }) {
  const first = forecast?.series[0];
  if (!first) return html`<p class="legend"></p>`; // its place
  const { bands, middle } = levelsOf(first.quantiles);
  const keys = [
    ['past', 'past'],
    forecast.series.some((s) => s.truth) && ['truth', 'what came'],
    ['middle', middle ? 'median' : 'mean'],
    bands.length && ['band', bands.map((b) => b.join('\u2013')).join(', ')],
    forecast.series.some((s) => s.feature) && ['feature', 'dynamic feature'],
  ].filter(Boolean);
  return html`<ul class="legend" aria-label="What is drawn">${keys.map(
    ([kind, text]) => html`<li key=${kind}><${Canvas} class="legend-key" draw=${KEYS[kind]} /> ${text}</li>`,
  )}</ul>`;
}
