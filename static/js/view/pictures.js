// The pictures of a run, in the order in which they are read: losses and what the model says, the trees, how the
// scores rank and where they are wrong, what the model is made of. The settings tell which will come, so that each has
// its place before its data do; one that never came is taken away when the run has ended.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { html } from 'htm/preact';
import { finished } from '../run.js';
import { metric } from '../format.js';
import { Attention } from '../chart/attention.js';
import { Boundary } from '../chart/boundary.js';
import { Choice } from '../chart/choice.js';
import { Confusion } from '../chart/confusion.js';
import { Curve } from '../chart/curve.js';
import { Detections } from '../chart/detections.js';
import { Embedding } from '../chart/embedding.js';
import { Forecast } from '../chart/forecast.js';
import { Importance } from '../chart/importance.js';
import { LineChart } from '../chart/line.js';
import { Models } from '../chart/models.js';
import { momentWords, useMoment } from '../chart/moments.js';
import { arm } from '../chart/palette.js';
import { Path } from '../chart/path.js';
import { Precision } from '../chart/precision.js';
import { Ranking } from '../chart/ranking.js';
import { Regions } from '../chart/regions.js';
import { Residuals } from '../chart/residuals.js';
import { Sentences } from '../chart/sentences.js';
import { Translations } from '../chart/translations.js';
import { Tree } from '../chart/tree.js';
import { Weights } from '../chart/weights.js';

const is = (pattern) => (task) => pattern.test(task);
const TWO = is(/^binary/);
const CLASSES = is(/^binary|^multi/);
const VALUES = is(/^reg|^count/);
const many = (columns) => columns > 2;
const several = (hyper) => hyper.num_models !== undefined && hyper.num_models !== '1';
const trees = (hyper) => hyper.booster !== 'gblinear';
const sentences = (hyper) => hyper.mode === 'supervised';

/** What follows the losses. `due`: whether the settings lead to it; `of`: its data; `wide`: over the whole width;
 *  `first`: before the losses. */
const SLOTS = [
  { kinds: ['regions', 'boundary', 'curve'], of: seen, due: ({ columns }) => !many(columns), draw: Seen },
  { kinds: ['weights'], due: ({ columns }) => many(columns), draw: (data) => html`<${Weights} weights=${data} />` },
  {
    kinds: ['detections', 'images'],
    of: boxes,
    wide: true,
    first: true,
    due: () => true,
    draw: (data, { run, hyper, moment, threshold }) => html`<${Detections} key=${run?.id} images=${data?.images} detections=${data?.list ?? []}
      epochs=${Number(hyper.epochs)} moment=${moment} threshold=${threshold} least=${data?.overlap} />`,
  },
  {
    kinds: ['precision'],
    of: frames('precision'),
    due: () => true,
    draw: (data, { run, hyper, moment, threshold }) => html`<${Precision} precision=${scoredAt(data?.list ?? [], run, moment)}
      epochs=${Number(hyper.epochs)} threshold=${threshold} />`,
  },
  {
    kinds: ['tree'],
    of: frames('tree'),
    wide: true,
    due: ({ hyper }) => trees(hyper),
    draw: (data, { run }) => html`<${Tree} key=${run?.id} trees=${data?.list ?? []} />`,
  },
  {
    kinds: ['ranking'],
    wide: true,
    due: ({ task }) => TWO(task),
    draw: (data) => html`<${Ranking} ranking=${data} />`,
  },
  { kinds: ['confusion'], due: ({ task }) => CLASSES(task), draw: (data) => html`<${Confusion} confusion=${data} />` },
  {
    kinds: ['sentences'],
    of: frames('sentences'),
    wide: true,
    due: ({ hyper }) => sentences(hyper),
    draw: (data, { run, hyper }) => html`<${Sentences} key=${run?.id} sentences=${data?.list ?? []}
      epochs=${Number(hyper.epochs)} />`,
  },
  { kinds: ['residuals'], due: ({ task }) => VALUES(task), draw: (data) => html`<${Residuals} residuals=${data} />` },
  {
    kinds: ['importance'],
    due: ({ hyper }) => trees(hyper),
    draw: (data) => html`<${Importance} importance=${data} />`,
  },
  {
    kinds: ['coefficients'],
    due: ({ hyper }) => !trees(hyper),
    draw: (data) => html`<${Weights} weights=${data} title="Coefficients" file="coefficients" />`,
  },
  { kinds: ['models'], due: ({ hyper }) => several(hyper), draw: (data) => html`<${Models} models=${data} />` },
  {
    kinds: ['attention'],
    of: frames('attention'),
    due: () => true,
    draw: (data, { run, moment }) => html`<${Attention} ...${lookedAt(data?.list ?? [], run, moment)} />`,
  },
  {
    kinds: ['translations'],
    of: frames('translations'),
    wide: true,
    due: () => true,
    draw: (data, { moment }) => html`<${Translations} translations=${data?.list ?? []} moment=${moment} />`,
  },
  {
    kinds: ['forecast'],
    of: frames('forecast'),
    wide: true,
    due: () => true,
    draw: (data, { run, hyper }) => html`<${Forecast} key=${run?.id} forecasts=${data?.list ?? []}
      epochs=${Number(hyper.epochs)} />`,
  },
  {
    kinds: ['embedding'],
    of: frames('embedding'),
    wide: true,
    due: ({ hyper }) => !sentences(hyper),
    draw: (data, { run, hyper }) => html`<${Embedding} key=${run?.id} embeddings=${data?.list ?? []}
      epochs=${Number(hyper.epochs)} />`,
  },
  { kinds: ['l1_path'], due: () => false, draw: (data) => html`<${Path} path=${data} />` },
];

