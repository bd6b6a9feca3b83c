// Notes in, deck out: paste or choose a file, see line by line what was understood, make the deck.
import { useRef, useState } from 'preact/hooks';
import { html } from 'htm/preact';
import { call, get, post, useLoad } from '../api.js';
import { announce } from '../state.js';
import { count, waiting } from '../format.js';
import { Failure, Notice, Placeholder, useTitle } from './parts.js';

const EXAMPLE = `Linear Learner - Input format
CSV \u2192 first column is the label
File or Pipe mode both supported`;

export default function Notes() {
  useTitle('Notes');
  const [text, setText] = useState('');
  const [title, setTitle] = useState('');
  const [result, setResult] = useState(null); // {report, of} or {error}
  const [made, setMade] = useState(null);
  const [busy, setBusy] = useState(false);
  const area = useRef(null);
  const decks = useLoad(() => get('/decks'), []);

  async function work(task) {
    setBusy(true);
    try {
      await task();
    } catch (error) {
      setResult({ error });
    }
    setBusy(false);
  }
  const check = (notes) =>
    work(async () => {
      setMade(null);
      const report = await post('/notes/check', { notes });
      setResult({ report, of: notes });
      if (report.title) setTitle((before) => before || report.title);
      announce(`${count(cardsOf(report), 'card')}, ${count(report.problems.length, 'line')} that need help`);
    });
  const make = () =>
    work(async () => {
      const { deck } = await post('/decks', { notes: text, ...(title.trim() ? { title: title.trim() } : {}) });
      setMade(deck);
      setResult(null);
      announce(`The deck ${deck.title} is made`);
      decks.again();
    });
  const edit = (value) => {
    setText(value);
    setMade(null);
  };
  const choose = async (file) => {
    if (!file) return;
    const notes = await file.text();
    edit(notes);
    setTitle('');
    check(notes);
  };
  const goTo = (line) => selectLine(area.current, line);

  return html`<div>
    <h1>Your notes as a deck</h1>
    <p class="quiet">Plain text or Markdown: a title line \u201cAlgorithm - Topic\u201d, below it one fact a line.</p>
    <div class="field notes-field">
      <label for="notes">Notes</label>
      <textarea class="input" id="notes" ref=${area} spellcheck="false" value=${text} placeholder=${EXAMPLE}
        onInput=${(e) => edit(e.target.value)}></textarea>
    </div>
    <div class="bar">
      <button class="button button-primary" type="button" disabled=${busy || !text.trim()}
        onClick=${() => check(text)}>Check</button>
      <label class="button file"><input type="file" accept=".txt,.md,text/plain,text/markdown"
        onChange=${(e) => choose(e.target.files[0])} />Choose a file</label>
    </div>
    ${result?.error && html`<div class="group"><${Notice} kind="bad"
      title="The notes were not taken">${result.error.message}<//></div>`}
    ${made && html`<${Made} deck=${made} />`}
    ${
      result?.report &&
      html`<${Report} ...${result} stale=${result.of !== text} goTo=${goTo}>
      <${MakeBar} title=${title} setTitle=${setTitle} make=${make}
        busy=${busy || result.of !== text || !cardsOf(result.report)} />
    <//>`
    }
    <${Decks} ...${decks} />
  </div>`;
}

const digits = (n) => n.toLocaleString('en');
const cardsOf = (report) => Object.values(report.cards).reduce((a, b) => a + b, 0);

function selectLine(area, line) {
  const lines = area.value.split('\n');
  const start = lines.slice(0, line - 1).reduce((sum, l) => sum + l.length + 1, 0);
  area.focus();
  area.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
  area.scrollTop = (area.scrollHeight / lines.length) * Math.max(0, line - 5);
}

function Made({ deck }) {
  const { added, kept, hidden } = deck.changes;
  return html`<div class="group"><${Notice} kind="good" title=${`The deck \u201c${deck.title}\u201d is made`}>
    ${count(added, 'new card')}, ${kept.toLocaleString('en')} kept with their history,${' '}
    ${hidden.toLocaleString('en')} no longer in the notes.${' '}
    <a href=${`/study?deck=${encodeURIComponent(deck.id)}`}>Study it</a> or <a
      href=${`/deck/${encodeURIComponent(deck.id)}`}>read the cards</a>.
  <//></div>`;
}

function MakeBar({ title, setTitle, make, busy }) {
  return html`<div class="bar">
    <label class="field"><span>Title of the deck</span>
      <input class="input" value=${title} maxlength="120" onInput=${(e) => setTitle(e.target.value)}
        placeholder="from the notes" /></label>
    <button class="button button-primary" type="button" disabled=${busy} onClick=${make}>Make the deck</button>
  </div>`;
}

