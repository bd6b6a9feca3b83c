// What is known of a run, built up line by line from its events. Pure: no network, no page.

const FRAMES = ['tree', 'forecast', 'translations', 'attention', 'embedding', 'sentences', 'detections', 'precision'];
const KEPT_POINTS = 4000; // of one curve; past that every second one goes

export function createRun(id) {
  return {
    id,
    status: 'connecting', // then queued, running, done, failed, stopped; gone: the server does not know it
    position: 0,
    aheadSeconds: null,
    start: null, // the engine's first line
    metrics: new Map(), // name -> last value, outside experiments
    curves: new Map(), // "arm|seed|name" -> {arm, seed, name, xs, ys, diverged}
    pictures: {}, // kind -> data; contour: arm -> {seed, ...}
    frames: {}, // kind -> every picture of it that came, oldest first: of kinds that the reader may go back in
    logs: [],
    diverged: null, // the engine's sentence, once the loss of a single training is no number
    verdict: null,
    end: null,
    error: null,
    time: 0, // newest t
    broken: false, // the connection is down and being made again
  };
}

export const finished = (run) => ['done', 'failed', 'stopped', 'gone'].includes(run.status);

const APPLY = {
  start: (run, line) => (run.start = line),
  metric: addMetric,
  picture: addPicture,
  log: addLog,
  verdict: (run, line) => (run.verdict = line),
  end: (run, line) => (run.end = line),
  error: (run, line) => (run.error = { what: line.what, where: line.where, fix: line.fix }),
  status: (run, line) => {
    run.status = line.status;
    if (line.status === 'queued')
      Object.assign(run, { position: line.position, aheadSeconds: line.ahead_seconds ?? null });
    if (line.error) run.error = line.error;
  },
};

/** Takes one event; unknown ones are passed over, a newer engine may say more. */
export function applyEvent(run, line) {
  if (typeof line.t === 'number') run.time = line.t;
  APPLY[line.event]?.(run, line);
}

function addLog(run, line) {
  run.logs.push(line.text);
  if (!run.start?.experiment && /^diverged at step/.test(line.text)) run.diverged = line.text;
}

function addMetric(run, line) {
  const key = `${line.arm ?? ''}|${line.seed ?? ''}|${line.name}`;
  if (!run.curves.has(key))
    run.curves.set(key, { arm: line.arm, seed: line.seed, name: line.name, xs: [], ys: [], diverged: null });
  const curve = run.curves.get(key);
  if (!line.arm) run.metrics.set(line.name, line.value);
  if (typeof line.value !== 'number' || !Number.isFinite(line.value)) {
    curve.diverged ??= line.step;
    return;
  }
  let at = curve.xs.length; // where the step belongs: what is scored again later keeps its place
  while (at > 0 && curve.xs[at - 1] >= line.step) at--;
  curve.xs.splice(at, Number(curve.xs[at] === line.step), line.step);
  curve.ys.splice(at, Number(curve.ys.length >= curve.xs.length), line.value);
  if (curve.xs.length > KEPT_POINTS) {
    curve.xs = curve.xs.filter((_, i) => i % 2 === 0);
    curve.ys = curve.ys.filter((_, i) => i % 2 === 0);
  }
}

function addPicture(run, line) {
  if (line.kind === 'contour') {
    run.pictures.contour ??= {};
    run.pictures.contour[line.arm] = { seed: line.seed, ...line.data };
  } else if (line.arm === undefined && FRAMES.includes(line.kind)) (run.frames[line.kind] ??= []).push(line.data);
  else if (line.arm === undefined) run.pictures[line.kind] = line.data;
}
