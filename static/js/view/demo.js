// The playground of an algorithm: set anything, train, watch. The address holds the settings and the run.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { html } from 'htm/preact';
import { call, getOnce, post, queryOf, useLoad } from '../api.js';
import { setQuery } from '../router.js';
import { announce } from '../state.js';
import { useRun } from '../stream.js';
import { finished } from '../run.js';
import { number } from '../format.js';
import { Failure, Notice, Placeholder, useTitle } from './parts.js';
import { Pictures } from './pictures.js';
import { applies, DataChoice, fault, grouped, isEssential, parseRecipe, recipeFaults, recipeText, Setting } from './settings.js';
import { Ask } from './predict.js';
import { OwnData, ownAddress, ownChannels, ownData } from './upload.js';
import { cost, Diverged, Lost, Metrics, Repeat, RunError, RunState } from './runparts.js';

export default function Demo({ algorithm, query }) {
  const { data, error, again } = useLoad(() => getOnce('/algorithms'), []);
  const entry = data?.algorithms.find((a) => a.name === algorithm);
  useTitle(entry ? `${entry.title} demo` : 'Demo');
  if (error)
    return html`<div class="stack"><h1>Demo</h1><${Failure} what="The demo did not load." error=${error}
      again=${again} /></div>`;
  if (!data) return html`<div class="stack"><h1>Demo</h1><${Placeholder} tall /></div>`;
  if (!entry) return html`<${Unknown} algorithm=${algorithm} all=${data.algorithms} />`;
  return html`<${Playground} entry=${entry} query=${query} />`;
}

function Unknown({ algorithm, all }) {
  return html`<div class="stack"><h1>There is no algorithm called ${algorithm}</h1>
    <p>These are the seven:</p>
    <ul class="plain-list">${all.map((a) => html`<li key=${a.name}><a href=${`/demo/${a.name}`}>${a.title}</a>
      </li>`)}</ul></div>`;
}

// Which hyperparameters follow from the kind of labels that made data has.
const TASKS = {
  binary: { predictor_type: 'binary_classifier', objective: 'binary:logistic', mode: 'supervised' },
  multiclass: { predictor_type: 'multiclass_classifier', objective: 'multi:softprob', mode: 'skipgram' },
  regression: { predictor_type: 'regressor', objective: 'reg:squarederror' },
};

// The two settings that belong to the run and not to the model, within what the server takes.
const SEED = { name: 'seed', type: 'integer', min: 0, max: Number.MAX_SAFE_INTEGER };
const PACE = { name: 'pace', type: 'float', min: 0, max: 1 };
const presetPace = (entry) => String(entry.demo?.pace ?? 0);
const valueOf = (text, fallback) => Number(text.trim() === '' ? fallback : text);

/** Settings as the address states them over the preset. */
function settingsOf(entry, query) {
  const preset = entry.demo ?? {};
  const hyper = { ...preset.hyperparameters };
  for (const [name, value] of query) if (name.startsWith('h.')) hyper[name.slice(2)] = value;
  return {
    recipe: parseRecipe(query.get('data') ?? preset.data ?? entry.generators[0].name),
    hyper,
    own: ownData(query),
    resume: query.get('resume'),
    seed: query.get('seed') ?? '1',
    pace: query.get('pace') ?? presetPace(entry),
  };
}

/** The same the other way: only what differs from the preset, so that a link stays short. */
function addressOf(entry, { recipe, own, resume, hyper, seed, pace }) {
  const preset = entry.demo ?? {};
  const changes = ownAddress(own);
  const data = recipeText(recipe);
  changes.data = data === preset.data ? null : data;
  changes.resume = resume;
  changes.seed = seed === '1' ? null : seed;
  changes.pace = pace === presetPace(entry) ? null : pace;
  for (const h of entry.hyperparameters) {
    const before = preset.hyperparameters?.[h.name] ?? '';
    const now = hyper[h.name] ?? '';
    changes[`h.${h.name}`] = now === before ? null : now || 'default';
  }
  return changes;
}

