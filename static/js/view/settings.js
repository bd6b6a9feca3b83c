// The form of a run, made from what the engine says it takes. Values are text, as the service writes them; an empty one
// means the documented default. Errors are found while typing; the engine checks again.
import { useState } from 'preact/hooks';
import { html } from 'htm/preact';

// Shown at first when the algorithm has them; the rest waits in a disclosure.
const ESSENTIAL = [
  'predictor_type',
  'learning_rate',
  'optimizer',
  'epochs',
  'mini_batch_size',
  'num_classes',
  'normalize_data',
  'objective',
  'num_round',
  'num_class',
  'booster',
  'eta',
  'max_depth',
  'gamma',
  'lambda',
  'alpha',
  'min_child_weight',
  'subsample',
  'scale_pos_weight',
  'eval_metric',
  'early_stopping_rounds',
  'tree_method',
  'num_cells',
  'num_layers',
  'likelihood',
  'dropout_rate',
  'encoder_type',
  'decoder_type',
  'rnn_attention_type',
  'rnn_cell_type',
  'rnn_num_hidden',
  'optimizer_type',
  'optimized_metric',
  'enc0_network',
  'enc1_network',
  'enc_dim',
  'comparator_list',
  'output_layer',
  'negative_sampling_rate',
  'mode',
  'vector_dim',
  'window_size',
  'negative_samples',
  'word_ngrams',
  'min_count',
  'subwords',
  'base_network',
  'image_shape',
  'use_pretrained_model',
  'width',
  'flip',
  'rescale',
  'jitter',
  'crop',
];

export const isEssential = (h, preset = {}) =>
  h.required || ESSENTIAL.includes(h.name) || h.name in preset;

export function rangeWords(h) {
  if (h.type === 'choice' || h.type === 'text') return '';
  const parts = [];
  if (h.min !== null && h.min !== undefined && h.max !== null && h.max !== undefined)
    parts.push(`${h.min_open ? 'above' : 'from'} ${h.min} ${h.max_open ? 'to below' : 'to'} ${h.max}`);
  else if (h.min !== null && h.min !== undefined) parts.push(`${h.min_open ? 'above' : 'at least'} ${h.min}`);
  else if (h.max !== null && h.max !== undefined) parts.push(`${h.max_open ? 'below' : 'at most'} ${h.max}`);
  if (h.auto) parts.push('or auto');
  return parts.join(' ');
}

// What the engine reads as a number; Number() would also take "0x10", and "1e2" for a whole number.
const WHOLE = /^-?\d+$/;
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

const NEEDED = 'needed';

/** What is wrong with a value, as a short sentence, or null. */
export function fault(h, typed) {
  const text = String(typed ?? '').trim();
  if (text === '') return h.required ? NEEDED : null;
  if (['boolean', 'choice', 'text'].includes(h.type) || (h.auto && text === 'auto')) return null;
  const value = Number(text);
  if (h.type === 'integer' && !WHOLE.test(text)) return `a whole number, in digits${h.auto ? ', or auto' : ''}`;
  if (!DECIMAL.test(text) || !Number.isFinite(value)) return `a number${h.auto ? ' or auto' : ''}`;
  const low = h.min === null || h.min === undefined || (h.min_open ? value > h.min : value >= h.min);
  const high = h.max === null || h.max === undefined || (h.max_open ? value < h.max : value <= h.max);
  return low && high ? null : rangeWords(h);
}

/** Whether `when` ("predictor_type=multiclass_classifier", alternatives by "|") holds for the values. */
export function applies(h, values) {
  if (!h.when) return true;
  const [name, wanted = ''] = h.when.split('=');
  return wanted.split('|').includes(values[name] ?? '');
}

/** By what they are read with: [[null, those always read], ["encoder_type=cnn", ..]..], each group where its first stands. */
export function grouped(hyperparameters) {
  const groups = new Map([[null, []]]);
  for (const h of hyperparameters) {
    const when = h.when ?? null;
    if (!groups.has(when)) groups.set(when, []);
    groups.get(when).push(h);
  }
  return [...groups].filter(([, list]) => list.length);
}

