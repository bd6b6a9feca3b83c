// The lab's front page: the seven algorithms, and the experiments that test a claim of each.
import { html } from 'htm/preact';
import { getOnce, useLoad } from '../api.js';
import { count } from '../format.js';
import { Failure, Placeholder, useTitle } from './parts.js';

export default function Lab() {
  useTitle('Lab');
  const { data, error, again } = useLoad(() => Promise.all([getOnce('/algorithms'), getOnce('/experiments')]), []);
  return html`<div>
    <h1>Lab</h1>
    <p class="lead">Do not believe the card: run it.</p>
    ${error && html`<${Failure} what="The lab did not load." error=${error} again=${again} />`}
    ${!data && !error && html`<${Placeholder} tall />`}
    ${data && html`<${Lists} algorithms=${data[0].algorithms} experiments=${data[1].experiments} />`}
  </div>`;
}

const offer = ({ hyperparameters, generators }) =>
  `playground: ${hyperparameters.length} hyperparameters, ${count(generators.length, 'kind')} of made data`;

function Lists({ algorithms, experiments }) {
  return html`
    <section class="group" aria-labelledby="seven"><h2 id="seven">The seven algorithms</h2>
      <ul class="rows">${algorithms.map(
        (a) => html`<li class="row lab-row" key=${a.name}>
        <span class="row-title"><a href=${`/demo/${a.name}`}>${a.title}</a></span>
        <span class="quiet">${offer(a)}</span>
      </li>`,
      )}</ul>
    </section>
    <section class="group" aria-labelledby="proofs"><h2 id="proofs">Claims to test</h2>
      ${algorithms.map((a) => html`<${Claims} key=${a.name} algorithm=${a} experiments=${experiments.filter((e) => e.algorithm === a.name)} />`)}
    </section>`;
}

function Claims({ algorithm: { title }, experiments }) {
  if (!experiments.length) return null;
  return html`<h3>${title}</h3>
    <ul class="claims">${experiments.map(
      (e) => html`<li key=${e.id}>
      <a class="claim-link" href=${`/demo/${e.algorithm}/${e.id}`}>${e.claim}</a>
      <span class="quiet">${e.id}, ${e.title}: ${e.data_says}</span>
    </li>`,
    )}</ul>`;
}
