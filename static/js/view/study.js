// Study: a card and nothing else. Keys, the frame, the grades; what an answer looks like is in answer.js.
import { useEffect, useRef } from 'preact/hooks';
import { html } from 'htm/preact';
import { sessionOf } from '../session.js';
import { announce, useCell } from '../state.js';
import { outbox } from '../outbox.js';
import { sourceOf, span, waiting, whenDue } from '../format.js';
import { useKeys } from '../keys.js';
import { navigate } from '../router.js';
import { getOnce, useLoad } from '../api.js';
import { DemoLink, Failure, Notice, Placeholder, useTitle } from './parts.js';
import { Answer, Question, answerLine } from './answer.js';

const GRADES = [
  [1, 'again', 'Again'],
  [2, 'hard', 'Hard'],
  [3, 'good', 'Good'],
  [4, 'easy', 'Easy'],
];

export default function Study({ query }) {
  useTitle('Study');
  const filter = {};
  for (const name of ['deck', 'algorithm']) if (query.get(name)) filter[name] = query.get(name);
  const session = sessionOf(filter);
  const state = useCell(session.view);
  useEffect(() => session.open(), [session]);
  useReturn(session, state);
  useStudyKeys(session, state);
  const { status, card } = state;
  return html`<div class="study">
    <h1 class="unseen">Study</h1>
    <${Line} counts=${state.counts} filter=${filter} status=${status} />
    ${status === 'loading' && html`<div class="card"><${Placeholder} tall /></div>`}
    ${status === 'error' && html`<${NoCard} error=${state.error} again=${session.open} />`}
    ${status === 'waiting' && html`<${Waiting} />`}
    ${status === 'empty' && html`<${Nothing} filter=${filter} nextDueMs=${state.nextDueMs}
      total=${state.counts.total} />`}
    ${status === 'card' && html`<${Card} key=${card.id} card=${card} state=${state} session=${session} />`}
  </div>`;
}

/** When nothing is due the page asks again at the moment the next card comes back. */
function useReturn(session, { status, nextDueMs }) {
  useEffect(() => {
    if (status !== 'empty' || !nextDueMs) return undefined;
    const timer = setTimeout(() => session.open(), Math.min(Math.max(nextDueMs - Date.now(), 0) + 500, 2 ** 31 - 1));
    return () => clearTimeout(timer);
  }, [session, status, nextDueMs]);
}

function useStudyKeys(session, { status, card, revealed }) {
  const asking = status === 'card' && !revealed;
  const choosing = asking && card.type === 'single';
  const keys = [];
  if (choosing) {
    card.options.forEach((_, i) =>
      keys.push({
        key: [String(i + 1), 'abcde'[i]],
        label: `${i + 1}`,
        help: i ? '' : `choose an option (1 to ${card.options.length}, or a to ${'abcde'[card.options.length - 1]})`,
        run: () => session.choose(i),
      }),
    );
  }
  if (asking) keys.push({ key: ' ', label: 'space', help: 'show the answer', run: session.reveal });
  if (status === 'card' && revealed) {
    keys.push({ key: ' ', run: () => {} }); // a second press must not scroll the card away
    for (const [grade, , word] of GRADES)
      keys.push({ key: String(grade), help: `grade: ${word.toLowerCase()}`, run: () => session.grade(grade) });
  }
  if (status === 'card' && card.demo && !choosing)
    keys.push({ key: 'd', help: 'open the demo of the card', run: () => navigate(card.demo) });
  useKeys(keys);
}

function Line({ counts, filter, status }) {
  const catalogue = useLoad(() => getOnce('/algorithms'), []);
  const title = catalogue.data?.algorithms.find((a) => a.name === filter.algorithm)?.title ?? filter.algorithm;
  return html`<div class="study-line">
    <p>${['loading', 'error'].includes(status) ? '\u00a0' : waiting(counts)}</p>
    ${(filter.algorithm || filter.deck) && html`<p>${title ?? 'one deck'} only \u00b7 <a
      href="/study">study everything</a></p>`}
  </div>`;
}

