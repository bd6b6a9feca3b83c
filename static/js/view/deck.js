// A deck to read: its cards by algorithm and topic, each with its answer, source and demo.
import { html } from 'htm/preact';
import { get, queryOf, useLoad } from '../api.js';
import { count, saysMore, sourceOf, whenDue } from '../format.js';
import { setQuery } from '../router.js';
import { DemoLink, Failure, Placeholder, useTitle } from './parts.js';
import { answerLine } from './answer.js';

export default function Deck({ id, query }) {
  const decks = useLoad(() => get('/decks'), [id]);
  const cards = useLoad(() => get(`/decks/${encodeURIComponent(id)}/cards`), [id]);
  const deck = decks.data?.decks.find((d) => d.id === id);
  const title = deck?.title ?? 'Deck';
  useTitle(title);
  if (cards.error)
    return html`<div class="stack"><h1>${title}</h1><${Failure} what="The cards did not load." ...${cards} /></div>`;
  if (!cards.data) return html`<div class="stack"><h1>${title}</h1><${Placeholder} tall /></div>`;
  const wanted = { algorithm: query.get('algorithm') ?? '', topic: query.get('topic') ?? '' };
  const shown = cards.data.cards.filter(
    (c) => (!wanted.algorithm || c.slug === wanted.algorithm) && (!wanted.topic || c.slot === wanted.topic),
  );
  return html`<div>
    <h1>${title}</h1>
    <${Filters} cards=${cards.data.cards} wanted=${wanted} shown=${shown} id=${id} />
    ${groups(shown, 'algorithm').map(
      ([algorithm, list]) => html`<section class="group" key=${algorithm}>
      <h2>${algorithm}</h2>
      ${groups(list, 'topic').map(
        ([topic, entries]) => html`<div key=${topic}>
        <h3>${topic}</h3>
        <ul class="entries">${entries.map((card) => html`<${Entry} key=${card.id} card=${card} />`)}</ul>
      </div>`,
      )}
    </section>`,
    )}
    ${shown.length === 0 && html`<p class="group">No card fits this choice.</p>`}
  </div>`;
}

function groups(cards, field) {
  const found = new Map();
  for (const card of cards) {
    if (!found.has(card[field])) found.set(card[field], []);
    found.get(card[field]).push(card);
  }
  return [...found];
}

function Filters({ cards, wanted, shown, id }) {
  const algorithms = [...new Map(cards.map((c) => [c.slug, c.algorithm]))];
  const topics = [
    ...new Map(cards.filter((c) => !wanted.algorithm || c.slug === wanted.algorithm).map((c) => [c.slot, c.topic])),
  ];
  const study = `/study${queryOf({ deck: id, algorithm: wanted.algorithm })}`;
  const name = algorithms.find(([slug]) => slug === wanted.algorithm)?.[1];
  // The queue knows no topics: a choice of one is for reading.
  const label = wanted.topic ? `Study ${name ?? 'the deck'}` : 'Study these';
  return html`<div class="bar">
    <label class="field"><span>Algorithm</span>
      <select class="input" value=${wanted.algorithm}
        onChange=${(e) => setQuery({ algorithm: e.target.value, topic: '' })}>
        <option value="">all</option>${algorithms.map(([slug, name]) => html`<option key=${slug}
          value=${slug}>${name}</option>`)}
      </select></label>
    <label class="field"><span>Topic</span>
      <select class="input" value=${wanted.topic} onChange=${(e) => setQuery({ topic: e.target.value })}>
        <option value="">all</option>${topics.map(([slot, name]) => html`<option key=${slot}
          value=${slot}>${name}</option>`)}
      </select></label>
    <a class="button" href=${study}>${label}</a>
    <p class="quiet" role="status">${count(shown.length, 'card')}</p>
  </div>`;
}

const STATES = { new: 'new', learning: 'learning', relearning: 'learning again' };

function Entry({ card }) {
  const state = STATES[card.state] ?? `due ${whenDue(card.due_ms)}`;
  const more = saysMore(card);
  return html`<li class="entry">
    <details>
      <summary>${card.stem.replaceAll(/_{3,}/g, '\u2009____\u2009')}</summary>
      <div class="entry-body">
        <p class="entry-answer">${answerLine(card)}</p>
        ${more && html`<p>${more}</p>`}
        ${card.correction && html`<p class="correction">${card.correction}</p>`}
        <p class="quiet">${sourceOf(card)}</p>
      </div>
    </details>
    <p class="entry-side"><span class="quiet">${state}</span> <${DemoLink} card=${card} /></p>
  </li>`;
}
