// A run's events as they come. The browser's EventSource takes up a broken connection where it was (Last-Event-ID);
// what arrives within a frame is told once.
import { useEffect, useState } from 'preact/hooks';
import { applyEvent, createRun, finished } from './run.js';
import { get } from './api.js';
import { cell } from './state.js';

/** A cell with the run; `close` ends the connection. */
export function watchRun(id) {
  const run = createRun(id);
  const source = new EventSource(`/api/v1/runs/${encodeURIComponent(id)}/events`);
  const view = cell(run);
  let frame = 0;
  const tell = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      view.set(run);
    });
  };
  source.onopen = () => {
    run.broken = false;
    tell();
  };
  source.onmessage = (message) => {
    try {
      applyEvent(run, JSON.parse(message.data));
    } catch {
      return; // not a line of ours
    }
    if (finished(run)) source.close();
    tell();
  };
  source.onerror = () => {
    if (finished(run)) return;
    run.broken = true;
    if (source.readyState === EventSource.CLOSED) explain(run).then(tell);
    else tell();
  };
  view.close = () => {
    source.close();
    cancelAnimationFrame(frame);
  };
  return view;
}

/** The stream was refused: the run's own page says why. */
async function explain(run) {
  run.broken = false;
  try {
    const known = await get(`/runs/${encodeURIComponent(run.id)}`);
    run.status = finished(known) ? known.status : 'failed';
    run.error = known.error ?? {
      what: 'The events of this run cannot be read.',
      where: 'connection',
      fix: 'Reload the page.',
    };
  } catch (error) {
    run.status = error.status === 404 ? 'gone' : 'failed';
    run.error = { what: error.message, where: 'connection', fix: 'Start it again.' };
  }
}

/** The run of that id, redrawn once per frame; null without an id. */
export function useRun(id) {
  const [view, setView] = useState(null);
  const [, redraw] = useState(0);
  useEffect(() => {
    if (!id) {
      setView(null);
      return undefined;
    }
    const watched = watchRun(id);
    setView(watched);
    const end = watched.listen(() => redraw((n) => n + 1));
    return () => {
      end();
      watched.close();
    };
  }, [id]);
  const run = view?.get() ?? null;
  return run && run.id === id ? run : id ? createRun(id) : null;
}

/** Seconds since `active` turned true, for people; measured times come from the engine. */
export function useElapsed(active) {
  const [elapsed, setElapsed] = useState(0);
  useEffect(() => {
    if (!active) return undefined;
    const from = performance.now();
    setElapsed(0);
    const timer = setInterval(() => setElapsed((performance.now() - from) / 1000), 200);
    return () => clearInterval(timer);
  }, [active]);
  return elapsed;
}