function Card({ card, state, session }) {
  const { revealed } = state;
  const answer = useRef(null);
  useEffect(() => {
    if (!revealed) announce(card.stem.replaceAll('____', 'blank'));
    else answer.current?.focus({ preventScroll: true });
  }, [revealed]);
  return html`<article class="card" data-card=${card.id}>
    <p class="card-place">${card.algorithm} \u00b7 ${card.topic}</p>
    <${Question} card=${card} revealed=${revealed} chosen=${state.chosen} choose=${session.choose} />
    ${
      revealed &&
      html`<div class="answer" tabindex="-1" ref=${answer} role="group"
        aria-label=${card.type === 'recall' ? 'Answer' : `Answer: ${answerLine(card)}`}>
      <${Answer} card=${card} chosen=${state.chosen} ticked=${state.ticked} tick=${session.tick} />
    </div>`
    }
    <${Foot} card=${card} revealed=${revealed} />
    <div class="actions">
      ${
        revealed
          ? html`<${Grades} card=${card} chosen=${state.chosen} grade=${session.grade} />`
          : html`<button class=${card.type === 'single' ? 'button button-wide' : 'button button-primary button-wide'}
            type="button"
            onClick=${session.reveal}>Show the answer <kbd>space</kbd></button>`
      }
    </div>
  </article>`;
}

function Foot({ card, revealed }) {
  return html`<p class="card-foot">
    ${revealed && html`<span>${sourceOf(card)}</span>`}
    <span class="card-demo"><${DemoLink}
      card=${card} /> ${card.demo && (revealed || card.type !== 'single') ? html`<kbd>d</kbd>` : ''}</span>
  </p>`;
}

/** The grade that fits the choice is marked; the learner decides. */
function Grades({ card, chosen, grade }) {
  const fitting = chosen === null ? 0 : chosen === card.key ? 3 : 1;
  return html`<div class="grades" role="group" aria-label="How well did you know it">
    ${GRADES.map(
      ([value, name, word]) => html`<button key=${value} type="button" onClick=${() => grade(value)}
      class=${value === fitting ? 'button grade grade-fitting' : 'button grade'}>
      <span><kbd>${value}</kbd> ${word}</span>
      <small>${span(card.intervals[name])}</small>
    </button>`,
    )}
  </div>`;
}

function NoCard({ error, again }) {
  return html`<div class="card">
    ${
      error.code === 'unknown_deck'
        ? html`<${Notice} kind="plain" title="This deck is gone">
          It was deleted, and its cards with it. <a href="/">See what else is due</a>
        <//>`
        : html`<${Failure} what="The next card did not come." error=${error} again=${again} />`
    }
  </div>`;
}

function Waiting() {
  const { failing } = useCell(outbox);
  return html`<div class="card">
    ${
      failing
        ? html`<${Notice} kind="wait" title="The next card has not come">
          Your answers are kept. The card appears here as soon as the server answers again.
        <//>`
        : html`<${Placeholder} tall />`
    }
  </div>`;
}

function Nothing({ filter, nextDueMs, total }) {
  const narrow = filter.deck || filter.algorithm;
  const title = total ? 'Nothing is due' : 'No cards here';
  useEffect(() => announce(title), [title]);
  return html`<div class="card card-empty">
    <h2>${title}</h2>
    <p>
      ${nextDueMs
        ? `The next card comes back ${whenDue(nextDueMs)}. It appears here by itself.`
        : 'There is no card to wait for.'}
    </p>
    <p>Until then:</p>
    <ul class="plain-list">
      ${narrow && html`<li><a href="/study">Study everything</a></li>`}
      <li><a href="/demo">Test a claim in the lab</a></li>
      <li><a href="/deck/builtin">Read the cards</a></li>
      <li><a href="/notes">Make a deck from your notes</a></li>
    </ul>
  </div>`;
}
