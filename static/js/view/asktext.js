// How a model of BlazingText is asked: words for their neighbours and analogies, or sentences for their labels.
import { html } from 'htm/preact';
import { count, number } from '../format.js';
import { Bars } from '../chart/bars.js';
import { Figure } from '../chart/figure.js';
import { plainLabel } from '../chart/names.js';
import { Lit } from '../chart/sentences.js';
import { AsItCame } from './parts.js';

const JSON_TYPE = 'application/json';
const NEAREST = 8; // words that are wished for
const LABELS = 10;

/** The classifier has one question, word vectors have two. */
export const textAsks = (run) => (run.start?.hyperparameters.mode === 'supervised' ? [sentences] : [neighbours, analogy]);

const words = (text) => text.split(/\s+/).filter(Boolean);
const lines = (text) => text.split('\n').map((line) => line.trim()).filter(Boolean);
const listOf = (answer) => answer.predictions ?? answer;
const newest = (run, kind) => run.frames[kind]?.at(-1);

/** Words with the cosine of their vectors, as bars. */
function Nearest({ title, file, near, none }) {
  return html`<${Figure} title=${title} file=${file} empty=${!near.length} shape="bars"
    summary=${near.length ? `${near[0].word} is nearest, cosine ${number(near[0].cosine)}.` : none}
    table=${() => ({ columns: ['word', 'cosine'], rows: near.map((n) => [n.word, n.cosine]) })}
    picture=${(cursor, point) => html`<${Bars} point=${point} rows=${near.map(({ word, cosine }, at) => ({
      ...{ at, key: word, name: word, value: cosine, lit: cursor === at, kind: 'above', from: 0, to: Math.max(0, cosine) },
    }))} />`} />`;
}

const unknown = (list) => `The model does not know ${list.map((word) => `\u201c${word}\u201d`).join(', ')}: not in the text, or too rare there.`;

/** Words of the picture that stand for something, where it is known what was planted; the most frequent first. */
function shownWords(run) {
  const { name = [], group, neighbours: near = [] } = newest(run, 'embedding') ?? {};
  return name.map((word, i) => ({ word, group: group?.[i] ?? -1, near: (near[i] ?? []).map((k) => name[k]) })).filter((w) => !group || w.group >= 0);
}

const neighbours = {
  title: 'Nearest words',
  type: JSON_TYPE,
  button: 'Find the nearest',
  fields: () => [{ label: 'Words', note: 'one or a few, apart by spaces, spelt as in the text' }],
  example: (run) => [shownWords(run).slice(0, 2).map((w) => w.word).join(' ')],
  body: ([text]) => JSON.stringify({ instances: words(text), configuration: { neighbours: NEAREST } }),
  says: (answer) => listOf(answer).map((a) => `${a.word}: ${a.neighbours.map((n) => n.word).join(', ') || 'not known'}`).join('; '),
  Answer: ({ answer }) => html`<div class="answers-side">${listOf(answer).map(
    (a, k) => html`<${Nearest} key=${k} title=${`Nearest to ${a.word}`} file=${`nearest-${k + 1}`} near=${a.neighbours}
      none=${unknown([a.word])} />`,
  )}</div><${AsItCame} answer=${answer} />`,
};

const analogy = {
  title: 'Analogy',
  type: JSON_TYPE,
  button: 'Find the fourth',
  inline: true,
  fields: () => [{ label: 'as' }, { label: 'is to' }, { label: 'so is' }],
  example(run) {
    const all = shownWords(run);
    const first = all[0];
    const other = all.find((w) => w.group !== first?.group) ?? all.at(-1);
    return [first?.word ?? '', first?.near[0] ?? '', other?.word ?? ''];
  },
  body: (texts) => JSON.stringify({ analogies: [texts.map((text) => text.trim())], configuration: { k: NEAREST } }),
  says: (answer) => listOf(answer)[0].nearest.map((n) => n.word).join(', ') || unknown(listOf(answer)[0].unknown),
  Answer({ answer }) {
    const [{ analogy: [a, b, c], nearest, unknown: missing }] = listOf(answer);
    return html`<${Nearest} title=${`As ${a} is to ${b}, so is ${c} to`} file="analogy" near=${nearest} none=${unknown(missing)} />
      <${AsItCame} answer=${answer} />`;
  },
};

/** Sentences, one a line; what each piece of them adds is lit. */
const sentences = {
  type: JSON_TYPE,
  button: 'Classify',
  fields: () => [{ label: 'Sentences, one a line', rows: 3, note: 'words apart by spaces; what the model has never seen adds nothing' }],
  example: (run) =>
    [(newest(run, 'sentences')?.rows ?? []).slice(0, 2).map((r) => r.pieces.map((p) => p.text).filter((text) => !/\s|^<\/s>$/.test(text)).join(' ')).join('\n')],
  body: ([text]) => JSON.stringify({ instances: lines(text), configuration: { k: LABELS, shares: true } }),
  says: (answer) => listOf(answer).map((a) => plainLabel(a.label[0])).join('; '),
  Answer: ({ answer, texts: [text] }) => html`<${Lit} title="What the model reads in it" file="answer" note=${count(listOf(answer).length, 'sentence')}
      ...${asked(listOf(answer), lines(text))} />
    <${AsItCame} answer=${answer} />`,
};

/** The labels that the answers name as classes; shares come for each label there is. */
function asked(answers, typed) {
  const classes = [...new Set(answers.flatMap((a) => a.label))].sort();
  const rows = answers.map((a, i) => ({
    probability: classes.map((c) => a.prob[a.label.indexOf(c)] ?? 0),
    pieces: whole(a.pieces.map(({ text, share }) => ({ text, share: classes.map((c) => share[c]) })), words(typed[i]), classes),
  }));
  return { classes, rows };
}

/** The pieces with the words that the model does not know where they were typed; the answer passes over those. */
function whole(pieces, typed, classes) {
  const known = pieces.filter(({ text }) => !/\s/.test(text));
  const line = typed.map((text) => (known[0]?.text === text ? known.shift() : { text, unknown: true, share: classes.map(() => 0) }));
  return [...line, ...known, ...pieces.filter(({ text }) => /\s/.test(text))];
}
