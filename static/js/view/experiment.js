// The proof of a card: claim, prediction, the run with all its seeds, the verdict, and the flip that should break it.
import { useEffect, useState } from 'preact/hooks';
import { html } from 'htm/preact';
import { call, getOnce, post, useLoad } from '../api.js';
import { setQuery } from '../router.js';
import { announce, keep } from '../state.js';
import { useRun } from '../stream.js';
import { finished } from '../run.js';
import { count, metric } from '../format.js';
import { LineChart } from '../chart/line.js';
import { Contour } from '../chart/contour.js';
import { Pairs } from '../chart/pairs.js';
import { arm } from '../chart/palette.js';
import { Failure, Placeholder, useTitle } from './parts.js';
import { playgroundOf } from './demo.js';
import { cost, Lost, Repeat, RunError, RunState } from './runparts.js';
import { Combined, Predict, Verdict, predictionWords } from './verdict.js';

export default function Experiment({ algorithm, experiment: id, query }) {
  const { data, error, again } = useLoad(() => Promise.all([getOnce('/algorithms'), getOnce('/experiments')]), []);
  const entry = data?.[0].algorithms.find((a) => a.name === algorithm);
  const found = data?.[1].experiments.find((e) => e.id === id && e.algorithm === algorithm);
  useTitle(found ? `${found.title}, ${found.id}` : 'Experiment');
  if (error)
    return html`<div class="stack"><h1>Experiment</h1><${Failure} what="The experiment did not load." error=${error}
      again=${again} /></div>`;
  if (!data) return html`<div class="stack"><h1>Experiment</h1><${Placeholder} tall /></div>`;
  if (!found)
    return html`<div class="stack"><h1>There is no experiment ${id}</h1><p>What can be run is listed in <a
      href="/demo">the lab</a>.</p></div>`;
  return html`<${Proof} experiment=${found} entry=${entry} query=${query} />`;
}

function Proof({ experiment, entry, query }) {
  const [prediction, setPrediction] = useState(() => keep.read(`prediction.${experiment.id}`));
  const [failure, setFailure] = useState(null);
  const ids = { run: query.get('run'), flip: query.get('flip') };
  const runs = { run: useRun(ids.run), flip: useRun(ids.flip) };
  const predict = (value) => {
    setPrediction(value);
    keep.write(`prediction.${experiment.id}`, value);
  };
  const start = async (name) => {
    setFailure(null);
    try {
      const reply = await post('/runs', {
        algorithm: experiment.algorithm,
        experiment: experiment.id,
        flip: name === 'flip',
      });
      setQuery(name === 'run' ? { run: reply.id, flip: null } : { flip: reply.id });
      announce('Started');
    } catch (error) {
      setFailure(error);
    }
  };
  const stop = (name) => call('DELETE', `/runs/${encodeURIComponent(ids[name])}`).catch(setFailure);
  const active = ['run', 'flip'].find((name) => runs[name] && !finished(runs[name]));
  useSpokenVerdict(runs.run);
  useSpokenVerdict(runs.flip);
  const shared = { experiment, start, stop, active };
  return html`<div class="proof">
    <header class="claim">
      <p class="quiet">
        <a href=${`/demo/${entry.name}`}>${entry.title}</a> \u00b7 ${experiment.title} \u00b7 ${experiment.id} \u00b7${' '}
        <a href=${cardsOf(experiment)}>its cards</a>
      </p>
      <h1>\u201c${experiment.claim}\u201d</h1>
    </header>
    <div class="predict-row">
      <${Predict} experiment=${experiment} prediction=${prediction} predict=${predict} locked=${seen(runs.run)} />
      <${Controls} ...${shared} runs=${runs} prediction=${prediction} />
    </div>
    ${failure && html`<${Failure} what="The run did not start." error=${failure} />`}
    <${Arena} ...${shared} name="run" run=${runs.run} says=${experiment.data_says}>
      ${runs.run?.verdict && html`<p
        class="your-prediction">${predictionWords(prediction, runs.run.verdict, runs.flip?.verdict)}</p>`}
    <//>
    ${(runs.run?.verdict || runs.flip) && html`<${Flip} ...${shared} runs=${runs} />`}
    <${Combined} experiment=${experiment} first=${runs.run?.verdict} second=${runs.flip?.verdict} />
    <${Afterwards} experiment=${experiment} ...${runs} />
  </div>`;
}

const cardsOf = (e) =>
  `/deck/builtin?algorithm=${e.algorithm}${e.slots?.length ? `&topic=${encodeURIComponent(e.slots[0])}` : ''}`;

function useSpokenVerdict(run) {
  const text = run?.verdict?.text;
  useEffect(() => {
    if (text) announce(text);
  }, [text]);
}

/** Whether the run has shown something that a prediction could be read from. */
const seen = (run) => Boolean(run?.verdict || run?.pictures.pairs?.rows.length);

function Controls({ runs, prediction, start, stop, active }) {
  const run = runs.run;
  const fresh = !run || (run.status === 'gone' && !seen(run));
  const waits = !prediction && fresh;
  if (active === 'run')
    return html`<div class="controls"><button class="button" type="button" onClick=${() => stop('run')}>Stop</button>
      <${RunState} run=${run}>${progress(run)}<//></div>`;
  return html`<div class="controls">
    <button class=${run?.verdict ? 'button' : 'button button-primary'} type="button"
      disabled=${waits || Boolean(active)} onClick=${() => start('run')}>${fresh ? 'Start' : 'Run it again'}</button>
    <${RunState} run=${run}>${!fresh ? cost(run) : waits ? 'Predict first, then start.' : 'Ready.'}<//>
  </div>`;
}

