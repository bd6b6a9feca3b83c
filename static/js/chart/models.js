// The models that were trained side by side, each at its loss: lower lies further left. The chosen one is
// lit; it is not always the one of the lowest loss, since binary_classifier_model_selection_criteria may say otherwise.
import { html } from 'htm/preact';
import { number } from '../format.js';
import { Bars } from './bars.js';
import { extent } from './palette.js';
import { Figure } from './figure.js';

const SHOWN = 24;
const FIELDS = { learning_rate: 'rate', l1: 'l1', wd: 'wd' };

/** data: {models: [{learning_rate, l1, wd, optimizer, loss}..], best}. */
export function Models({ models: data }) {
  const rows = data ? rowsOf(data) : [];
  const losses = rows.map((r) => r.value).filter(Number.isFinite);
  const [low, high] = losses.length ? extent(losses) : [0, 1];
  const shown = rows.slice(0, SHOWN);
  return html`<${Figure} title="Models side by side" file="models" empty=${!losses.length}
    note=${`loss, lower is better${rows.length > SHOWN ? `; ${SHOWN} of ${rows.length}` : ''}`}
    summary=${summary(rows, losses)} table=${() => tableOf(rows)}
    picture=${(cursor, point) => html`<${Bars} wide digits=${5} point=${point} rows=${shown.map((r) => ({
      ...r,
      from: high > low ? (r.value - low) / (high - low) : 0,
      kind: 'dot',
      lit: cursor === r.at,
    }))} />`} />`;
}

/** The chosen first, then by loss, those without a loss (stopped, or not scored yet) last. */
function rowsOf({ models, best }) {
  const differs = Object.keys(FIELDS).filter((key) => new Set(models.map((m) => m[key])).size > 1);
  const name = (m) => differs.map((key) => `${FIELDS[key]} ${number(m[key])}`).join(', ');
  const rank = (m) => (Number.isFinite(m.loss) ? m.loss : Infinity);
  return models
    .map((m, i) => ({ key: i, model: m, name: name(m) || `model ${i + 1}`, value: m.loss, best: i === best }))
    .sort((a, b) => b.best - a.best || rank(a.model) - rank(b.model) || a.key - b.key)
    .map((r, at) => ({ ...r, at }));
}

function summary(rows, losses) {
  if (!losses.length) return 'The losses of the models trained side by side appear here.';
  const best = rows.find((r) => r.best) ?? rows[0];
  const lowest = Math.min(...losses);
  const also = best.value > lowest ? `; the lowest is ${number(lowest, 5)}` : ', the lowest';
  return `${rows.length} models; chosen: ${best.name}. Its loss is ${number(best.value, 5)}${also}.`;
}

function tableOf(rows) {
  return {
    columns: ['model', 'learning_rate', 'l1', 'wd', 'optimizer', 'loss', 'chosen'],
    rows: rows.map(({ key, model: m, best }) => [
      key + 1,
      m.learning_rate,
      m.l1,
      m.wd,
      m.optimizer,
      m.loss,
      best ? 'chosen' : '',
    ]),
  };
}
