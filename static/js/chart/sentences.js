// Sentences as a classifier sees them: each word and each run of words lit by what it adds to the score of a class, and
// the probabilities that come of it. Solid underlines speak for the class, dashed ones against it; the thicker, the more.
import { useState } from 'preact/hooks';
import { html } from 'htm/preact';
import { count, signed } from '../format.js';
import { arm } from './palette.js';
import { Figure } from './figure.js';
import { Moments, momentWords, useMoment } from './moments.js';
import { plainLabel } from './names.js';
import { Icon } from '../view/parts.js';

const PREDICTED = 'what it predicts';

/** sentences: all that came so far, oldest first; `epochs`: how many there will be, where that is known. */
export function Sentences({ sentences, epochs }) {
  const moment = useMoment(sentences.length);
  const shown = sentences[moment.at];
  const words = shown && momentWords('epoch', shown.epoch, epochs);
  return html`<${Lit} title="Sentences" file="sentences" note=${words} classes=${shown?.classes} rows=${shown?.rows}
    tools=${html`<${Moments} name="epoch" moment=${moment} text=${words} />`} />`;
}

/** The same of an answer. rows: [{label: [true ones] or undefined, probability, pieces: [{text, share, unknown: what the
 *  model has no vector of}]}]; probabilities and shares follow `classes`. */
export function Lit({ title, file, note, classes = [], rows = [], tools }) {
  const [wanted, setWanted] = useState(PREDICTED);
  const chosen = classes.indexOf(wanted); // -1: of each sentence the likeliest
  const judged = rows.map((row) => judge(row, classes, chosen));
  const stops = judged.flatMap((row, i) => [{ i, piece: null }, ...row.order.map((piece) => ({ i, piece }))]);
  return html`<${Figure} title=${title} note=${note} file=${file} shape="lit" empty=${!rows.length}
    summary=${summary(judged)} table=${() => tableOf(judged, stops, classes)}
    picture=${(cursor, point) => html`<${Rows} rows=${judged} classes=${classes} at=${cursor === null ? null : stops[cursor]}
      point=${(i, piece) => point(i === null ? null : stops.findIndex((s) => s.i === i && s.piece === piece))} />`}
    tools=${html`${tools}<label class="check lit-class">shares for <select class="input" value=${chosen < 0 ? PREDICTED : wanted}
        onChange=${(e) => setWanted(e.target.value)}>${[PREDICTED, ...classes].map((name) => html`<option key=${name}
        value=${name}>${name === PREDICTED ? name : plainLabel(name)}</option>`)}</select></label><${Marks} truth=${judged.some((r) => r.truth)} unknown=${rows.some((r) => r.pieces.some((p) => p.unknown))} />`} />`;
}

/** The end of a line is a word of its own to the model. */
const END = '</s>';
const spelt = (text) => text.replaceAll(END, '\u21b5');

const isRun = ({ text }) => /\s/.test(text);
const RUNS = 6; // runs of words shown under a sentence, those that count most; the table has all
const FAINT = 0.08; // of the largest share: less is not marked

/** The row with what is drawn of it: its likeliest class, the class whose shares are lit, words in order, then runs. */
function judge(row, classes, chosen) {
  const likeliest = row.probability.indexOf(Math.max(...row.probability));
  const of = chosen < 0 ? likeliest : chosen;
  const indices = row.pieces.map((_, k) => k);
  const share = (k) => row.pieces[k].share[of] ?? 0;
  const largest = Math.max(...indices.map((k) => Math.abs(share(k))), 1e-12);
  const strongest = (a, b) => Math.abs(share(b)) - Math.abs(share(a));
  const runs = indices.filter((k) => isRun(row.pieces[k])).sort(strongest);
  const marked = runs.filter((k) => Math.abs(share(k)) >= FAINT * largest).slice(0, RUNS);
  const words = indices.filter((k) => !isRun(row.pieces[k]));
  const truth = row.label?.map((l) => classes.indexOf(l));
  return { ...row, likeliest, of, share, largest, words, marked, hidden: runs.length - marked.length, truth, order: [...words, ...runs], right: truth?.includes(likeliest) };
}

const percent = (part) => `${part >= 0.9995 || part < 0.0005 ? Math.round(100 * part) : (100 * part).toFixed(part > 0.99 || part < 0.1 ? 1 : 0)}%`;

function summary(rows) {
  if (!rows.length) return 'A few sentences appear here, with what each word says to the model.';
  const known = rows.filter((r) => r.truth);
  const first = rows[0];
  const best = first.order.reduce((a, b) => (first.share(b) > first.share(a) ? b : a), first.order[0]);
  const says = best === undefined ? '' : `${known.length ? 'in the first sentence ' : ''}\u201c${first.pieces[best].text}\u201d counts most`;
  return `${[known.length && `${known.filter((r) => r.right).length} of ${known.length} sentences right`, says].filter(Boolean).join('; ')}.`;
}