function progress(run) {
  const { start, pictures } = run;
  if (!start?.seeds) return '';
  const done = pictures.pairs?.rows.length ?? 0;
  return `seed ${done + 1} of ${start.seeds.start} to ${start.seeds.cap}`;
}

/** The pictures and the verdict of one run; space is held before anything has come. */
function Arena({ experiment, run, name, says, children }) {
  const arms = experiment.arms;
  const prefix = `${experiment.id}-${name}`;
  const measure = metric(experiment.measure.metric);
  const curve = curveOf(experiment);
  const contour = run?.pictures.contour ?? {};
  return html`<section class="arena" aria-label=${name === 'run' ? 'The experiment' : 'The flipped experiment'}>
    <p class="quiet">Data: ${says}. Held equal: ${experiment.budget}</p>
    <${Lost} run=${run} />
    <${RunError} run=${run} />
    <div class="pictures">
      <${LineChart} title=${curve.title} note=${curve.falls ? 'lower is better' : 'higher is better'} series=${seriesOf(experiment, run, curve.name)}
        yLabel=${curve.label} file=${`${prefix}-curves`} logarithmic=${curve.falls} />
      <${Pairs} title=${`${capital(experiment.measure.label)}, seed by seed`} note=${measure.direction}
        data=${run?.pictures.pairs} arms=${arms} band=${experiment.band} label=${experiment.measure.label}
        file=${`${prefix}-pairs`} />
    </div>
    <${Verdict} verdict=${run?.verdict} pairs=${run?.pictures.pairs} experiment=${experiment}
      running=${run && !finished(run)} log=${run?.logs.at(-1)}
      caveat=${name === 'run' ? experiment.caveat : null} />
    ${children}
    ${
      experiment.pictures.includes('contour') &&
      html`<div class="pictures">${arms.map(
        (
          a,
          i,
        ) => html`<${Contour} key=${a.name} title=${`The way down, ${a.label}`}
          note=${contour[a.name] ? `seed ${contour[a.name].seed}; cross: lowest loss` : null}
      data=${contour[a.name]} style=${arm(i)} file=${`${prefix}-contour-${a.name}`} />`,
      )}</div>`
    }
    ${run?.logs.length > 0 && html`<details><summary>What the run said, ${count(run.logs.length, 'line')}</summary><ol
      class="logs">${run.logs.map((text, i) => html`<li key=${i}>${text}</li>`)}</ol></details>`}
  </section>`;
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

const BY_LOSS = ['linear-learner', 'deepar']; // what tuning chooses by is measured once

/** What is drawn round by round: what tuning would choose by, or the training loss. */
function curveOf({ algorithm, choose }) {
  if (BY_LOSS.includes(algorithm))
    return { name: 'train:objective_loss', title: 'Training loss, every seed', label: 'train loss', falls: true };
  const { split, own } = metric(choose.metric);
  return { name: choose.metric, title: `${capital(split)} ${own}, every seed`, label: `${split} ${own}`, falls: choose.direction === 'min' };
}

/** One curve per arm and seed; the newest seed of each arm is strong and named, older ones fade. */
function seriesOf(experiment, run, name) {
  if (!run) return [];
  const curves = [...run.curves.values()].filter((c) => c.name === name);
  return experiment.arms.flatMap((a, i) => {
    const mine = curves.filter((c) => c.arm === a.name);
    return mine.map((c, k) => {
      const newest = k === mine.length - 1;
      return {
        ...c,
        key: `${a.name}-${c.seed}`,
        label: newest ? a.label : `${a.label}, seed ${c.seed}`,
        end: newest,
        faded: !newest,
        ...arm(i),
      };
    });
  });
}

function Flip({ experiment, runs, start, stop, active }) {
  const run = runs.flip;
  return html`<section class="flip" aria-labelledby="flip-title">
    <h2 id="flip-title">Can it be made to fail?</h2>
    <p>Where the claim should not hold: ${experiment.flip.data_says}.</p>
    <div class="controls">
      ${
        active === 'flip'
          ? html`<button class="button" type="button" onClick=${() => stop('flip')}>Stop</button>`
          : html`<button class=${run?.verdict ? 'button' : 'button button-primary'} type="button"
            disabled=${Boolean(active)}
            onClick=${() => start('flip')}>${run ? 'Flip it again' : `Flip it: ${experiment.flip.label}`}</button>`
      }
      ${run && html`<${RunState} run=${run}>${active === 'flip' ? progress(run) : cost(run)}<//>`}
    </div>
    ${run && html`<${Arena} experiment=${experiment} run=${run} name="flip" says=${experiment.flip.data_says} />`}
  </section>`;
}

function Afterwards({ experiment, run, flip }) {
  const newest = run?.pictures.pairs?.rows.at(-1);
  const settings = (a, i) => {
    const tuned = Object.keys(a.tune ?? {})[0];
    return { ...experiment.base, ...a.set, ...(tuned && newest?.chosen?.[i] ? { [tuned]: newest.chosen[i] } : {}) };
  };
  return html`<div class="afterwards stack">
    <section aria-labelledby="yourself"><h2 id="yourself">Run it yourself</h2>
      <p>The playground with the settings of one side:${' '}
        ${experiment.arms.map((a, i) => html`${i > 0 && ' or '}<a
          href=${playgroundOf(experiment, settings(a, i), newest?.seed ?? 1)}>${a.label}</a>`)}.</p>
    </section>
    <${Repeat} commands=${[run?.start?.command, flip?.start?.command]} />
  </div>`;
}
