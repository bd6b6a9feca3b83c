// The models trained side by side in one pass, by their loss on validation.
import { html } from 'htm/preact';
import { number } from '../format.js';
import { Figure } from './figure.js';

const SHOWN = 16; // bars; the table has all
const SETTINGS = ['learning_rate', 'l1', 'wd', 'optimizer', 'loss'];

export function Models({ models: { models, best } }) {
  const rows = models
    .map((m, i) => ({ ...m, i }))
    .sort((a, b) => (a.loss ?? Infinity) - (b.loss ?? Infinity));
  const largest = Math.max(...rows.map((r) => (Number.isFinite(r.loss) ? r.loss : 0)), 1e-12);
  const name = (m) => `rate ${number(Number(m.learning_rate))}, l1 ${number(Number(m.l1))}, wd ${number(Number(m.wd))}`;
  return html`<${Figure} title="Models side by side" note=${rows.length > SHOWN ? `the best ${SHOWN} of ${rows.length}` : 'validation loss'} file="models"
    summary=${`Best so far: ${name(models[best] ?? models[0])}.`}
    table=${() => ({ columns: ['model', ...SETTINGS], rows: rows.map((r) => [r.i, ...SETTINGS.map((s) => r[s] ?? undefined)]) })}
    picture=${(cursor) => html`<div class="bars bars-named" aria-hidden="true">${rows.slice(0, SHOWN).map(
      (r, k) => html`<div key=${r.i} class=${cursor === k ? 'weight lit' : 'weight'}>
        <span class="weight-name">${name(r)}</span>
        <span class="weight-track weight-track-left"><span class=${r.i === best ? 'above' : 'rest-bar'}
          style=${{ left: 0, width: `${(100 * (r.loss ?? 0)) / largest}%` }}></span></span>
        <span class="weight-value">${Number.isFinite(r.loss) ? number(r.loss) : ''}</span></div>`,
    )}</div>`} />`;
}
