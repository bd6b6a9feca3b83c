// How a model of BlazingText is asked: words for their neighbours and analogies, or sentences for their labels.
import { html } from 'htm/preact';
import { count, number } from '../format.js';
import { Bars } from '../chart/bars.js';
import { Figure } from '../chart/figure.js';
import { Lit, plainLabel } from '../chart/sentences.js';
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

/** Words with their similarity, as bars. */
function Nearest({ title, file, near, none }) {
  return html`<${Figure} title=${title} file=${file} empty=${!near.length} shape="bars"
    summary=${near.length ? `${near[0].word} is nearest, cosine similarity ${number(near[0].similarity)}.` : none}
    table=${() => ({ columns: ['word', 'similarity'], rows: near.map((n) => [n.word, n.similarity]) })}
    picture=${(cursor, point) => html`<${Bars} wide point=${point} rows=${near.map(({ word, similarity }, at) => ({
      ...{ at, key: word, name: word, value: similarity, lit: cursor === at, kind: 'above', from: 0, to: Math.max(0, similarity) },
    }))} />`} />`;
}

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
      none=${`The model has no word \u201c${a.word}\u201d: it is not in the text, or too rare there.`} />`,
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
  says: (answer) => listOf(answer)[0].words.map((n) => n.word).join(', '),
  Answer: ({ answer, texts: [a, b, c] }) => html`<${Nearest} title=${`As ${a} is to ${b}, so is ${c} to`} file="analogy"
      near=${listOf(answer)[0].words} none="No word lies there." />
    <${AsItCame} answer=${answer} />`,
};

/** Sentences, one a line; what each piece of them adds is lit. */
const sentences = {
  type: JSON_TYPE,
  button: 'Classify',
  fields: () => [{ label: 'Sentences, one a line', rows: 3, note: 'words apart by spaces; what the model has never seen adds nothing' }],
  example: (run) =>
    [(newest(run, 'sentences')?.rows ?? []).slice(0, 2).map((r) => r.pieces.map((p) => p.text).filter((text) => !/\s/.test(text)).join(' ')).join('\n')],
  body: ([text]) => JSON.stringify({ instances: lines(text), configuration: { k: LABELS, shares: true } }),
  says: (answer) => listOf(answer).map((a) => plainLabel(a.label[0])).join('; '),
  Answer: ({ answer }) => html`<${Lit} title="What the model reads in it" file="answer" note=${count(listOf(answer).length, 'sentence')}
      ...${asked(listOf(answer))} />
    <${AsItCame} answer=${answer} />`,
};

/** The labels of all answers as classes; each answer names its own, the likeliest first. */
function asked(answers) {
  const classes = [...new Set(answers.flatMap((a) => a.label))];
  const rows = answers.map((a) => {
    const spread = (values) => classes.map((c) => values[a.label.indexOf(c)] ?? 0);
    return { probability: spread(a.prob), pieces: a.pieces.map(({ text, share }) => ({ text, share: spread(share) })) };
  });
  return { classes, rows };
}