/** All pictures of a kind that come again; `count` tells when one more has come. */
function frames(kind) {
  return (run) => run?.frames[kind] && { list: run.frames[kind], count: run.frames[kind].length };
}

/** The attention of the update whose translations are shown, or of the last one before it. */
function lookedAt(attentions, run, { at }) {
  const update = run?.frames.translations?.[at]?.update ?? Infinity;
  const attention = attentions.findLast((a) => a.update <= update) ?? attentions[0];
  return { attention, note: attention && momentWords('update', attention.update) };
}

/** The images and what was found in them so far, as one thing. */
function boxes(run) {
  const images = run?.pictures.images;
  const list = run?.frames.detections ?? [];
  return images && { list, count: list.length, images, overlap: run.frames.precision?.at(-1)?.overlap };
}

/** The curves of the epoch whose boxes are shown, or of the last one scored before it, on the same images. */
function scoredAt(all, run, { at }) {
  const same = all.filter((p) => p.channel === run?.pictures.images?.channel);
  const precisions = same.length ? same : all;
  const epoch = run?.frames.detections?.[at]?.epoch ?? Infinity;
  return precisions.findLast((p) => p.epoch <= epoch) ?? precisions[0];
}

/** Everything of two features or one that is drawn over the training points, as one thing that changes as a whole. */
function seen(run) {
  const { points, boundary, regions, curve } = run?.pictures ?? {};
  return points || regions || curve ? { points, boundary, regions, curve } : undefined;
}

function Seen(data) {
  const { points, boundary, regions, curve } = data ?? {};
  if (regions && !boundary) return html`<${Regions} points=${points} regions=${regions} />`;
  if (curve && !boundary) return html`<${Curve} points=${points} curve=${curve} />`;
  return html`<${Boundary} points=${points} boundary=${boundary}
    note=${points ? `${points.x.length} training rows` : null} />`;
}

/** `values` of the form, the columns of its data when they are known and the name of made data: for the time before the
 *  engine has said what it read. */
export function Pictures({ run, entry, values, columns, made }) {
  const hyper = run?.start?.hyperparameters ?? values;
  const source = run?.start?.data?.name ?? made;
  const task = TASKS[hyper.predictor_type] ?? (sentences(hyper) ? labelsOf(source) : hyper.objective) ?? '';
  const known = { hyper, task, columns: run?.start?.data?.columns ?? columns ?? 2 };
  const over = Boolean(run && finished(run));
  const moment = useMoment((run?.frames.translations ?? run?.frames.detections)?.length ?? 0);
  const [confidence, setConfidence] = useState(CONFIDENCE);
  const threshold = { value: confidence, set: setConfidence };
  useEffect(() => moment.set(null), [run?.id]);
  const slots = SLOTS.filter((s) => s.kinds.some((kind) => entry.pictures.includes(kind)))
    .map((s) => ({ ...s, key: s.kinds[0], data: (s.of ?? ((r) => r?.pictures[s.kinds[0]]))(run) }))
    .filter((s) => s.data || (s.due(known) && !over));
  return html`<div class="pictures">${inRows([...slots.filter((s) => s.first), { key: 'loss' }, ...slots.filter((s) => !s.first)]).map(
    ({ key, wide, data, draw }) => html`<div key=${key} class=${wide ? 'slot slot-wide' : 'slot'}>${
      draw ? html`<${Still} data=${data} shown=${`${moment.at} ${moment.following} ${confidence}`}
        draw=${() => draw(data, { run, hyper, moment, threshold })} />` : html`<${Losses} run=${run} entry=${entry}
        hyper=${hyper} made=${source} />`
    }</div>`,
  )}</div>`;
}