function Report({ report, of, stale, goTo, children }) {
  const lines = of.split('\n');
  const { cards, problems, refusals } = report;
  return html`<section class="group stack" aria-labelledby="report-title">
    <h2 id="report-title">What was understood</h2>
    ${stale && html`<${Notice} kind="wait" title="The notes have changed since">Check them again.<//>`}
    <dl class="numbers">
      <div><dt>sections</dt><dd>${digits(report.sections)}</dd></div>
      <div><dt>algorithms</dt><dd>${digits(report.algorithms)}</dd></div>
      <div><dt>facts</dt><dd>${digits(report.facts)}</dd></div>
      <div><dt>facts with a card</dt><dd>${digits(report.facts_covered)} of ${digits(report.facts)}</dd></div>
      <div><dt>cards</dt><dd>${digits(cardsOf(report))}</dd></div>
    </dl>
    <p class="quiet">${digits(cards.recall)} to recall, ${digits(cards.cloze)} with a blank, ${digits(cards.single)} with one
      right choice. Only questions that a program has checked become cards.</p>
    ${children}
    ${
      problems.length
        ? html`<${Lines} caption=${`${count(problems.length, 'line')} that need a look`}
          head=${['line', 'it says', 'problem', 'fix']}
          rows=${problems.map((p) => [p.line, lines[p.line - 1], p.message, p.fix])} goTo=${goTo} />`
        : html`<p><strong>Every line was understood.</strong></p>`
    }
    ${
      refusals.length > 0 &&
      html`<details><summary>${count(refusals.length, 'question')} refused, with the reason</summary>
      <${Lines} head=${['line', 'it says', 'kind', 'reason']}
        rows=${refusals.map((r) => [r.line, lines[r.line - 1], r.template ?? 'no question', r.reason])} goTo=${goTo} />
    </details>`
    }
  </section>`;
}

function Lines({ caption, head, rows, goTo }) {
  return html`<div class="table-wrap" tabindex="0" role="region" aria-label=${caption ?? 'refused questions'}><table
    class="lines">
    ${caption && html`<caption>${caption}</caption>`}
    <thead><tr>${head.map((h) => html`<th scope="col">${h}</th>`)}</tr></thead>
    <tbody>${rows.map(
      ([line, ...rest], i) => html`<tr key=${i}>
      <td><button class="text-button" type="button" onClick=${() => goTo(line)}
        aria-label=${`go to line ${line}`}>${line}</button></td>
      ${rest.map((cell, j) => html`<td class=${j === 0 ? 'said' : null}>${cell ?? ''}</td>`)}
    </tr>`,
    )}</tbody>
  </table></div>`;
}

function Decks({ data, error, again }) {
  return html`<section class="group" aria-labelledby="decks-title">
    <h2 id="decks-title">Decks</h2>
    ${error && html`<${Failure} what="The decks did not load." error=${error} again=${again} />`}
    ${!data && !error && html`<${Placeholder} />`}
    ${data && html`<ul class="rows">${data.decks.map((deck) => html`<${DeckRow} key=${deck.id} deck=${deck}
      again=${again} />`)}</ul>`}
  </section>`;
}

function DeckRow({ deck, again }) {
  const [asking, setAsking] = useState(false);
  const [error, setError] = useState(null);
  const remove = async () => {
    try {
      await call('DELETE', `/decks/${encodeURIComponent(deck.id)}`);
      announce(`${deck.title} is deleted`);
      again();
    } catch (failure) {
      setError(failure);
    }
  };
  const address = encodeURIComponent(deck.id);
  return html`<li class="row deck-row">
    <span class="row-title">${deck.title}</span>
    <span class="quiet">
      ${count(deck.cards, 'card')}, ${waiting(deck)}${' '}
      ${error && html`<strong class="bad">${error.message}</strong>`}
    </span>
    ${
      asking
        ? html`<span class="row-links"><span>Delete its cards and their history?</span>
          <button class="button button-small button-danger" type="button" onClick=${remove}>Delete</button>
          <button class="button button-small" type="button" onClick=${() => setAsking(false)}>Keep</button></span>`
        : html`<span class="row-links">
          <a href=${`/study?deck=${address}`} aria-label=${`Study ${deck.title}`}>study</a>
          <a href=${`/deck/${address}`} aria-label=${`Cards of ${deck.title}`}>cards</a>
          ${deck.id !== 'builtin' && html`<button class="text-button" type="button"
            aria-label=${`Delete ${deck.title}`} onClick=${() => setAsking(true)}>delete</button>`}
        </span>`
    }
  </li>`;
}
