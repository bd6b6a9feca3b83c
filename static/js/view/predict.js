// Asks the model of a finished run, in the ways its algorithm is asked, and lets it be taken home.
import { useEffect, useState } from 'preact/hooks';
import { html } from 'htm/preact';
import { get, send, useLoad } from '../api.js';
import { announce } from '../state.js';
import { AskImage } from './askimage.js';
import { asksOf } from './asks.js';
import { Notice } from './parts.js';

/** Nothing before the run is done, and nothing for one whose model is not kept. */
export function Ask({ run }) {
  const id = run?.status === 'done' ? run.id : null;
  const { data } = useLoad(async () => id && get(`/runs/${encodeURIComponent(id)}`), [id]);
  if (!id || data?.id !== id || !data.model) return null;
  const asks = data.algorithm === 'object-detection' ? [] : asksOf(data.algorithm, run);
  return html`<section class="ask" aria-labelledby="ask-title" key=${id}>
    <h2 id="ask-title">Ask the model</h2>
    ${data.algorithm === 'object-detection' && html`<${AskImage} id=${id} run=${run} />`}
    ${asks.map((ask, k) => html`<${Question} key=${k} name=${`ask-${k}`} id=${id} run=${run} ask=${ask} />`)}
    <div class="bar"><a class="button" href=${`/api/v1/runs/${encodeURIComponent(id)}/model`} download="model.tar.gz">Download the model</a></div>
  </section>`;
}

/** `ask`: how its algorithm is asked, see asks.js; `name`: what the ids of its fields begin with. */
function Question({ id, run, ask, name }) {
  const [texts, setTexts] = useState(() => ask.example(run));
  const [state, setState] = useState({}); // {busy}, {error} or {answer, asked: the texts that it answers}
  const fields = ask.fields(run);
  const submit = async (event) => {
    event.preventDefault();
    setState({ busy: true });
    try {
      const headers = { 'content-type': ask.type };
      setState({ answer: await send('POST', `/runs/${encodeURIComponent(id)}/invocations`, { body: ask.body(texts), headers }), asked: texts });
    } catch (error) {
      setState({ error });
    }
  };
  useEffect(() => {
    if (state.answer) announce(ask.says(state.answer));
  }, [state]);
  const set = (i, text) => setTexts(texts.map((before, k) => (k === i ? text : before)));
  return html`<div class="question-box">
    ${ask.title && html`<h3>${ask.title}</h3>`}
    <form onSubmit=${submit}>
      <div class=${ask.inline ? 'fields-inline' : null}>${fields.map(
        (field, i) => html`<${Field} key=${i} id=${`${name}-${i}`} ...${field} text=${texts[i]} set=${(text) => set(i, text)} />`,
      )}</div>
      <div class="bar">
        <button class="button" type="submit" disabled=${state.busy || !texts.some((text) => text.trim())}>${ask.button ?? 'Predict'}</button>
      </div>
    </form>
    ${state.error && html`<${Notice} kind="bad" title="The model did not answer.">${state.error.message}<//>`}
    ${state.answer && html`<${ask.Answer} answer=${state.answer} texts=${state.asked} run=${run} />`}
  </div>`;
}

function Field({ id, label, note, rows, text, set }) {
  const shared = { class: 'input', id, autocomplete: 'off', spellcheck: false, 'aria-describedby': note ? `${id}-note` : null, onInput: (e) => set(e.target.value) };
  return html`<div class="field"><label for=${id}>${label}</label>
    ${rows ? html`<textarea ...${shared} rows=${rows} value=${text}></textarea>` : html`<input ...${shared} value=${text} />`}
    ${note && html`<small class="quiet" id=${`${id}-note`}>${note}</small>`}</div>`;
}