/** A row for each sentence, with its scores, and one for each of its pieces. */
function tableOf(rows, stops, classes) {
  const sums = (row) => classes.map((_, c) => row.pieces.reduce((sum, p) => sum + (p.share[c] ?? 0), 0));
  return {
    columns: ['sentence', 'piece', ...(rows[0].truth ? ['true'] : []), 'predicted', ...classes.map((c) => `share for ${plainLabel(c)}`)],
    rows: stops.map(({ i, piece }) => {
      const row = rows[i];
      const truth = row.truth ? [row.label.map(plainLabel).join(' ')] : [];
      const predicted = `${plainLabel(classes[row.likeliest])} ${percent(row.probability[row.likeliest])}`;
      return [i + 1, piece === null ? 'all of it' : row.pieces[piece].text, ...truth, predicted, ...(piece === null ? sums(row) : row.pieces[piece].share)];
    }),
  };
}

function Rows({ rows, classes, at, point }) {
  return html`<div class="sentences" aria-hidden="true" onPointerLeave=${() => point(null)}>
    ${rows.map((row, i) => {
      const lit = at?.i === i;
      const piece = (k) => html`<${Piece} key=${k} text=${spelt(row.pieces[k].text)} unknown=${row.pieces[k].unknown} part=${row.share(k) / row.largest} share=${row.share(k)}
        lit=${lit && at.piece === k} enter=${(e) => moved(e) && point(i, k)} />`;
      return html`<div key=${i} class=${lit ? 'sentence lit-sentence lit' : 'sentence lit-sentence'} ref=${lit ? intoSight : null}>
        <span class="side"><span class="lit-words">${row.words.map((k) => html`${piece(k)} `)}</span>
          ${row.marked.length + row.hidden > 0 && html`<span class="lit-runs">${row.marked.map((k) => html`${piece(k)} `)}${
            row.hidden > 0 && html`<span class="quiet">${row.marked.length ? 'and ' : ''}${count(row.hidden, row.marked.length ? 'more run' : 'run')} of words${row.marked.length ? '' : ' that say little'}</span>`
          }</span>`}</span>
        <${Chances} row=${row} classes=${classes} />
      </div>`;
    })}</div>`;
}

/** Not so when the rows went by under a pointer at rest. */
const moved = (event) => event.movementX !== 0 || event.movementY !== 0;
const intoSight = (el) => el?.scrollIntoView({ block: 'nearest' });

function Piece({ text, unknown, part, share, lit, enter }) {
  const size = Math.min(1, Math.abs(part));
  const kind = size < FAINT ? '' : part > 0 ? 'for' : 'against';
  const name = ['piece', unknown ? 'unknown' : kind, size > 0.5 && 'strong', lit && 'lit'].filter(Boolean).join(' ');
  return html`<span class=${name} style=${{ '--size': size.toFixed(2) }} title=${signed(share)}
    onPointerMove=${enter}>${text}</span>`;
}

const BARS = 3; // classes named in a row: the likeliest, and the true one

function Chances({ row, classes }) {
  const order = classes.map((_, c) => c).sort((a, b) => row.probability[b] - row.probability[a]);
  const named = order.slice(0, BARS);
  const missing = row.truth?.find((c) => c >= 0 && !named.includes(c));
  if (missing !== undefined) named[named.length - 1] = missing;
  return html`<span class="chances">${named.map(
    (c) => html`<span key=${c} class=${c === row.likeliest ? 'chance best' : 'chance'}>
      <span class="chance-name" title=${plainLabel(classes[c])}>${plainLabel(classes[c])}</span>
      <span class="chance-track"><span style=${{ width: `${100 * row.probability[c]}%`, background: `var(${arm(0).color})` }}></span></span>
      <span class="chance-value">${percent(row.probability[c])}</span>
      <span class="chance-true">${row.truth?.includes(c) && html`<${Icon} name="tick" />`}</span></span>`,
  )}</span>`;
}

const Marks = ({ truth, unknown }) => html`<ul class="legend words-legend" aria-label="Marks of the pieces">
  <li><span class="piece for strong" style=${{ '--size': 1 }}>speaks for the class</span></li>
  <li><span class="piece against strong" style=${{ '--size': 1 }}>against it</span></li>
  <li><span class="piece for" style=${{ '--size': 0.3 }}>a little</span></li>
  ${unknown && html`<li><span class="piece unknown">not known</span></li>`}
  ${truth && html`<li><${Icon} name="tick" /> the true label</li>`}</ul>`;
