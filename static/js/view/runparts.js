// What every page with a run shows: where it stands, what went wrong, the numbers, how to repeat it.
import { html } from 'htm/preact';
import { metric, number, plain, seconds } from '../format.js';
import { useElapsed } from '../stream.js';
import { CopyLine, Icon, Notice } from './parts.js';

const WORDS = {
  connecting: 'Connecting',
  running: 'Running',
  done: 'Done',
  failed: 'Failed',
  stopped: 'Stopped',
  gone: 'No longer kept',
};

/** One line of fixed height: state, time, and `children` for what the page adds. */
export function RunState({ run, children }) {
  const running = run?.status === 'running';
  const elapsed = useElapsed(running, run?.time ?? 0);
  if (!run) return html`<p class="run-state quiet">${children ?? 'Not started'}</p>`;
  const words = run.status === 'queued' ? queueWords(run) : run.diverged ? 'Diverged' : WORDS[run.status];
  const time = running ? seconds(elapsed) : run.end ? seconds(run.end.t ?? run.time) : '';
  return html`<p class="run-state" data-status=${run.status}>
    <span class=${running ? 'pulse' : 'pulse pulse-off'} aria-hidden="true"></span>
    <strong>${words}</strong> ${time && html`<span class="quiet">${time}</span>`}
    ${run.broken && html`<span class="bad">connection lost, taking it up again</span>`} <span
      class="quiet">${children}</span>
  </p>`;
}

function queueWords({ position, aheadSeconds }) {
  const wait = aheadSeconds ? `, about ${seconds(aheadSeconds)}` : '';
  return position ? `Waiting, place ${position} in the queue${wait}` : 'Waiting for a free place';
}

/** What, where, what to do: for a run that failed. That a training which diverged leaves no model is said by Diverged. */
export function RunError({ run }) {
  if (!run?.error || run.diverged || ['done', 'gone'].includes(run.status)) return null;
  const { what, where, fix } = run.error;
  return html`<div class="run-error" role="alert">
    <p class="run-error-title"><${Icon}
      name="warning" /> ${run.status === 'stopped' ? 'The run was stopped' : 'The run failed'}</p>
    <dl>
      <div><dt>what</dt><dd>${what}</dd></div>
      ${where && html`<div><dt>where</dt><dd><code>${where}</code></dd></div>`}
      ${fix && html`<div><dt>what to do</dt><dd>${fix}</dd></div>`}
    </dl>
  </div>`;
}

/** The server forgets its runs when it is restarted, and old ones in time; what was drawn of it stays. */
export function Lost({ run }) {
  if (run?.status !== 'gone') return null;
  return html`<${Notice} kind="bad" title="This run is no longer kept">The server was restarted, or the run ended long
    ago. Start it again.<//>`;
}

/** A training that ran to its end and yet learned nothing: the engine's own sentence, "... Lower learning_rate ..". */
export function Diverged({ run }) {
  if (!run?.diverged) return null;
  const [where, why = ''] = run.diverged.split(/: (.*)/s);
  return html`<${Notice} kind="bad" title=${`The training ${where}`}>${why.charAt(0).toUpperCase()}${why.slice(1)}${run.status === 'failed' && ' It leaves no model.'}<//>`;
}

const SPLITS = ['train', 'validation', 'test'];

/** What is not measured on a split ("leaves", "best:test:rmse") keeps its whole name and has a column of its own. */
function placeOf(name) {
  const { split, own } = metric(name);
  return SPLITS.includes(split) ? { split, own } : { split: '', own: name };
}

/** Metrics as the service names them, split:metric, a column for each split. `values`: [[name, value]..]. */
export function Metrics({ values: all, caption }) {
  const values = all.filter(([name]) => name !== 'diverged_at_step'); // said in words above
  const rows = new Map();
  for (const [name, value] of values) {
    const { split, own } = placeOf(name);
    if (!rows.has(own)) rows.set(own, {});
    rows.get(own)[split] = value;
  }
  const splits = [...SPLITS, ''].filter((s) => values.some(([name]) => placeOf(name).split === s));
  return html`<div class="table-wrap" tabindex="0" role="region" aria-label=${caption}><table class="metrics">
    <caption>${caption}</caption>
    <thead><tr><th scope="col">metric</th>${splits.map((s) => html`<th scope="col" class="number" key=${s}>
      ${s ? html`<code>${s}:</code>` : 'value'}</th>`)}<th scope="col" class="wide-only">direction</th></tr></thead>
    <tbody>${[...rows].map(
      ([own, found]) => html`<tr key=${own}>
      <th scope="row"><code title=${plain(own)}>${breakable(own)}</code></th>
      ${splits.map((s) => html`<td class="number" key=${s}>${s in found ? measured(found[s]) : ''}</td>`)}
      <td class="quiet wide-only">${metric(own).direction}</td>
    </tr>`,
    )}</tbody>
  </table></div>`;
}

/** JSON has no NaN and no infinity: the engine writes null for both. */
const measured = (value) => (Number.isFinite(value) ? number(value, 4) : 'not a number');

/** The name may wrap after its colon and underscores. */
const breakable = (name) => name.split(/(?<=[:_])/).map((part) => html`${part}<wbr />`);

/** `commands`: of the run and, once it ran, of its flip. */
export function Repeat({ commands }) {
  const known = commands.filter(Boolean);
  if (!known.length) return null;
  const several = known.length > 1;
  return html`<section class="repeat" aria-labelledby="repeat-title">
    <h2 id="repeat-title">How to repeat it</h2>
    <p class="quiet">The same ${several ? 'commands give' : 'command gives'} the same numbers. Run ${several ? 'them' : 'it'} beside the server's program.</p>
    ${known.map((text) => html`<${CopyLine} key=${text} text=${text} label=${/ --flip\b/.test(text) ? 'Command that repeats the flip' : 'Command that repeats the run'} />`)}
  </section>`;
}

const MIB = 1024 * 1024;
/** What the run cost, as the engine measured it. */
export function cost(run) {
  const { start, end } = run;
  const parts = [];
  if (start?.device)
    parts.push(
      `${start.device.toUpperCase()}${start.threads ? `, ${start.threads} thread${start.threads === 1 ? '' : 's'}` : ''}`,
    );
  if (end?.peak_memory_bytes) parts.push(`${number(end.peak_memory_bytes / MIB)} MiB at most`);
  if (end?.rows_per_second) parts.push(`${number(end.rows_per_second)} rows a second`);
  return parts.join(' \u00b7 ');
}
