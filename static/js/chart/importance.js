// Which features the trees use: by total gain, by rows covered, or by number of splits.
import { useState } from 'preact/hooks';
import { html } from 'htm/preact';
import { number } from '../format.js';
import { featureName } from './names.js';
import { Figure } from './figure.js';

const SHOWN = 15; // bars; the table has all
const MEASURES = ['gain', 'cover', 'weight'];

export function Importance({ importance }) {
  const [by, setBy] = useState('gain');
  const rows = (importance?.features ?? [])
    .map((feature, i) => ({ name: featureName(feature), ...Object.fromEntries(MEASURES.map((m) => [m, importance[m][i]])) }))
    .sort((a, b) => b[by] - a[by]);
  const largest = Math.max(...rows.map((r) => r[by]), 1e-12);
  return html`<${Figure} title="Feature importance" note=${by === 'weight' ? 'splits on it' : `${by}, mean of its splits`} file="importance" empty=${!rows.length}
    summary=${rows.length ? `${rows[0].name} comes first, with ${by} ${number(rows[0][by])}.` : 'Which features the trees split on appears here.'}
    table=${() => ({ columns: ['feature', ...MEASURES], rows: rows.map((r) => [r.name, ...MEASURES.map((m) => r[m])]) })}
    picture=${(cursor) => html`<div class="bars" aria-hidden="true">${rows.slice(0, SHOWN).map(
      (r, i) => html`<div key=${r.name} class=${cursor === i ? 'weight lit' : 'weight'}>
        <span class="weight-name">${r.name}</span>
        <span class="weight-track weight-track-left"><span class="above"
          style=${{ left: 0, width: `${(100 * r[by]) / largest}%` }}></span></span>
        <span class="weight-value">${number(r[by])}</span></div>`,
    )}</div>`}
    tools=${html`<label class="check">by <select class="input-small" aria-label="Importance by" value=${by}
      onChange=${(e) => setBy(e.target.value)}>${MEASURES.map((m) => html`<option key=${m}>${m}</option>`)}</select></label>`} />`;
}
