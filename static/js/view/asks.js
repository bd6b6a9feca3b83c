// How a model of each algorithm is asked. An ask has: `type`, the content type of the request; `fields(run)`, what is typed:
// [{label, note, rows: of a text area}]; `example(run)`, the texts to begin with; `body(texts)`, the request;
// `says(answer)`, one line to be read aloud; `Answer`, what is shown of it. It may have a `title` and a `button`;
// `inline`: its fields stand side by side.
import { html } from 'htm/preact';
import { count, number } from '../format.js';
import { Attention } from '../chart/attention.js';
import { Fans } from '../chart/forecast.js';
import { Vector } from '../chart/vector.js';
import { textAsks } from './asktext.js';
import { AsItCame } from './parts.js';

const JSON_TYPE = 'application/json';

/** Rows of features, as CSV. */
const rows = {
  type: 'text/csv',
  fields: (run) => [
    { label: 'Rows as CSV, without the label', rows: 3, note: `${count(columnsOf(run), 'value')} a row, one row a line` },
  ],
  example: (run) => [rowOf(run)],
  body: ([text]) => `${text.trim()}\n`,
  says: ({ predictions }) => `${count(predictions.length, 'row')} answered`,
  Answer: ({ answer }) => html`<${Table} predictions=${answer.predictions} />`,
};

const columnsOf = (run) => run.start?.data?.columns ?? 1;

/** The first row that the page has seen where the inputs are drawn, else the middle of most scales. */
function rowOf(run) {
  const { points } = run.pictures;
  const columns = columnsOf(run);
  if (points && columns === 1) return String(points.x[0]);
  if (points?.y && columns === 2) return `${points.x[0]},${points.y[0]}`;
  return Array(columns).fill('0.5').join(',');
}

