// Asks the model of a finished run what it says of new rows, and lets it be taken home.
import { useEffect, useState } from 'preact/hooks';
import { html } from 'htm/preact';
import { get, send, useLoad } from '../api.js';
import { announce } from '../state.js';
import { count, number } from '../format.js';
import { Notice } from './parts.js';

/** Nothing before the run is done, and nothing for one whose model is not kept. */
export function Ask({ run }) {
  const id = run?.status === 'done' ? run.id : null;
  const { data } = useLoad(async () => id && get(`/runs/${encodeURIComponent(id)}`), [id]);
  if (!id || data?.id !== id || !data.model) return null;
  return html`<${Question} key=${id} id=${id} row=${exampleOf(run)} />`;
}

/** A row to begin with: the first that the page has seen where the inputs are drawn, else the middle of most scales. */
function exampleOf({ pictures: { points }, start }) {
  const columns = start?.data?.columns ?? 1;
  if (points && columns === 1) return String(points.x[0]);
  if (points?.y && columns === 2) return `${points.x[0]},${points.y[0]}`;
  return Array(columns).fill('0.5').join(',');
}

function Question({ id, row }) {
  const [text, setText] = useState(row);
  const [state, setState] = useState({}); // {busy}, {error} or {predictions}
  const path = `/runs/${encodeURIComponent(id)}`;
  const columns = row.split(',').length;
  const ask = async (event) => {
    event.preventDefault();
    setState({ busy: true });
    try {
      const body = `${text.trim()}\n`;
      setState(await send('POST', `${path}/invocations`, { body, headers: { 'content-type': 'text/csv' } }));
    } catch (error) {
      setState({ error });
    }
  };
  useEffect(() => {
    if (state.predictions) announce(`${count(state.predictions.length, 'row')} answered`);
  }, [state]);
  return html`<section class="ask" aria-labelledby="ask-title">
    <h2 id="ask-title">Ask the model</h2>
    <form onSubmit=${ask}>
      <div class="field"><label for="ask-rows">Rows as CSV, without the label</label>
        <textarea class="input" id="ask-rows" rows="3" spellcheck="false" autocomplete="off" value=${text}
          aria-describedby="ask-note" onInput=${(e) => setText(e.target.value)}></textarea>
        <small class="quiet" id="ask-note">${count(columns, 'value')} a row, one row a line</small></div>
      <div class="bar">
        <button class="button" type="submit" disabled=${state.busy || !text.trim()}>Predict</button>
        <a class="button" href=${`/api/v1${path}/model`} download="model.tar.gz">Download the model</a>
      </div>
    </form>
    ${state.error && html`<${Notice} kind="bad" title="The model did not answer.">${state.error.message}<//>`}
    ${state.predictions && html`<${Answers} predictions=${state.predictions} />`}
  </section>`;
}

/** A column for each field of the answer, such as score and predicted_label. */
function Answers({ predictions }) {
  const fields = Object.keys(predictions[0] ?? {});
  return html`<div class="table-wrap" tabindex="0" role="region" aria-label="What the model says"><table>
    <caption>What the model says</caption>
    <thead><tr><th scope="col">row</th>${fields.map((name) => html`<th scope="col" key=${name}><code>${name}</code></th>`)}</tr></thead>
    <tbody>${predictions.map(
      (answer, i) => html`<tr key=${i}><th scope="row">${i + 1}</th>${fields.map(
        (name) => html`<td key=${name}>${shown(answer[name])}</td>`,
      )}</tr>`,
    )}</tbody></table></div>`;
}

const shown = (value) =>
  Array.isArray(value) ? value.map(shown).join(', ') : typeof value === 'number' ? number(value, 4) : String(value);
