// How much each feature did in the trees so far: what its splits gained, how many rows they saw, how many there are.
import { useState } from 'preact/hooks';
import { html } from 'htm/preact';
import { count, number } from '../format.js';
import { Bars } from './bars.js';
import { Choice } from './choice.js';
import { Figure } from './figure.js';
import { featureName } from './names.js';

const SHOWN = 24;
const KINDS = {
  gain: 'mean gain of its splits',
  cover: 'mean cover of its splits',
  weight: 'number of its splits',
};

export function Importance({ importance: data }) {
  const [by, setBy] = useState('gain');
  const rows = data ? rowsOf(data, by) : [];
  const largest = Math.max(...rows.map((r) => r.value), 1e-12);
  const used = data?.used ?? rows.length;
  return html`<${Figure} title="Feature importance" file="importance" empty=${!rows.length}
    note=${used > Math.min(SHOWN, rows.length) ? `${Math.min(SHOWN, rows.length)} of ${used} features` : KINDS[by]}
    summary=${summary(rows, by, used)}
    table=${() => tableOf(data, by)}
    picture=${(cursor, point) => html`<${Bars} point=${point} rows=${rows.slice(0, SHOWN).map((r) => ({
      ...r,
      from: 0,
      to: r.value / largest,
      kind: 'above',
      lit: cursor === r.at,
    }))} />`}
    tools=${html`<${Choice} label="by" name="importance" options=${Object.keys(KINDS)} value=${by}
      set=${setBy} />`} />`;
}

function summary(rows, by, used) {
  if (!rows.length) return 'How much each feature did appears here.';
  return `${rows[0].name} has the highest ${by}, ${number(rows[0].value)}; ${count(used, 'feature')} in use.`;
}

/** The largest first. */
const orderOf = (data, by) => data.features.map((_, i) => i).sort((a, b) => data[by][b] - data[by][a]);

const rowsOf = (data, by) =>
  orderOf(data, by).map((i, at) => ({
    at,
    key: data.features[i],
    name: featureName(data.features[i]),
    value: data[by][i],
  }));

function tableOf(data, by) {
  const kinds = Object.keys(KINDS);
  return {
    columns: ['feature', ...kinds],
    rows: orderOf(data, by).map((i) => [featureName(data.features[i]), ...kinds.map((kind) => data[kind][i])]),
  };
}