export function Setting({ h, value, set, values }) {
  const unread = !applies(h, values);
  const problem = h.not_yet || unread ? null : fault(h, value);
  const note = h.not_yet ?? (unread ? `read only with ${h.when}` : problem);
  const id = `set-${h.name}`;
  const shared = {
    id,
    class: 'input',
    disabled: Boolean(h.not_yet),
    'aria-invalid': problem ? 'true' : null,
    'aria-describedby': `${id}-note`,
    onChange: (e) => set(h.name, e.target.value),
  };
  const fallback = h.default ?? (h.required ? '' : 'none');
  const options = h.type === 'boolean' ? ['true', 'false'] : h.type === 'choice' ? h.choices : null;
  return html`<div class=${unread || h.not_yet ? 'setting setting-off' : 'setting'}>
    <label for=${id}><code>${h.name}</code></label>
    ${
      options
        ? html`<select ...${shared} value=${value ?? ''}>
          <option value="">${h.required ? 'choose' : `${fallback} (default)`}</option>${options.map((o) => html`<option key=${o} value=${o}>${o}</option>`)}</select>`
        : html`<input ...${shared} value=${value ?? ''} placeholder=${fallback}
          inputmode=${h.auto || h.type === 'text' ? 'text' : 'decimal'} autocomplete="off" spellcheck="false"
          onInput=${shared.onChange} />`
    }
    <small id=${`${id}-note`}
      class=${problem ? 'bad' : 'quiet'}>${[note, problem && problem !== NEEDED ? null : h.help].filter(Boolean).join('. ')}</small>
  </div>`;
}

/** "gauss2:n=2000,noise=0.2" <-> {name, values}. */
export function parseRecipe(text) {
  const [name, list = ''] = (text ?? '').split(':');
  return {
    name,
    values: Object.fromEntries(
      list
        .split(',')
        .filter(Boolean)
        .map((pair) => pair.split('=')),
    ),
  };
}

export function recipeText({ name, values }) {
  const set = Object.entries(values)
    .map(([key, value]) => [key, (value ?? '').trim()])
    .filter(([, value]) => value !== '');
  return name + (set.length ? `:${set.map(([key, value]) => `${key}=${value}`).join(',')}` : '');
}

/** A parameter of made data as the form takes it. */
const parameter = (p) => ({
  ...p,
  type: p.whole ? 'integer' : 'float',
  default: String(p.default),
  required: false,
});

/** The parameters of the made data that cannot be used as they are typed. */
export const recipeFaults = (generator, { values }) =>
  (generator?.parameters ?? []).map(parameter).filter((h) => fault(h, values[h.name]));

const PARAMETERS = 8; // of made data that are shown at once; of more a few, and the rest on demand

export function DataChoice({ generators, recipe, setRecipe }) {
  const generator = generators.find((g) => g.name === recipe.name);
  const choose = (name) => setRecipe({ name, values: {} });
  const all = generator?.parameters ?? [];
  const [first, rest] = all.length > PARAMETERS ? [all.slice(0, PARAMETERS - 3), all.slice(PARAMETERS - 3)] : [all, []];
  const field = (p) => html`<${Setting} key=${`${generator.name}-${p.name}`} h=${parameter(p)} value=${recipe.values[p.name]}
    values=${{}} set=${(name, value) => setRecipe({ ...recipe, values: { ...recipe.values, [name]: value } })} />`;
  return html`<fieldset class="settings">
    <legend>Data</legend>
    <div class="setting">
      <label for="data">made data, with a known truth</label>
      <select id="data" class="input" value=${recipe.name}
        onChange=${(e) => choose(e.target.value)}>${generators.map((g) => html`<option key=${g.name}
        value=${g.name}>${g.title}</option>`)}</select>
      <small class="quiet">${generator?.help}</small>
    </div>
    ${first.map(field)}
    ${rest.length > 0 && html`<${More} key=${recipe.name} count=${rest.length}
      open=${rest.some((p) => recipe.values[p.name])}>${rest.map(field)}<//>`}
  </fieldset>`;
}

/** Open at first when something in it is set; from then on as the reader leaves it. */
function More({ count, open, children }) {
  const [first] = useState(open);
  return html`<details class="rest" open=${first}><summary>${count} more of the data</summary>
    <div class="settings">${children}</div></details>`;
}