/** "default" in the address empties a value that the preset sets. */
const cleaned = (hyper) =>
  Object.fromEntries(Object.entries(hyper).map(([k, v]) => [k, v === 'default' ? '' : String(v)]));

/** Settings that make other pictures have another key; how slowly they come does not matter. */
const keyOf = (entry, settings) => JSON.stringify({ ...addressOf(entry, settings), pace: null });

function Playground({ entry, query }) {
  const [settings, setSettings] = useState(() => {
    const first = settingsOf(entry, query);
    return { ...first, hyper: cleaned(first.hyper) };
  });
  const [started, setStarted] = useState(null); // {error} or {id, command}
  // The run and the settings it had: an address never names both a run and settings that are not its own.
  const [held, setHeld] = useState(() => ({ id: query.get('run'), key: keyOf(entry, settings) }));
  const { id } = held;
  const run = useRun(id);
  const changed = Boolean(id) && keyOf(entry, settings) !== held.key;
  const change = (changes) => {
    const next = { ...settings, ...changes };
    setSettings(next);
    setQuery({ ...addressOf(entry, next), run: keyOf(entry, next) === held.key ? id : null });
  };
  const values = useMemo(
    () => ({
      ...Object.fromEntries(entry.hyperparameters.map((h) => [h.name, h.default ?? ''])),
      ...nonEmpty(settings.hyper),
    }),
    [settings],
  );
  const problems = [
    ...(settings.own.train
      ? []
      : recipeFaults(
          entry.generators.find((g) => g.name === settings.recipe.name),
          settings.recipe,
        )),
    ...entry.hyperparameters.filter((h) => !h.not_yet && applies(h, values) && fault(h, settings.hyper[h.name])),
    ...[SEED, PACE].filter((h) => fault(h, settings[h.name])),
  ];
  const start = async () => {
    setStarted({});
    try {
      const hyperparameters = Object.fromEntries(
        Object.entries(nonEmpty(settings.hyper)).filter(([name]) =>
          entry.hyperparameters.some((h) => h.name === name && !h.not_yet && applies(h, values)),
        ),
      );
      const reply = await post('/runs', {
        algorithm: entry.name,
        ...(settings.own.train ? ownChannels(settings.own) : { data: recipeText(settings.recipe) }),
        ...(settings.resume && { resume: settings.resume }),
        hyperparameters,
        seed: valueOf(settings.seed, 1),
        pace: valueOf(settings.pace, presetPace(entry)),
      });
      setStarted(reply);
      setHeld({ id: reply.id, key: keyOf(entry, settings) });
      setQuery({ run: reply.id });
      announce('Started');
    } catch (error) {
      setStarted({ error });
    }
  };
  const stop = () => call('DELETE', `/runs/${encodeURIComponent(id)}`).catch((error) => setStarted({ error }));
  useOutcome(run);
  const active = run && !finished(run);
  const note = problems.length ? `Check ${problems.map((h) => h.name).join(', ')}` : run ? paceNote(valueOf(settings.pace, presetPace(entry))) : null;
  return html`<div class="playground">
    <div class="play-head">
      <h1>${entry.title} <span class="quiet">playground</span></h1>
      <div class="bar">
        ${
          active
            ? html`<button class="button" type="button" onClick=${stop}>Stop</button>`
            : html`<button class="button button-primary" type="button" disabled=${problems.length > 0}
              onClick=${start}>${run && run.status !== 'gone' ? 'Start again' : 'Start'}</button>`
        }
        <${RunState} run=${run}>${note}<//>
      </div>
    </div>
    <div class="play-body">
      <${Form} entry=${entry} settings=${settings} change=${change} values=${values} run=${run} />
      <div class="play-pictures">
        ${started?.error && html`<${Failure} what="The run did not start." error=${started.error} />`}
        <${Lost} run=${run} />
        ${changed && run?.start && html`<${Notice} kind="wait" title="These pictures belong to other settings">They show
          the run before the last change. Start again to see the new settings.<//>`}
        <${RunError} run=${run} />
        <${Diverged} run=${run} />
        <${Pictures} run=${run} entry=${entry} values=${values} columns=${settings.own.train ? undefined : columnsOf(entry, settings.recipe)}
          made=${settings.own.train ? undefined : settings.recipe.name} />
        <${Numbers} run=${run} />
        <${Ask} run=${run} />
        <${Repeat} commands=${[run?.start?.command ?? started?.command]} />
        <${Experiments} entry=${entry} />
      </div>
    </div>
  </div>`;
}

/** How many inputs the made data will have, where a parameter says so. */
function columnsOf(entry, { name, values }) {
  const fixed = entry.generators.find((g) => g.name === name)?.parameters.find((p) => p.name === 'd')?.default;
  return Number(values.d || fixed) || undefined;
}

const nonEmpty = (values) =>
  Object.fromEntries(
    Object.entries(values)
      .map(([name, value]) => [name, String(value ?? '').trim()])
      .filter(([, value]) => value !== ''),
  );
const paceNote = (pace) =>
  pace > 0 ? `slowed by ${number(pace * 1000)} ms a step so that you can watch` : '';

/** Says aloud how the run ended. */
function useOutcome(run) {
  const status = run?.status;
  useEffect(() => {
    if (status === 'done' && !run.diverged) announce('The run is done');
    if (['done', 'failed'].includes(status) && run.diverged) announce(`The training ${run.diverged}`);
    if (status === 'gone') announce('This run is no longer kept');
    if (status === 'failed' && !run.diverged) announce(`The run failed: ${run.error?.what ?? ''}`);
  }, [status]);
}

function Form({ entry, settings, change, values, run }) {
  const [sought, setSought] = useState('');
  const set = (name, value) => change({ hyper: { ...settings.hyper, [name]: value } });
  const setRecipe = (recipe) => {
    const generator = entry.generators.find((g) => g.name === recipe.name);
    const takes = (name, value) =>
      value && entry.hyperparameters.some((h) => h.name === name && (!h.choices || h.choices.includes(value)));
    const hyper = { ...settings.hyper };
    if (recipe.name !== settings.recipe.name)
      for (const [name, value] of Object.entries(TASKS[generator?.task] ?? {})) if (takes(name, value)) hyper[name] = value;
    const classes = recipe.values.classes ?? generator?.parameters.find((p) => p.name === 'classes')?.default;
    if (hyper.objective !== settings.hyper.objective && hyper.eval_metric) hyper.eval_metric = ''; // those of the other kind
    for (const name of ['num_classes', 'num_class']) if (takes(name, classes)) hyper[name] = String(classes);
    change({ recipe, hyper });
  };
  const leads = (h) => isEssential(h, entry.demo?.hyperparameters) && applies(h, values) && !h.not_yet;
  const [first, rest] = [true, false].map((wanted) => entry.hyperparameters.filter((h) => leads(h) === wanted));
  const words = sought.trim().toLowerCase();
  const found = rest.filter((h) => `${h.name} ${h.help ?? ''}`.toLowerCase().includes(words));
  const field = (h) =>
    html`<${Setting} key=${h.name} h=${h} value=${settings.hyper[h.name]} set=${set} values=${values} />`;
  const runField = (h, help, fallback, wanted) => {
    const problem = fault(h, settings[h.name]) && wanted;
    const id = `run-${h.name}`; // an algorithm may have a hyperparameter of that name too
    return html`<div class="setting"><label for=${id}>${h.name}</label>
      <input class="input" id=${id} inputmode="decimal" autocomplete="off" value=${settings[h.name]}
        placeholder=${fallback} onInput=${(e) => change({ [h.name]: e.target.value })}
        aria-invalid=${problem ? 'true' : null} aria-describedby=${`${id}-note`} /><small
        class=${problem ? 'bad' : 'quiet'} id=${`${id}-note`}>${problem || help}</small></div>`;
  };
  return html`<form class="play-form" onSubmit=${(e) => e.preventDefault()} aria-label="Settings">
    ${!settings.own.train && html`<${DataChoice} generators=${entry.generators} recipe=${settings.recipe} setRecipe=${setRecipe} />`}
    <${OwnData} entry=${entry} own=${settings.own} setOwn=${(own) => change({ own })} />
    ${entry.channels.includes('model') && html`<${GoOn} from=${settings.resume} set=${(resume) => change({ resume })} run=${run} />`}
    <fieldset class="settings"><legend>Hyperparameters</legend>${first.map(field)}</fieldset>
    <details class="rest"><summary>${rest.length} more settings</summary>
      <div class="settings"><div class="setting"><label for="find-setting">find one</label>
        <input class="input" id="find-setting" type="search" autocomplete="off" value=${sought}
          onInput=${(e) => setSought(e.target.value)} /></div>
      ${grouped(found).map(
        ([when, list]) => html`${when && html`<p class="when">with <code>${when.replaceAll('|', ' or ')}</code></p>`}${list.map(field)}`,
      )}${!found.length && html`<p class="quiet">None is called that or says so.</p>`}</div></details>
    <fieldset class="settings"><legend>Run</legend>
      ${runField(SEED, 'same seed, same numbers', '1', 'The seed must be a whole number, 0 or more, in digits.')}
      ${runField(PACE, 'seconds to wait after each step; 0 is full speed', presetPace(entry), 'The pace must be a number of seconds from 0 to 1.')}
    </fieldset>
  </form>`;
}

/** Where training begins: with the model of an earlier run, on the same data or on others. */
function GoOn({ from, set, run }) {
  const offered = run?.status === 'done' && run.id !== from ? run.id : null;
  return html`<fieldset class="settings"><legend>Begin with</legend>
    <div class="setting own-data"><p class="own-file"><span class="own-name">${
      from ? html`the model of run <code>${from.slice(0, 8)}</code>` : 'a fresh model'
    }</span>${from && html`<button class="button button-small" type="button" onClick=${() => set(null)}>Begin afresh</button>`}</p>
    ${offered
      ? html`<button class="button button-small" type="button" onClick=${() => set(offered)}>Go on from run ${offered.slice(0, 8)}</button>`
      : html`<small class="quiet">${from ? 'incremental training: its classes and network must be the same' : 'once a run is done, the next can go on from its model'}</small>`}
    </div></fieldset>`;
}

function Numbers({ run }) {
  const final = run?.end?.metrics;
  const values = final ? Object.entries(final) : [...(run?.metrics ?? [])];
  return html`<div class="numbers-box">
    ${values.length ? html`<${Metrics} values=${values}
      caption=${final ? 'Final metrics' : 'Metrics so far'} />` : html`<p
      class="quiet">The metrics appear here, under the names the service gives them.</p>`}
    ${run && html`<p class="quiet">${cost(run)}</p>`}
  </div>`;
}

function Experiments({ entry }) {
  if (!entry.experiments?.length) return null;
  return html`<section aria-labelledby="claims-title"><h2 id="claims-title">Claims to test</h2>
    <ul class="claims">${entry.experiments.map((e) => html`<li key=${e.id}><a class="claim-link"
      href=${`/demo/${entry.name}/${e.id}`}>${e.claim}</a><span class="quiet">${e.id}, ${e.title}</span>
      </li>`)}</ul></section>`;
}

/** The address of the playground with the settings of an experiment's arm. */
export function playgroundOf(experiment, hyperparameters, seed) {
  const set = Object.fromEntries(Object.entries(hyperparameters).map(([name, value]) => [`h.${name}`, String(value)]));
  return `/demo/${experiment.algorithm}${queryOf({ data: experiment.data, seed: seed === 1 ? null : seed, ...set })}`;
}
