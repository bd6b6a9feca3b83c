// Sentences with their translations as they should be and as the model gives them. A word of the output is right when
// it stands in the longest common order of words with the target; marks tell, not colour alone.
import { html } from 'htm/preact';
import { Figure } from './figure.js';
import { Moments, momentWords } from './moments.js';
import { Icon } from '../view/parts.js';

/** translations: all that came so far; `moment`: which is shown, shared with the attention beside it. */
export function Translations({ translations, moment, updates }) {
  const shown = translations[moment.at];
  const words = shown && momentWords('update', shown.update, updates);
  const rows = (shown?.rows ?? []).map(judged);
  return html`<${Figure} title="Translations" note=${words} file="translations" shape="sentences" empty=${!rows.length}
    summary=${summary(rows)} table=${() => tableOf(rows)}
    picture=${(cursor, point) => html`<${Rows} rows=${rows} cursor=${cursor} point=${point} />`}
    tools=${html`<${Moments} name="update" moment=${moment} text=${words} /><${Marks} />`} />`;
}

/** Which words of both stand in their longest common order: two lists of truth values. */
export function common(output, target) {
  const [n, m] = [output.length, target.length];
  const best = Array.from({ length: n + 1 }, () => new Array(m + 1).fill(0));
  for (let i = n - 1; i >= 0; i--)
    for (let j = m - 1; j >= 0; j--)
      best[i][j] = output[i] === target[j] ? best[i + 1][j + 1] + 1 : Math.max(best[i + 1][j], best[i][j + 1]);
  const [right, found] = [new Array(n).fill(false), new Array(m).fill(false)];
  for (let i = 0, j = 0; i < n && j < m; ) {
    if (output[i] === target[j]) right[i++] = found[j++] = true;
    else if (best[i + 1][j] >= best[i][j + 1]) i++;
    else j++;
  }
  return { right, found };
}

function judged({ source, target, output }) {
  const { right, found } = common(output, target);
  const hits = found.filter(Boolean).length;
  return { source, target, output, right, found, hits, whole: hits === target.length && output.length === hits };
}

function summary(rows) {
  if (!rows.length) return 'A few sentences and what the model makes of them appear here.';
  const hits = rows.reduce((a, r) => a + r.hits, 0);
  const all = rows.reduce((a, r) => a + r.target.length, 0);
  return `${hits} of ${all} words right and in order; ${rows.filter((r) => r.whole).length} of ${rows.length} sentences whole.`;
}

const text = (words) => words.join(' ');
const tableOf = (rows) => ({
  columns: ['sentence', 'source', 'target', 'output', 'right'],
  rows: rows.map((r, i) => [i + 1, text(r.source), text(r.target), text(r.output), `${r.hits} of ${r.target.length}`]),
});

function Rows({ rows, cursor, point }) {
  return html`<div class="sentences" aria-hidden="true" onPointerLeave=${() => point(null)}>
    <div class="sentence sentence-head"><span>source</span><span>target</span><span>output</span><span></span></div>
    ${rows.map(
      (r, i) => html`<div key=${i} class=${cursor === i ? 'sentence lit' : 'sentence'} ref=${cursor === i ? intoSight : null}
        onPointerMove=${(e) => moved(e) && point(i)}>
        <${Side} name="source" words=${r.source} />
        <${Side} name="target" words=${r.target} mark=${(k) => (r.found[k] ? '' : 'missed')} />
        <${Side} name="output" words=${r.output} mark=${(k) => (r.right[k] ? 'right' : 'wrong')} />
        <span class="sentence-score">${r.whole ? html`<${Icon} name="tick" />` : `${r.hits} of ${r.target.length}`}</span>
      </div>`,
    )}</div>`;
}

/** Not so when the rows went by under a pointer at rest. */
const moved = (event) => event.movementX !== 0 || event.movementY !== 0;
const intoSight = (el) => el?.scrollIntoView({ block: 'nearest' });

function Side({ name, words, mark }) {
  return html`<span class=${`side side-${name}`}><span class="side-name quiet">${name}</span><span>${
    words.length
      ? words.map((word, k) => html`<span key=${k} class=${['word', mark?.(k)].filter(Boolean).join(' ')}>${word}</span> `)
      : html`<span class="quiet">nothing</span>`
  }</span></span>`;
}

const Marks = () => html`<ul class="legend words-legend" aria-label="Marks of the words">
  <li><span class="word right">right</span></li><li><span class="word wrong">wrong</span></li>
  <li><span class="word missed">missing in the output</span></li></ul>`;
