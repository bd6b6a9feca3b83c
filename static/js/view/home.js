// Home: what to do now, how am I doing, what can I try.
import { html } from 'htm/preact';
import { get, getOnce, useLoad } from '../api.js';
import { sessionOf } from '../session.js';
import { useCell } from '../state.js';
import { count, waiting, whenDue } from '../format.js';
import { useKeys } from '../keys.js';
import { navigate } from '../router.js';
import { Failure, Placeholder, Strength, useTitle } from './parts.js';
import { useEffect } from 'preact/hooks';

export default function Home() {
  useTitle('');
  const decks = useLoad(() => get('/decks'), []);
  const lab = useLoad(() => getOnce('/algorithms?brief=1'), []);
  useKeys([{ key: 's', help: 'study', run: () => navigate('/study') }]);
  return html`<div class="home">
    ${decks.error && html`<${Failure} what="Your decks did not load." ...${decks} />`}
    <${Now} decks=${decks.data?.decks} />
    <${Progress} decks=${decks.data?.decks} algorithms=${lab.data?.algorithms} />
    <${Try} algorithms=${lab.data?.algorithms} error=${lab.error}
      again=${lab.again} />
  </div>`;
}

const sum = (list, field) => list.reduce((total, item) => total + item[field], 0);

/** The session is opened here already: the first card is on hand when Study is pressed. */
function Now({ decks }) {
  const session = sessionOf({});
  const { status, nextDueMs } = useCell(session.view);
  useEffect(() => session.open(), [session]);
  if (!decks) return html`<section class="now"><h1>Flashlab</h1><p class="lead">${'\u00a0'}</p></section>`;
  const counts = { due: sum(decks, 'due'), new: sum(decks, 'new') };
  const cards = sum(decks, 'cards');
  const anything = counts.due + counts.new > 0;
  return html`<section class="now" aria-labelledby="now-title">
    <h1 id="now-title">${anything ? waiting(counts) : 'Nothing is due'}</h1>
    <p class="lead">
      ${anything || !nextDueMs
        ? `${count(cards, 'card')} in ${count(decks.length, 'deck')}.`
        : `The next card comes back ${whenDue(nextDueMs)}.`}
    </p>
    ${
      anything || status === 'card'
        ? html`<a class="button button-primary button-large" href="/study">Study</a>`
        : html`<a class="button button-primary button-large" href="/demo">Try an experiment</a>`
    }
  </section>`;
}

/** Rows of all decks, summed by algorithm, in the order of the catalogue; others of own notes behind them. */
function rowsOf(decks, algorithms) {
  const rows = new Map(
    algorithms.map((a) => [
      a.name,
      { slug: a.name, title: a.title, demo: true, cards: 0, due: 0, fresh: 0, strong: 0 },
    ]),
  );
  for (const deck of decks) {
    for (const part of deck.algorithms) {
      if (!rows.has(part.slug))
        rows.set(part.slug, { slug: part.slug, title: part.title, cards: 0, due: 0, fresh: 0, strong: 0 });
      const row = rows.get(part.slug);
      row.cards += part.cards;
      row.due += part.due;
      row.fresh += part.new;
      row.strong += part.strong;
      row.deck ??= deck.id;
    }
  }
  return [...rows.values()];
}

function Progress({ decks, algorithms }) {
  if (!decks || !algorithms) return html`<section><h2>How am I doing</h2><${Placeholder} tall /></section>`;
  return html`<section aria-labelledby="progress-title">
    <h2 id="progress-title">How am I doing</h2>
    <ul class="rows">${rowsOf(decks, algorithms).map((row) => html`<${AlgorithmRow} key=${row.slug}
      row=${row} />`)}</ul>
  </section>`;
}

function AlgorithmRow({ row }) {
  const study = `/study?algorithm=${encodeURIComponent(row.slug)}`;
  return html`<li class="row">
    <span class="row-title">${row.cards ? html`<a href=${study}
      title="Study only these">${row.title}</a>` : row.title}</span>
    <span class="row-main">${row.cards ? html`<${Strength} strong=${row.strong} cards=${row.cards} />` : html`<span
      class="quiet">no cards yet</span>`}</span>
    <span class="row-note">${row.due ? waiting({ due: row.due }) : ''}</span>
    <span class="row-links">
      ${row.deck && html`<a href=${`/deck/${row.deck}?algorithm=${encodeURIComponent(row.slug)}`}
        aria-label=${`${row.title}: cards`}>cards</a>`}
      ${row.demo && html`<a href=${`/demo/${row.slug}`} aria-label=${`${row.title}: demo`}>demo</a>`}
    </span>
  </li>`;
}

/** One thing of each algorithm: its first claim. The lab has the others. */
function Try({ algorithms, error, again }) {
  if (error) return html`<${Failure} what="The experiments did not load." error=${error} again=${again} />`;
  if (!algorithms) return html`<section><h2>What can I try</h2><${Placeholder} tall /></section>`;
  const all = algorithms.reduce((sum, a) => sum + (a.experiments ?? []).length, 0);
  return html`<section aria-labelledby="try-title">
    <h2 id="try-title">What can I try</h2>
    <p class="quiet">A claim of each algorithm: predict, run, see whether it holds.</p>
    <ul class="claims">${algorithms.map((a) => html`<${First} key=${a.name} algorithm=${a} />`)}</ul>
    <p class="try-more"><a href="/demo">All ${count(all, 'claim')} and the ${algorithms.length} playgrounds</a></p>
  </section>`;
}

function First({ algorithm: { name, title, experiments = [] } }) {
  const [e] = experiments;
  return html`<li><a class="claim-link" href=${e ? `/demo/${name}/${e.id}` : `/demo/${name}`}>${e ? e.claim : 'Set anything, train it, watch it'}</a>
    <span class="quiet">${title}${e && `, ${e.title}`}</span></li>`;
}