const TASKS = { binary_classifier: 'binary', multiclass_classifier: 'multi', regressor: 'reg' };
/** How many labels text has shows when it is read; that made opinions have two is known before. */
const labelsOf = (data) => (/^opinion_text/.test(data) ? 'binary' : 'multi');
const CONFIDENCE = 0.3; // from which a box counts, at first

/** Two to a row; one that has no neighbour has the row for itself. */
function inRows(slots) {
  let left = null;
  const rows = slots.map((s) => ({ ...s, wide: Boolean(s.wide) }));
  for (const s of rows) {
    if (s.wide && left) left.wide = true;
    left = s.wide || left ? null : s;
  }
  if (left) left.wide = true;
  return rows;
}

/** Drawn again only when its data are others: events replace them, or add to what `count` or the fields count. */
function Still({ data, shown, draw }) {
  return useMemo(draw, [shown, ...(!data ? [false] : data.list || 'points' in data ? Object.values(data) : [data])]);
}

/** Metrics that are measured all along on training or validation rows, `objective_loss` first; not those that are only
 *  measured at the end. */
function measures(run) {
  const all = [...(run?.curves.values() ?? [])].filter((c) => /^(train|validation):/.test(c.name) || (/^test:/.test(c.name) && c.xs.length > 1));
  const longest = (curves) => Math.max(0, ...curves.map((c) => c.xs.length));
  const groups = new Map();
  for (const curve of all) {
    const { own } = metric(curve.name);
    groups.set(own, [...(groups.get(own) ?? []), curve]);
  }
  const along = (c) => {
    const { split } = metric(c.name);
    return 2 * c.xs.length > longest(all.filter((o) => metric(o.name).split === split)) && (c.xs.length > 1 || longest(all) === 1);
  };
  const names = [...groups.keys()]
    .filter((own) => own === 'objective_loss' || groups.get(own).some(along))
    .sort((a, b) => (b === 'objective_loss') - (a === 'objective_loss'));
  return { groups, names };
}

/** The measures that will come for certain, so that the choice between them has its place. */
const MEASURES = {
  seq2seq: ({ optimized_metric: best, bleu_sample_size: sample = '0' }) =>
    best === 'bleu' || sample !== '0' ? ['perplexity', 'accuracy', 'bleu'] : ['perplexity', 'accuracy'],
  object2vec: ({ output_layer: output }) =>
    output === 'mean_squared_error' ? ['mean_squared_error'] : ['cross_entropy', 'accuracy'],
  blazingtext: ({ mode }, made) =>
    mode === 'supervised' ? ['loss', 'accuracy'] : /^planted_words/.test(made) ? ['loss', 'topic_precision', 'role_precision'] : ['loss'],
  'object-detection': () => ['mAP', 'cross_entropy', 'smooth_l1'],
};

/** `hyper`: the settings, `made`: the made data; they may name the metrics that will come. */
function Losses({ run, entry, hyper, made }) {
  const [wanted, setWanted] = useState(null);
  const { groups, names: come } = measures(run);
  const asked = (hyper.eval_metric ?? '').split(',').map((name) => name.trim()).filter(Boolean);
  const sure = MEASURES[entry.name]?.(hyper, made) ?? [];
  const names = sure.length ? [...new Set([...sure, ...come])] : come.length ? come : asked;
  const own = names.includes(wanted) ? wanted : (names.find((name) => groups.has(name)) ?? names[0]);
  const series = (groups.get(own) ?? []).map((c, i) => ({
    ...c,
    key: c.name,
    label: metric(c.name).split,
    end: true,
    ...arm(i),
  }));
  const isLoss = (!come.length && !sure.length) || /^(objective_)?loss$/.test(own);
  return html`<${LineChart} title=${isLoss ? 'Loss' : 'Metric'} series=${series} yLabel=${isLoss ? 'loss' : own}
    note=${come.length + sure.length > 0 && [own, metric(own).direction].filter(Boolean).join(', ')} file=${`${entry.name}-${own ?? 'loss'}`}
    tools=${names.length > 1 && html`<${Choice} label="show" name="measure" options=${names} value=${own}
      set=${setWanted} />`} />`;
}