/** A column for each field of the answer, such as score and predicted_label. */
function Table({ predictions }) {
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

/** The answer as it came, for what is not drawn of it. */
const newest = (run, kind) => run.frames[kind]?.at(-1);

/** A series and how its forecast is wanted, as the service takes them. */
const deepar = {
  type: JSON_TYPE,
  button: 'Forecast',
  fields: () => [{ label: 'Request as JSON: series, and how their forecasts are wanted', rows: 10, note: 'a missing value is "NaN"; output_types may be mean, quantiles, samples' }],
  example(run) {
    const series = newest(run, 'forecast')?.series[0];
    if (!series) return [''];
    const { start, history, cat, feature, features } = series;
    const ahead = features ?? (feature && [feature]);
    const instance = { start, target: history.map((v) => (known(v) ? Number(v.toPrecision(6)) : 'NaN')), ...(cat && { cat }), ...(ahead && { dynamic_feat: ahead }) };
    const configuration = { num_samples: 100, output_types: ['mean', 'quantiles'], quantiles: ['0.1', '0.25', '0.5', '0.75', '0.9'] };
    return [`{"instances": [\n${JSON.stringify(instance)}\n],\n"configuration": ${JSON.stringify(configuration)}}`];
  },
  body: ([text]) => text,
  says: ({ predictions }) => `${count(predictions.length, 'forecast')} made`,
  Answer: ({ answer, texts: [text], run }) => html`<${Fans} title="What the model expects" file="answer"
      forecast=${{ freq: run.start.hyperparameters.time_freq, series: expected(answer, JSON.parse(text)) }} />
    <${AsItCame} answer=${answer} />`,
};

const known = (v) => typeof v === 'number';
const value = (v) => (known(v) ? v : null);

const expected = ({ predictions }, { instances }) =>
  predictions.map(({ mean, quantiles, samples }, i) => ({
    name: instances[i].item_id ?? `series ${i + 1}`,
    start: instances[i].start,
    history: instances[i].target.map(value),
    truth: null,
    mean: mean ?? (quantiles ? undefined : samples && middle(samples)),
    quantiles: quantiles ?? {},
    feature: instances[i].dynamic_feat?.[0],
  }));

/** The mean of sample paths, step by step. */
const middle = (paths) => paths[0].map((_, step) => paths.reduce((sum, path) => sum + path[step], 0) / paths.length);

/** Sentences, words apart by spaces; the attention of the first is drawn. */
const seq2seq = {
  type: JSON_TYPE,
  button: 'Translate',
  fields: () => [{ label: 'Sentences, one a line', rows: 3, note: 'words apart by spaces, spelt as in the vocabulary' }],
  example: (run) => [(newest(run, 'translations')?.rows ?? []).slice(0, 2).map((r) => r.source.join(' ')).join('\n')],
  body: ([text]) =>
    JSON.stringify({ instances: lines(text).map((data) => ({ data, configuration: { attention_matrix: 'true' } })) }),
  says: ({ predictions }) => predictions.map((p) => p.target).join('; '),
  Answer: ({ answer, texts: [text] }) => html`<${Said} sentences=${lines(text)} predictions=${answer.predictions} />
    <${Attention} attention=${lookedAt(lines(text)[0], answer.predictions[0])} note="of the first sentence" file="answer-attention" />
    <${AsItCame} answer=${answer} />`,
};

const lines = (text) => text.split('\n').map((line) => line.trim()).filter(Boolean);
const words = (text) => text.split(/\s+/).filter(Boolean);

function Said({ sentences, predictions }) {
  return html`<div class="table-wrap" tabindex="0" role="region" aria-label="What the model says"><table>
    <caption>What the model says</caption>
    <thead><tr><th scope="col">sentence</th><th scope="col">translation</th></tr></thead>
    <tbody>${predictions.map((p, i) => html`<tr key=${i}><td>${sentences[i]}</td><td>${p.target}</td></tr>`)}</tbody>
  </table></div>`;
}

const END = '</s>';

/** The rows of the matrix are the words said, and the end of the sentence where the model counts it. */
function lookedAt(sentence, { target, matrix = [] }) {
  const source = words(sentence);
  const output = words(target);
  const wide = matrix[0]?.length ?? 0;
  return {
    source: Array.from({ length: wide }, (_, i) => source[i] ?? END),
    output: matrix.map((_, i) => output[i] ?? END),
    weights: matrix,
  };
}

/** Two lists of tokens for their score, or one for its vector. */
const object2vec = {
  type: JSON_TYPE,
  fields: () => [
    { label: 'in0, tokens', note: 'whole numbers apart by spaces' },
    { label: 'in1, tokens', note: 'both: how they go together; one alone: its vector' },
  ],
  example(run) {
    const { name = [] } = newest(run, 'embedding') ?? {};
    const whole = name.filter((text) => /^\d+( \d+)*$/.test(text)); // a long list is cut short in the picture
    return [whole[0] ?? '1', whole[1] ?? whole[0] ?? '2'];
  },
  body: (texts) => {
    const sides = texts.map((text) => words(text.replaceAll(',', ' '))).map((list) => list.map((t) => (Number.isFinite(Number(t)) ? Number(t) : t)));
    return JSON.stringify({ instances: [Object.fromEntries(sides.map((list, k) => [`in${k}`, list]).filter(([, list]) => list.length))] });
  },
  says: ({ predictions: [p] }) => (p.scores ? `Scores: ${shown(p.scores)}` : `A vector of ${count(p.embeddings.length, 'number')}`),
  Answer: ({ answer }) => {
    const [{ scores, embeddings }] = answer.predictions;
    return html`${scores && html`<${Scores} scores=${scores} />`}${embeddings && html`<${Vector} values=${embeddings} />`}
      <${AsItCame} answer=${answer} />`;
  },
};

/** One number is a regression's; several are the probabilities of the classes. */
const Scores = ({ scores }) => html`<dl class="numbers">${scores.map(
  (score, k) => html`<div key=${k}><dt>${scores.length > 1 ? `class ${k}` : 'score'}</dt><dd>${number(score, 4)}</dd></div>`,
)}</dl>`;

const ASKS = { rows: [rows], deepar: [deepar], seq2seq: [seq2seq], object2vec: [object2vec] };

/** The ways in which the model of a run is asked, one after another on the page. */
export const asksOf = (algorithm, run) => (algorithm === 'blazingtext' ? textAsks(run) : (ASKS[algorithm] ?? ASKS.rows));
